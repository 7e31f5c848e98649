#include "unroll/layers/branches.hpp"

#include "engine/passes.hpp"
#include "layers/counting.hpp"
#include "layers/layer_contract.hpp"
#include "unroll/layers/parallel.hpp"
#include "unroll/layers/residual.hpp"

using namespace engine_test;

namespace {

auto two_heads(Unrolling how = {}) {
  Random random(1);
  return Branches{Lstm<double>(3, 5, random, how), Dense<double>(3, 2, random), Gru<double>(3, 4, random, how)};
}

}  // namespace

TEST_CASE("branches give their outputs one above the other", "[branches]") {
  const auto model = two_heads();
  const Matrix<double> x = drawn(3, 6);
  std::decay_t<decltype(model)>::Tape tape;
  const Matrix<double> y = model.forward(x, tape, {.size = 2});
  REQUIRE(y.rows() == 11);
  CHECK(model.first_row(1) == 5);
  CHECK(model.first_row(2) == 7);
  Lstm<double>::Tape of_lstm;
  Dense<double>::Tape of_dense;
  CHECK(y.topRows(5) == std::get<0>(model.layers).forward(x, of_lstm, {.size = 2}));
  CHECK(y.middleRows(5, 2) == std::get<1>(model.layers).forward(x, of_dense, {.size = 2}));
  CHECK(tensor_names(model)[3] == "1.weight");
}

TEST_CASE("gradients of branches and ways around are those of central differences", "[branches]") {
  Random random(2);
  const auto check = [](const auto& model, const Batch& batch, const ForwardOptions& forward = {}) {
    const auto report =
        testing::check_gradient(model, drawn(3, 4 * batch.size), batch, {.entries = 10, .forward = forward});
    CAPTURE(report.where);
    CHECK(report.worst <= 1e-7);
  };
  for (const Direction direction : directions) {
    check(two_heads({direction}), {.size = 2});
    check(two_heads({direction, Readout::all, 0.3, 0.2}), {.size = 3, .lengths = {4, 0, 2}}, {.dropout_seed = 5});
    check(Residual(Gru<double>(3, 3, random, {direction})), {.size = 3, .lengths = {4, 0, 2}});
    check(Residual(Gru<double>(3, 2, random, {direction})), {.size = 3, .lengths = {4, 0, 2}});
  }
  check(Residual(Bidirectional<Gru<double>>(3, 3, random, Merge::sum)), {.size = 2});
  check(Sequential{Residual(Stack<Gru<double>>(2, 3, 3, random)), Branches{Dense<double>(3, 2, random)}}, {.size = 2});
}

TEST_CASE("branches and ways around keep to what every layer does", "[branches]") {
  const Matrix<double> x = drawn(3, 6);
  const auto model = two_heads();
  check_backward(model, x, {.size = 2}, {"Lstm", "Lstm", "Branches"});
  check_ragged(model, drawn(3, 15), {5, 2, 0});
  check_stream(model, drawn(3, 12));
  Random random(3);
  for (const int outputs : {3, 2}) {
    const Residual around(Lstm<double>(3, outputs, random));
    check_backward(around, x, {.size = 2}, {"Lstm", "Lstm", "Residual"});
    check_ragged(around, drawn(3, 15), {5, 2, 0});
    check_stream(around, drawn(3, 12));
  }
  const Residual around(Lstm<double>(3, 3, random));
  check_reuse(Branches{Gru<double>(3, 2, random), Dense<double>(3, 1, random)}, drawn(3, 5));
  check_reuse(around, drawn(3, 5));
  check_stream(Sequential{Residual(Dropout<double>(0.1)), Residual(Tanh<double>()), Dense<double>(3, 2, random)},
               drawn(3, 12));
}

TEST_CASE("where there are fewer outputs than inputs the first rows go around", "[branches]") {
  Random random(5);
  const Residual model(Gru<double>(3, 2, random));
  const Matrix<double> x = drawn(3, 2 * 4);
  decltype(model.layer)::Tape of_layer;
  std::decay_t<decltype(model)>::Tape tape;
  const Matrix<double> y = model.forward(x, tape, {.size = 2});
  CHECK(y == x.topRows(2) + model.layer.forward(x, of_layer, {.size = 2}));
  Stream both(model, {.samples = 2});
  for (Index t = 0; t < 4; ++t) {
    const Matrix<double> step = x.middleCols(2 * t, 2), expected = y.middleCols(2 * t, 2);
    CHECK(both.step(step) == expected.reshaped());
  }
}

TEST_CASE("the result of a step may be the next x of a stream of branches", "[branches]") {
  Random random(5);
  const Branches model{Dense<float>(4, 1, random), Gru<float>(4, 3, random)};
  for (const Index samples : {1, 2}) {
    Stream given(model, {.samples = samples}), copied(model, {.samples = samples});
    const Vector<float> x = random_matrix<float>(4 * samples, 1, random);
    auto y = std::make_unique<Stream<std::decay_t<decltype(model)>>::Result>(given.step(x));
    Vector<float> copy = copied.step(x);
    for (int step = 0; step < 3; ++step) {
      y = std::make_unique<Stream<std::decay_t<decltype(model)>>::Result>(given.step(*y));
      copy = Vector<float>(copied.step(copy));
      CHECK(*y == copy);
    }
  }
}

