// Packed weights: sequences and streams of them, in every storage.

#include "unroll/engine/packed_recurrent.hpp"

#include "passes.hpp"

using namespace engine_test;

namespace {

/// The model with its weights rounded as the storage does.
template <class Storage, class Cell>
Recurrent<Cell, float> rounded(Recurrent<Cell, float> model) {
  const auto round = [&](float value, float scale) {
    if (std::is_same_v<Storage, Int8>) return scale * std::round(value / scale);
    if (std::is_same_v<Storage, Bfloat16>) return static_cast<float>(Eigen::bfloat16(value));
    const float half = static_cast<float>(Eigen::half(value));
    return std::abs(half) < 0x1p-14f ? 0 : half;
  };
  const auto scale_of = [](float largest) { return largest > 0 ? largest / 127 : 1.0f; };
  Matrix<float>&w_ih = model.weight_ih, &w_hh = model.weight_hh;
  const Index units = model.hidden_size();
  constexpr GateRun in = input_gates<Cell>(), recurrent = recurrent_gates<Cell>();
  for (Index row = 0; row < gate_count<Cell> * units; ++row) {
    const Index ih = row - in.first * units, hh = row - recurrent.first * units;
    const bool has_ih = ih >= 0 && ih < w_ih.rows(), has_hh = hh >= 0 && hh < w_hh.rows();
    const float scale = scale_of(std::max(has_ih ? w_ih.row(ih).cwiseAbs().maxCoeff() : 0.0f,
                                          has_hh ? w_hh.row(hh).cwiseAbs().maxCoeff() : 0.0f));
    for (Index k = 0; has_ih && k < w_ih.cols(); ++k) w_ih(ih, k) = round(w_ih(ih, k), scale);
    for (Index k = 0; has_hh && k < w_hh.cols(); ++k) w_hh(hh, k) = round(w_hh(hh, k), scale);
  }
  return model;
}

/// Outputs are the rounded model's: to the bit where the weights need no scale, else closely.
template <class Storage>
bool are_those_of(const Matrix<float>& given, const Matrix<float>& expected) {
  return std::is_same_v<Storage, Int8> ? relative_difference(given, expected) <= 2e-5 : given == expected;
}

template <class Cell, class Storage>
void check_storage() {
  using Model = Recurrent<Cell, float>;
  for (const Index inputs : {1, 3, 5})
    for (const Index hidden : {1, 7, 24, 37}) {
      CAPTURE(Cell::name, Storage::name, inputs, hidden);
      Random random(1);
      Model model = with_biases(Model(inputs, hidden, random), random);
      if (model.weight_hh.rows() > 0) model.weight_hh.row(0).setZero();
      const Model same = rounded<Storage>(model);
      const auto packed = pack(model, Storage());
      Predictor predict(packed);
      Stream stream(packed);
      const Index B = 3, T = 6;
      const Matrix<float> x = random_matrix<float>(inputs, T * B, random);
      typename Model::Tape tape;
      const Batch batch{.size = B, .lengths = {6, 0, 4}};
      CHECK(are_those_of<Storage>(predict(x, batch), same.forward(x, tape, batch)));
      const Matrix<float> alone = predict(x);
      CHECK(are_those_of<Storage>(alone, same.forward(x, tape)));
      bool equal = true;
      for (Index t = 0; t < x.cols(); ++t) equal = equal && stream.step(x.col(t)) == alone.col(t);
      CHECK(equal);
    }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("packed weights in fewer bits are the rounded model's", "[packed]", AllCells) {
  check_storage<TestType, Bfloat16>();
  check_storage<TestType, Float16>();
  check_storage<TestType, Int8>();
}

TEST_CASE("packed weights stay as they were, and are shared by what is made of them", "[packed]") {
  Random random(2);
  Sequential model{Embedding<float>(5, 7, random),
                   Dropout<float>(0.3),
                   Bidirectional<Lstm<float>>(7, 5, random),
                   Residual{Dense<float>(10, 10, random)},
                   LayerNormLstm<float>(10, 6, random),
                   Branches{Dense<float>(6, 2, random), ProjectedLstm<float>(6, 7, 3, random)}};
  const Matrix<float> x = Matrix<float>::NullaryExpr(1, 12, [](Index j) { return static_cast<float>(j % 5); });
  decltype(model)::Tape tape;
  const Matrix<float> expected = model.forward(x, tape, {.size = 2});
  const auto packed = pack(model);
  set_zero(model);
  const auto copy = packed, again = pack(packed);
  for (const auto& one : {packed, copy, again}) {
    Predictor predict(one);
    CHECK(predict(x, {.size = 2}) == expected);
    const decltype(model)::State& final_state = predict.final_state();
    CHECK(std::get<4>(final_state.layers).values[1] == std::get<4>(tape.final_state.layers).values[1]);
  }
}

TEST_CASE("a packed model finds the first number that is not finite", "[packed]") {
  Random random(5);
  const auto packed = pack(Sequential{Dropout<float>(0.1), Rnn<float>(3, 7, random)});
  const auto& layer = std::get<1>(packed.layers);
  Matrix<float> x = random_matrix<float>(3, 4, random);
  std::decay_t<decltype(layer)>::Tape tape;
  layer.run(x, tape, {}, {}, {.record = false});
  CHECK(!layer.find_non_finite(tape));
  x(1, 2) = std::nanf("");
  layer.run(x, tape, {}, {}, {.record = false});
  CHECK(layer.find_non_finite(tape)->message() == "Rnn: state h of sample 0 is not finite at step 2 (forward)");

  auto embedding = Embedding<float>(5, 2, random);
  embedding.weight(1, 3) = std::nanf("");
  const auto kept = pack(embedding);
  Embedding<float>::Tape of_tokens;
  kept.run(Matrix<float>::Constant(1, 1, 3), of_tokens, {}, {}, {});
  CHECK(kept.find_non_finite(of_tokens)->message() == "Embedding: y of sample 0 is not finite at step 0 (forward)");
}

TEST_CASE("the shards of a packed Parallel share its weights, and it gives the same bits", "[packed]") {
  Random random(3);
  Parallel model(Sequential{Gru<float>(3, 9, random), Dense<float>(9, 2, random)}, std::make_shared<ThreadPool>(2));
  const Matrix<float> x = random_matrix<float>(3, 5 * 7, random);
  for (const Index shard_size : {0, 1, 3}) {
    model.shard_size = shard_size;
    decltype(model)::Tape tape;
    Predictor predict(model);
    CHECK(predict(x, {.size = 7}) == model.forward(x, tape, {.size = 7}));
  }
}

TEST_CASE("threads that share the steps of packed weights give the bits of one thread", "[packed]") {
  const auto check = [](auto storage) {
    Random random(3);
    const MinGru<float> model(24, 3, random);  // so few units that threads share the steps
    ThreadPool pool(3);
    Predictor alone(model, storage), together(model, storage);
    const Matrix<float> x = random_matrix<float>(24, 600, random);
    CHECK(together(x, {}, {}, {.pool = &pool}) == alone(x));
  };
  check(Full());
  check(Bfloat16());
  check(Float16());
  check(Int8());
}

TEST_CASE("weights next to zero in a byte leave the biases what they are", "[packed]") {
  for (const float weight : {1e-38f, 1e-42f, 1e-30f}) {
    auto dense = Dense<float>::zeros(3, 2);
    dense.weight.setConstant(weight);
    dense.bias << 1, -300;
    auto lstm = Lstm<float>::zeros(3, 2);
    lstm.weight_ih.setConstant(weight);
    lstm.bias.setConstant(1);
    const Vector<float> x = Vector<float>::Ones(3);
    CHECK(Stream(dense, Int8()).step(x) == dense.bias);
    CHECK(Stream(lstm, Int8()).step(x) == Stream(lstm).step(x));
  }
}

TEST_CASE("a report says how far outputs move", "[packed]") {
  Random random(2);
  const Sequential model{Lstm<float>(5, 40, random), Gru<float>(40, 24, random), Dense<float>(24, 3, random)};
  const Matrix<float> x = random_matrix<float>(5, 50, random);
  const StorageReport none = compare_storage(model, Full(), x);
  CHECK(none.largest == 0);
  CHECK(none.root_mean == 0);
  CHECK(none.largest_output > 0.1);
  const auto check = [&](auto storage, double share) {
    const StorageReport report = compare_storage(model, storage, x);
    CHECK(report.largest > 0);
    CHECK(report.largest < share * report.largest_output);
    CHECK(report.root_mean > 0);
    CHECK(report.root_mean < report.largest);
  };
  check(Float16(), 0.003);
  check(Bfloat16(), 0.03);
  check(Int8(), 0.03);
  Matrix<float> broken = x;
  broken(0, 49) = std::numeric_limits<float>::quiet_NaN();
  for (const Matrix<float>& all : {broken, Matrix<float>(broken.rowwise().reverse())}) {
    const StorageReport report = compare_storage(model, Int8(), all);
    CHECK(std::isnan(report.largest));
    CHECK(std::isnan(report.root_mean));
    CHECK(std::isnan(report.largest_output));
  }
  CHECK_THROWS_WITH(compare_storage(model, Int8(), x.topRows(4)), contains_text("x has 4 rows, expected input_size 5"));
  const Bidirectional whole(Lstm<float>(5, 8, random), Lstm<float>(5, 8, random, {.direction = Direction::reverse}));
  const StorageReport report = compare_storage(whole, Bfloat16(), x);  // which has no stream
  CHECK(report.largest > 0);
  CHECK(report.largest < 0.03 * report.largest_output);
}

TEST_CASE("a dense head is kept in fewer bits too, alone and in a batch", "[packed]") {
  Random random(3);
  const Dense<float> head = with_biases(Dense<float>(37, 21, random), random);
  const Matrix<float> x = random_matrix<float>(37, 9, random);
  Dense<float>::Tape tape;
  const Matrix<float> full = head.forward(x, tape);
  const auto check = [&](auto storage) {
    Predictor predict(head, storage);
    Stream stream(head, storage);
    const Matrix<float> given = predict(x);
    CHECK(given != full);
    CHECK(relative_difference(given, full) < 0.03);
    for (Index j = 0; j < x.cols(); ++j) CHECK(stream.step(x.col(j)) == given.col(j));
  };
  check(Float16());
  check(Bfloat16());
  check(Int8());
}

TEST_CASE("weights that a storage cannot keep are refused", "[packed]") {
  Random random(4);
  Gru<float> model(2, 3, random);
  model.weight_hh(1, 1) = 1e6f;
  CHECK_THROWS_WITH(pack(model, Float16()), "Float16: a weight is 1e+06, expected a number that fits");
  model.weight_hh(1, 1) = std::nanf("");
  CHECK_THROWS_WITH(Stream(model, Int8()), "Int8: a weight is nan, expected a number that fits");
  CHECK_NOTHROW(pack(model));
}
