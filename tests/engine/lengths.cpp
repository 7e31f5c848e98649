// Ragged batches: every sequence as if it were alone, whatever stands past its end.

#include "alone.hpp"

using namespace engine_test;

namespace {

const Batch ragged{.size = 6, .lengths = {9, 0, 1, 13, 4, 9}};
constexpr Index steps = 13;

}  // namespace

TEMPLATE_LIST_TEST_CASE("a ragged batch is its sequences", "[lengths]", AllCells) {
  Random random(1);
  for (const Direction direction : directions)
    for (const Readout readout : {Readout::all, Readout::last, Readout::mean}) {
      CAPTURE(TestType::name, direction == Direction::reverse, static_cast<int>(readout));
      const LayerOf<TestType> layer(3, 7, random, {direction, readout});
      check_is_its_episodes(with_biases(layer, random), steps, ragged, random);
      check_is_its_episodes(with_biases(Sequential{layer, Dense<double>(7, 2, random)}, random), steps, ragged, random);
    }
}

TEMPLATE_LIST_TEST_CASE("a ragged batch is its sequences in both directions at once", "[lengths]", AllCells) {
  Random random(2);
  for (const Merge merge : {Merge::concatenate, Merge::sum})
    for (const Readout readout : {Readout::all, Readout::last, Readout::mean}) {
      CAPTURE(TestType::name, merge == Merge::sum, static_cast<int>(readout));
      const Bidirectional<LayerOf<TestType>> both(3, 5, random, merge, readout);
      check_is_its_episodes(with_biases(both, random), steps, ragged, random);
    }
}

TEST_CASE("a ragged batch is its sequences through whole models", "[lengths]") {
  Random random(3);
  const Bidirectional<Lstm<double>> both(3, 5, random);
  check_is_its_episodes(with_biases(Sequential{both, Dense<double>(10, 6, random), Gru<double>(6, 5, random),
                                               OriginalGru<double>(5, 7, random, {Direction::reverse, Readout::last}),
                                               Dense<double>(7, 2, random)},
                                    random),
                        steps, ragged, random);
  check_is_its_episodes(with_biases(Stack<Bidirectional<Gru<double>>>(3, 3, 5, random), random), steps, ragged, random);
}

TEMPLATE_LIST_TEST_CASE("lengths of all steps are no lengths", "[lengths]", AllCells) {
  Random random(4);
  for (const Direction direction : directions) {
    CAPTURE(TestType::name, direction == Direction::reverse);
    const auto layer = with_biases(LayerOf<TestType>(3, 7, random, {direction}), random);
    Sequence<LayerOf<TestType>> in = random_sequence(layer, steps, {.size = 2}, random);
    const auto plain = run(layer, in);
    in.batch.lengths = {steps, steps};
    const auto ragged_in_name = run(layer, in);
    CHECK(plain.y == ragged_in_name.y);
    CHECK(plain.d_x == ragged_in_name.d_x);
    CHECK(same_bits(plain.final_state, ragged_in_name.final_state));
    CHECK(same_bits(plain.d_initial, ragged_in_name.d_initial));
    check_gradients_agree(plain.gradient, ragged_in_name.gradient, 0);
  }
}