TEST_CASE("each branch draws noise of its own", "[branches]") {
  Random random(4);
  const Gru<double> gru(3, 20, random, {.recurrent_dropout = 0.5});
  const Branches model{gru, gru};
  std::decay_t<decltype(model)>::Tape tape;
  const Matrix<double> y = model.forward(drawn(3, 6), tape, {}, {}, {.dropout_seed = 1});
  CHECK(y.topRows(20) != y.bottomRows(20));
}

TEST_CASE("a layer in a model in a model is asked once and run once a pass", "[branches]") {
  const auto check = [](const auto& model, int layers) {
    typename std::remove_cvref_t<decltype(model)>::Tape tape;
    auto gradient = zeros_like(model);
    const Matrix<double> x = drawn(3, 6);
    const auto counts = [&](auto call) {
      Counting::checks = Counting::runs = 0;
      call();
      return std::to_string(Counting::checks) + " checks, " + std::to_string(Counting::runs) + " runs";
    };
    const std::string each = std::to_string(layers), once = each + " checks, " + each + " runs";
    CHECK(counts([&] { model.forward(x, tape, {.size = 2}); }) == once);
    const Matrix<double> y = tape.output();
    CHECK(counts([&] { model.backward(x, y, tape, gradient); }) == once);
    const auto own = tape.output().topRows(3);
    typename std::remove_cvref_t<decltype(model)>::Tape other;
    const Matrix<double> again = model.forward(Matrix<double>(own), other, {.size = 2});
    CHECK(counts([&] { model.forward(own, tape, {.size = 2}); }) == once);
    CHECK(tape.output() == again);
    CHECK_THROWS(model.forward(drawn(4, 6), tape, {.size = 2}));
    CHECK_THROWS(model.backward(x, drawn(1, 6), tape, gradient));
  };
  const Counting one;
  const Bidirectional both(one, Counting(Direction::reverse), Merge::sum);
  const auto pool = std::make_shared<ThreadPool>(1);
  check(one, 1);
  check(Sequential{Sequential{one, one}, one}, 3);
  check(Stack(std::vector{Stack(std::vector{one, one}), Stack(std::vector{one})}), 3);
  check(Branches{Branches{one, one}, one}, 3);
  check(Residual(Residual(one)), 1);
  check(Sequential{both, Residual(both)}, 4);
  check(Parallel(Parallel(one, pool), pool), 1);
  check(Parallel(Residual(Branches{Stack(std::vector{both})}), pool), 2);
}

TEST_CASE("a model refuses an x that only its first layer knows before any gradient is changed", "[branches]") {
  const Sequential model{Tanh<double>(), Prelu<double>()};
  decltype(model)::Tape tape;
  auto gradient = zeros_like(model);
  model.forward(drawn(3, 6), tape);
  CHECK_THROWS_WITH(model.backward(drawn(2, 6), drawn(3, 6), tape, gradient),
                    "Tanh::backward: x is 2 x 6, expected 3 x 6 as in forward");
  CHECK(flat(gradient) == flat(zeros_like(model)));
}

TEST_CASE("a model whose first layer saw another x since is refused before any gradient is changed", "[branches]") {
  Random random(6);
  const Stack<Gru<double>> model(3, 3, 3, random);
  decltype(model)::Tape tape;
  auto gradient = zeros_like(model);
  model.forward(drawn(3, 6), tape);
  model.layers[0].forward(drawn(3, 5), tape.layers[0]);
  CHECK_THROWS_AS(model.backward(drawn(3, 6), drawn(3, 6), tape, gradient), std::invalid_argument);
  CHECK(flat(gradient) == flat(zeros_like(model)));
}

TEST_CASE("what does not fit side by side is refused", "[branches]") {
  Random random(5);
  const Gru<double> gru(3, 4, random), other(2, 4, random), last(3, 4, random, {.readout = Readout::last});
  CHECK_THROWS_WITH((Branches{gru, other}), "Branches: branch 1 has input_size 2, another one 3");
  CHECK_THROWS_WITH((Branches{gru, Dropout<double>(0.1)}), "Branches: branch 1 has no output_size of its own");
  const Branches mixed{gru, last};
  std::decay_t<decltype(mixed)>::Tape tape;
  CHECK_THROWS_WITH(mixed.forward(drawn(3, 6), tape, {.size = 2}),
                    "Branches: branch 1 gives 2 columns, branch 0 gives 6");
  CHECK_THROWS_WITH(Residual(gru), "Residual: the layer is 3 to 4, expected at most as many outputs as inputs");
  const Residual around(Gru<double>(3, 3, random, {.readout = Readout::last}));
  decltype(around)::Tape of_around;
  CHECK_THROWS_WITH(around.forward(drawn(3, 6), of_around, {.size = 2}),
                    "Residual::forward: the layer is read out, its outputs have 2 columns, x has 6");
}
