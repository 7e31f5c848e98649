#include "unroll/layers/bidirectional.hpp"

#include "layers/layer_contract.hpp"
#include "unroll/layers/recurrent_layers.hpp"

using namespace unroll;

namespace {

constexpr Merge merges[] = {Merge::concatenate, Merge::sum};

template <class L>
Bidirectional<L> both(Index inputs, Index hidden, Merge merge = Merge::concatenate, Readout readout = Readout::all) {
  Random random(1);
  return Bidirectional<L>(inputs, hidden, random, merge, readout);
}

/// A state of its own for every sample, direction and unit.
template <class L>
typename Bidirectional<L>::State state(const Bidirectional<L>& layer, Index batch) {
  typename Bidirectional<L>::State result;
  std::uint64_t seed = 50;
  for (auto* values : {&result.forward.values, &result.reverse.values})
    for (auto& value : *values) value = drawn(layer.forward_layer.hidden_size(), batch, ++seed);
  return result;
}

template <class L>
void check_gradients() {
  const auto check = [&](Index hidden, Merge merge, Readout readout, Index steps, const Batch& batch) {
    const auto layer = both<L>(3, hidden, merge, readout);
    CAPTURE(hidden, merge, readout, steps, batch.size, layer.forward_layer.name());
    for (const bool initial : {false, true}) {
      const auto start = initial ? state(layer, batch.size) : typename Bidirectional<L>::State{};
      const auto report = testing::check_gradient(layer, drawn(3, steps * batch.size), batch, {.entries = 10}, start);
      CAPTURE(initial, report.where);
      CHECK(report.worst <= 1e-7);
    }
  };
  for (const Merge merge : merges) {
    for (const Readout readout : {Readout::all, Readout::last, Readout::mean}) {
      check(7, merge, readout, 5, {.size = 3});
      check(7, merge, readout, 5, {.size = 3, .lengths = {5, 0, 2}});
    }
    std::vector<bool> resets(15);
    resets[4] = resets[6] = resets[12] = true;
    check(7, merge, Readout::all, 5, {.size = 3, .lengths = {5, 3, 4}, .resets = resets});
    check(1, merge, Readout::all, 1, {.size = 1});
    check(1, merge, Readout::all, 0, {.size = 3});
  }
}

}  // namespace

TEST_CASE("outputs are the forward layer's above the reverse layer's, or their sum", "[bidirectional]") {
  const Matrix<double> x = drawn(3, 15);
  for (const Readout readout : {Readout::all, Readout::last, Readout::mean}) {
    const auto layer = both<Lstm<double>>(3, 7, Merge::concatenate, readout);
    auto sum = layer;
    sum.merge = Merge::sum;
    CHECK(layer.input_size() == 3);
    CHECK(layer.output_size() == 14);
    CHECK(sum.output_size() == 7);
    const Batch batch{.size = 3, .lengths = {5, 2, 0}};
    const auto start = state(layer, 3);
    Lstm<double>::Tape forward, reverse;
    const Matrix<double> y_forward = layer.forward_layer.forward(x, forward, batch, start.forward);
    const Matrix<double> y_reverse = layer.reverse_layer.forward(x, reverse, batch, start.reverse);

    Bidirectional<Lstm<double>>::Tape tape;
    const auto y = layer.forward(x, tape, batch, start);
    CHECK(y.topRows(7) == y_forward);
    CHECK(y.bottomRows(7) == y_reverse);
    CHECK(tape.output() == y);
    for (std::size_t n = 0; n < 2; ++n) {
      CHECK(tape.final_state.forward.values[n] == forward.final_state.values[n]);
      CHECK(tape.final_state.reverse.values[n] == reverse.final_state.values[n]);
    }
    CHECK(sum.forward(x, tape, batch, start) == y_forward + y_reverse);
  }
}

TEST_CASE("each direction of a ragged batch starts at the sequence's own end", "[bidirectional]") {
  for (const Merge merge : merges) {
    check_ragged(both<Gru<double>>(3, 7, merge), drawn(3, 15), {5, 2, 0});
    check_ragged(both<OriginalGru<double>>(3, 1, merge), drawn(3, 5), {3});
  }
}

TEST_CASE("the outputs of a step depend on all steps before it and after it", "[bidirectional]") {
  const auto layer = both<Rnn<double>>(3, 7);
  Bidirectional<Rnn<double>>::Tape tape;
  Matrix<double> x = drawn(3, 5);
  const Matrix<double> y = layer.forward(x, tape);
  x.col(2) *= 2;
  const Matrix<double> changed = layer.forward(x, tape);
  for (Index t = 0; t < 5; ++t) {
    CAPTURE(t);
    CHECK((changed.col(t).topRows(7) == y.col(t).topRows(7)) == (t < 2));
    CHECK((changed.col(t).bottomRows(7) == y.col(t).bottomRows(7)) == (t > 2));
  }
}

