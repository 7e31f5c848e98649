#include "unroll/layers/layer_norm_lstm.hpp"

#include "layers/recurrent_contract.hpp"

using namespace engine_test;

namespace {

using Normed = LayerNormLstm<double>;

/// A layer whose gains and biases are no ones and zeros.
Normed any(Index inputs, Index hidden, Unrolling how = {}, std::uint64_t seed = 1) {
  Random random(seed);
  Normed layer(inputs, hidden, random, how);
  for (auto* tensor : {&layer.bias, &layer.gain_ih, &layer.gain_hh, &layer.gain_c, &layer.bias_c})
    for (double& value : *tensor) value += random.uniform(0.5);
  return layer;
}

const auto make = [](Index inputs, Index hidden, Unrolling how) { return any(inputs, hidden, how); };

}  // namespace

TEST_CASE("the weights' scale does not matter", "[layer_norm_lstm]") {
  Normed layer = any(3, 7), scaled = layer;
  scaled.weight_ih *= 1000;
  scaled.weight_hh *= 1000;
  Normed::Tape tape;
  const Matrix<double> x = drawn(3, 15), y = layer.forward(x, tape, {.size = 3}, some_state(layer, 3));
  CHECK(close(scaled.forward(x, tape, {.size = 3}, some_state(layer, 3)), y, 1e-3));  // but for the epsilon
}

TEST_CASE("a fresh layer", "[layer_norm_lstm]") {
  Random random(3), same(3);
  const LayerNormLstm<float> layer(3, 7, random);
  const Lstm<float> lstm(3, 7, same);
  CHECK(tensor_names(layer) ==
        std::vector<std::string>{"weight_ih", "weight_hh", "bias", "gain_ih", "gain_hh", "gain_c", "bias_c"});
  CHECK(layer.weight_ih == lstm.weight_ih);
  CHECK(layer.weight_hh == lstm.weight_hh);
  CHECK(layer.bias == lstm.bias);
  CHECK(layer.gain_ih == Vector<float>::Ones(28));
  CHECK(layer.gain_hh == Vector<float>::Ones(28));
  CHECK(layer.gain_c == Vector<float>::Ones(7));
  CHECK(layer.bias_c == Vector<float>::Zero(7));
  CHECK_THROWS_WITH(Normed::zeros(0, 3), "LayerNormLstm: input_size is 0, expected at least 1");
  CHECK_THROWS_WITH(Normed::zeros(3, 0), "LayerNormLstm: hidden_size is 0, expected at least 1");
}

TEST_CASE("gradients are those of central differences", "[layer_norm_lstm]") { check_gradients(make); }
TEST_CASE("truncated gradients are those of frozen states", "[layer_norm_lstm]") { check_truncation(make); }
TEST_CASE("samples do not touch one another, to the bit", "[layer_norm_lstm]") { check_bits(make); }
TEST_CASE("a layer-normalised LSTM keeps to what every layer does", "[layer_norm_lstm]") {
  check_layer(make, "LayerNormLstm", any(3, 90));
  check_reuse(any(9, 9), drawn(9, 5));
}
TEST_CASE("a pass for inference alone keeps the bits", "[layer_norm_lstm]") { check_unrecorded(make, "LayerNormLstm"); }
TEST_CASE("the norms of dL/dh are recorded, and clipping limits dL/d pre-activation", "[layer_norm_lstm]") {
  check_norms_and_clipping(make);
}

TEST_CASE("sizes may be known at compile time, to the same bits", "[layer_norm_lstm]") {
  Random random(8), same(8);
  const LayerNormLstm<double> layer(3, 7, random);
  const LayerNormLstm<double, 3, 7> fixed(same);
  check_equal(layer, fixed, drawn(3, 6), {.size = 2});
  CHECK_THROWS_WITH((LayerNormLstm<double, 3, 7>::zeros(3, 6)), "LayerNormLstm: hidden_size is 6, expected 7");
}

TEST_CASE("it is a layer of models", "[layer_norm_lstm]") {
  Random random(6);
  const auto check = [&](const auto& model) {
    const auto report =
        testing::check_gradient(model, drawn(3, 12), {.size = 3, .lengths = {4, 1, 3}}, {.entries = 10});
    CAPTURE(report.where);
    CHECK(report.worst <= 1e-7);
  };
  const Sequential model{LayerNormLstm<double>(3, 5, random), Dense<double>(5, 2, random)};
  check(model);
  check(Stack<LayerNormLstm<double>>(2, 3, 5, random));
  check(Bidirectional<LayerNormLstm<double>>(3, 5, random));
  check_stream(model, drawn(3, 12));
}

TEST_CASE("weights in fewer bits stream close to the full ones", "[layer_norm_lstm]") {
  Random random(7);
  const LayerNormLstm<float> layer(3, 20, random);
  const Matrix<float> x = drawn(3, 30).cast<float>();
  CHECK(compare_storage(layer, Full(), x).largest == 0);
  const auto check = [&](auto storage, double tolerance) {
    const StorageReport report = compare_storage(layer, storage, x);
    CHECK(report.largest > 0);
    CHECK(report.largest < tolerance);
  };
  check(Float16(), 0.003);
  check(Bfloat16(), 0.02);
  check(Int8(), 0.05);
}

