#include "unroll/layers/branches.hpp"

#include "engine/passes.hpp"
#include "layers/layer_contract.hpp"
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
  const auto check = [](const auto& model, const Batch& batch) {
    const auto report = testing::check_gradient(model, drawn(3, 4 * batch.size), batch, {.entries = 10});
    CAPTURE(report.where);
    CHECK(report.worst <= 1e-7);
  };
  Batch noisy{.size = 3, .lengths = {4, 0, 2}, .dropout_seed = 5};
  for (const Direction direction : directions) {
    check(two_heads({direction}), {.size = 2});
    check(two_heads({direction, Readout::all, 0.3, 0.2}), noisy);
    check(Residual(Gru<double>(3, 3, random, {direction})), {.size = 3, .lengths = {4, 0, 2}});
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
  const Residual around(Lstm<double>(3, 3, random));
  check_backward(around, x, {.size = 2}, {"Lstm", "Lstm", "Residual"});
  check_ragged(around, drawn(3, 15), {5, 2, 0});
  check_stream(around, drawn(3, 12));
  check_reuse(Branches{Gru<double>(3, 2, random), Dense<double>(3, 1, random)}, drawn(3, 5));
  check_reuse(around, drawn(3, 5));
  check_stream(Sequential{Residual(Dropout<double>(0.1)), Residual(Tanh<double>()), Dense<double>(3, 2, random)},
               drawn(3, 12));
}

TEST_CASE("each branch draws noise of its own", "[branches]") {
  Random random(4);
  const Gru<double> gru(3, 20, random, {.recurrent_dropout = 0.5});
  const Branches model{gru, gru};
  std::decay_t<decltype(model)>::Tape tape;
  const Matrix<double> y = model.forward(drawn(3, 6), tape, {.dropout_seed = 1});
  CHECK(y.topRows(20) != y.bottomRows(20));
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
  CHECK_THROWS_WITH(Residual(gru), "Residual: the layer is 3 to 4, expected as many outputs as inputs");
  const Residual around(Gru<double>(3, 3, random, {.readout = Readout::last}));
  decltype(around)::Tape of_around;
  CHECK_THROWS_WITH(around.forward(drawn(3, 6), of_around, {.size = 2}),
                    "Residual::forward: the layer is read out, its outputs have 2 columns, x has 6");
}