TEST_CASE("gradients are those of central differences", "[bidirectional]") {
  SECTION("rnn") { check_gradients<Rnn<double>>(); }
  SECTION("relu rnn") { check_gradients<ReluRnn<double>>(); }
  SECTION("lstm") { check_gradients<Lstm<double>>(); }
  SECTION("gru") { check_gradients<Gru<double>>(); }
  SECTION("original gru") { check_gradients<OriginalGru<double>>(); }
}

TEST_CASE("a bidirectional layer keeps to what every layer does", "[bidirectional]") {
  const Matrix<double> x = drawn(3, 6);
  const Speakers speakers{"Lstm", "Lstm", "Bidirectional"};
  for (const Merge merge : merges) {
    const auto layer = both<Lstm<double>>(3, 7, merge);
    check_backward(layer, x, {.size = 3}, speakers);
    check_shapes(layer, x, {.size = 3}, speakers);
    check_values(layer, x, {.size = 3}, both<Lstm<double>>(2, 1));
    check_batches(layer, x, "Lstm");
    check_reuse(both<Lstm<double>>(8, merge == Merge::sum ? 8 : 4, merge), drawn(8, 5));
    check_foreign_tape(layer, both<Lstm<double>>(3, 2, merge),
                       "Lstm::backward: the tape is of a layer of 3 inputs and 2 units, this one has 3 and 7");
  }
  check_foreign_tape(both<Lstm<double>>(3, 7, Merge::concatenate), both<Lstm<double>>(3, 7, Merge::sum),
                     "Bidirectional::backward: the tape is of 7 outputs, this layer has 14");
  CHECK(tensor_names(both<Gru<double>>(3, 7)) == std::vector<std::string>{"forward.weight_ih", "forward.weight_hh",
                                                                          "forward.bias", "reverse.weight_ih",
                                                                          "reverse.weight_hh", "reverse.bias"});
}

TEST_CASE("the two directions draw different weights, again from the generator's place", "[bidirectional]") {
  const auto layer = both<Lstm<double>>(3, 7);
  CHECK(flat(layer.forward_layer) != flat(layer.reverse_layer));
  auto redrawn = zeros_like(layer);
  Random random(1);
  redrawn.initialize(random);
  CHECK(flat(redrawn) == flat(layer));
  redrawn.initialize(random, Initial::pytorch);
  CHECK(redrawn.reverse_layer.bias.minCoeff() < 0);
}

TEST_CASE("the two directions draw noise of their own", "[bidirectional]") {
  Random random(1);
  for (const Unrolling noise : {Unrolling{.recurrent_dropout = 0.5}, Unrolling{.zoneout = 0.5}}) {
    Unrolling reverse = noise;
    reverse.direction = Direction::reverse;
    Lstm<double> same(3, 40, random, noise), mirrored = same;
    mirrored.unrolling = reverse;
    const Bidirectional layer(same, mirrored);
    auto start = state(layer, 2);
    start.reverse = start.forward;
    Bidirectional<Lstm<double>>::Tape tape;
    const auto y = layer.forward(drawn(3, 2), tape, {.size = 2}, start);  // one step: there is no order in time
    CHECK(y.topRows(40) == y.bottomRows(40));
    const auto noisy = layer.forward(drawn(3, 2), tape, {.size = 2}, start, {.dropout_seed = 5});
    CHECK(noisy.topRows(40) != noisy.bottomRows(40));
  }
}

TEST_CASE("layers that do not belong together are refused", "[bidirectional]") {
  const auto refuse = [](Unrolling first, Unrolling second, Index inputs, Index hidden, const std::string& why) {
    CHECK_THROWS_MATCHES(Bidirectional<Lstm<>>(Lstm<>::zeros(3, 7, first), Lstm<>::zeros(inputs, hidden, second)),
                         std::invalid_argument, Message("Bidirectional: " + why));
  };
  const std::string directions = "expected a forward layer and a reverse one";
  refuse({Direction::forward}, {Direction::forward}, 3, 7, directions);
  refuse({Direction::reverse}, {Direction::reverse}, 3, 7, directions);
  refuse({Direction::reverse}, {Direction::forward}, 3, 7, directions);
  refuse({Direction::forward, Readout::all}, {Direction::reverse, Readout::last}, 3, 7,
         "the two layers' readouts differ");
  refuse({Direction::forward}, {Direction::reverse}, 4, 7, "the forward layer is 3 to 7, the reverse layer 4 to 7");
  refuse({Direction::forward}, {Direction::reverse}, 3, 1, "the forward layer is 3 to 7, the reverse layer 3 to 1");
}