TEST_CASE("what does not fit is refused in the layer's name", "[layer_norm_lstm]") {
  Normed layer = any(3, 5);
  Normed::Tape tape;
  CHECK_THROWS_WITH(layer.forward(drawn(2, 4), tape), "LayerNormLstm::forward: x has 2 rows, expected input_size 3");
  CHECK_THROWS_WITH(layer.forward(drawn(3, 4), tape, {}, {{drawn(5, 1), drawn(4, 1)}}),
                    "LayerNormLstm::forward: the initial state c is 4 x 1, expected 5 x 1");
  layer.forward(drawn(3, 4), tape);
  Normed other = zeros_like(layer);
  other.gain_c.resize(4);
  CHECK_THROWS_WITH(layer.backward(drawn(3, 4), drawn(5, 4), tape, other),
                    "LayerNormLstm::backward: the gradient's gain_c is 4 x 1, the model's is 5 x 1");
  Normed gradient = zeros_like(layer);
  CHECK_THROWS_WITH(layer.backward(drawn(3, 4), drawn(5, 4), tape, gradient, {.clip = -1}),
                    "LayerNormLstm::backward: clip is -1, expected at least 0");
  layer.gain_hh.resize(3);
  CHECK_THROWS_WITH(layer.forward(drawn(3, 4), tape), "LayerNormLstm: gain_hh has 3 rows, expected 20");
  CHECK_THROWS_WITH(layer.stream(), "LayerNormLstm: gain_hh has 3 rows, expected 20");
  CHECK_THROWS_WITH(any(3, 5, {Direction::reverse}).stream(),
                    "LayerNormLstm::stream: a reverse layer needs the whole sequence");
}

TEST_CASE("a number that is not finite is found at its place", "[layer_norm_lstm]") {
  Normed layer = any(3, 5);
  Normed::Tape tape;
  layer.forward(drawn(3, 4), tape, {.size = 2});
  CHECK(place(layer.find_non_finite(tape)) == "");
  layer.bias[1 * 5 + 3] = std::numeric_limits<double>::quiet_NaN();
  layer.forward(drawn(3, 4), tape, {.size = 2});
  CHECK(place(layer.find_non_finite(tape)) == "LayerNormLstm f 0 0 forward");
}

TEST_CASE("numbers whose squares are too large become NaN, not zero", "[layer_norm_lstm]") {
  Random random(5);
  const LayerNormLstm<float> layer(3, 7, random);
  LayerNormLstm<float>::Tape tape;
  Matrix<float> x = random_matrix<float>(3, 8, random);
  const Matrix<float> y = layer.forward(x, tape, {.size = 2});
  x.col(3) *= 1e25f;  // sample 1's second step
  const Matrix<float> huge = layer.forward(x, tape, {.size = 2});
  for (Index j = 0; j < 8; ++j) {
    CAPTURE(j);
    if (j % 2 == 0 || j < 3)
      CHECK(huge.col(j) == y.col(j));
    else
      CHECK(huge.col(j).array().isNaN().all());
  }
  CHECK(layer.find_non_finite(tape)->sample == 1);
}

TEST_CASE("over many columns the gradients in float are those in double", "[layer_norm]") {
  const Normed wide = any(2, 3);
  auto layer = LayerNormLstm<float>::zeros(2, 3), gradient = layer;
  for_each_tensor([](const std::string&, auto& to, auto& from) { to = from.template cast<float>(); }, layer, wide);
  auto exact = zeros_like(wide);
  const Index columns = 64 * 4000;
  const Matrix<double> x = drawn(2, columns, 3), d_y = drawn(3, columns, 4).array() + 0.2;
  Normed::Tape wide_tape;
  LayerNormLstm<float>::Tape tape;
  wide.forward(x, wide_tape, {.size = 64});
  wide.backward(x, d_y, wide_tape, exact);
  layer.forward(x.cast<float>(), tape, {.size = 64});
  layer.backward(x.cast<float>(), d_y.cast<float>(), tape, gradient);
  const auto compare = [](const std::string& name, const auto& given, const auto& expected) {
    CAPTURE(name);
    CHECK((given.template cast<double>() - expected).norm() <= 2e-6 * expected.norm());
  };
  for_each_tensor(compare, gradient, exact);
}

TEST_CASE("threads that keep nothing wait before they overwrite what others still normalise", "[layer_norm_lstm]") {
  const Normed layer = any(3, 64);
  const Matrix<double> x = drawn(3, 80 * 16);  // many times what an unrecorded pass keeps
  ThreadPool pool(2);
  Normed::Tape alone, shared;
  const Matrix<double> expected = layer.forward(x, alone, {.size = 16}, {}, {.record = false});
  for (int again = 0; again < 10; ++again)
    CHECK((layer.forward(x, shared, {.size = 16}, {}, {.record = false, .pool = &pool}) == expected));
}