TEST_CASE("directions whose read-outs were set apart are refused", "[bidirectional]") {
  auto layer = both<Rnn<double>>(3, 7);
  layer.reverse_layer.unrolling.readout = Readout::last;
  Bidirectional<Rnn<double>>::Tape tape;
  CHECK_THROWS_WITH(layer.forward(drawn(3, 6), tape, {.size = 2}),
                    "Bidirectional: branch 1 gives 2 columns, branch 0 gives 6");
}

TEST_CASE("directions that were changed so that they do not fit are refused", "[bidirectional]") {
  const auto refuse = [](Unrolling reverse, const std::string& why) {
    auto layer = both<Rnn<double>>(3, 7, Merge::sum, Readout::last);
    layer.reverse_layer.unrolling = reverse;
    Bidirectional<Rnn<double>>::Tape tape;
    CHECK_THROWS_WITH(layer.forward(drawn(3, 6), tape, {.size = 2}), "Bidirectional: " + why);
  };
  refuse({.readout = Readout::last}, "expected a forward layer and a reverse one");  // the direction was forgotten
  refuse({Direction::reverse, Readout::mean}, "the two layers' readouts differ");
}

TEST_CASE("wrong gradients, states and options are refused before anything is changed", "[bidirectional]") {
  const auto layer = both<Gru<double>>(3, 7);
  const Matrix<double> x = drawn(3, 6);
  using L = Bidirectional<Gru<double>>;
  const Passes<L> expected(layer, x, {.size = 2});
  L::Tape tape;
  layer.forward(x, tape, {.size = 2});
  const auto refuse = [](auto call, const std::string& why) {
    CHECK_THROWS_MATCHES(call(), std::invalid_argument, Message(why));
  };
  const L blank = zeros_like(layer);
  L gradient = blank, narrow = blank;
  narrow.reverse_layer = Gru<double>::zeros(3, 5, {Direction::reverse});
  L::State wrong = state(layer, 2), final_wrong = wrong;
  wrong.reverse.values[0] = drawn(7, 3);
  final_wrong.reverse.values[0] = drawn(6, 2);
  refuse([&] { layer.forward(x, tape, {.size = 2}, wrong); },
         "Gru::forward: the initial state h is 7 x 3, expected 7 x 2");
  layer.forward(x, tape, {.size = 2});
  refuse([&] { layer.backward(x, expected.d_y, tape, narrow); },
         "Gru::backward: the gradient's weight_ih is 15 x 3, the model's is 21 x 3");
  refuse([&] { layer.backward(x, expected.d_y, tape, gradient, {}, final_wrong); },
         "Gru::backward: the final gradient's state h is 6 x 2, expected 7 x 2");
  refuse([&] { layer.backward(x, expected.d_y, tape, gradient, {.clip = -1}); },
         "Gru::backward: clip is -1, expected at least 0");
  refuse([&] { layer.backward(x, expected.d_y, tape, gradient, {.truncation = {.window = 2, .stride = 3}}); },
         "Gru::backward: truncation window 2 and stride 3, expected window >= stride >= 0");
  CHECK(flat(gradient) == flat(blank));
  CHECK(flat(narrow.forward_layer) == flat(blank.forward_layer));
  CHECK(layer.backward(x, expected.d_y, tape, gradient) == expected.d_x);
  CHECK(flat(gradient) == flat(expected.gradient));
}

TEST_CASE("a number that is not finite is reported with its direction", "[bidirectional]") {
  const Matrix<double> x = drawn(3, 6);
  const auto found = [&](auto change) {
    auto layer = both<Lstm<double>>(3, 7);
    change(layer);
    Bidirectional<Lstm<double>>::Tape tape;
    layer.forward(x, tape, {.size = 2});
    return place(layer.find_non_finite(tape));
  };
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(found([](auto&) {}) == "");
  CHECK(found([&](auto& layer) { layer.forward_layer.weight_hh(2 * 7 + 3, 1) = inf; }) == "forward.Lstm g 0 0 forward");
  CHECK(found([&](auto& layer) { layer.reverse_layer.bias[1 * 7 + 6] = inf - inf; }) == "reverse.Lstm f 2 0 forward");
}
