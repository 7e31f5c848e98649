// Episodes inside a batch: no state crosses from one to the next, in either direction.

#include "alone.hpp"

using namespace engine_test;

namespace {

constexpr Index steps = 12, size = 5;

/// Sample 0 has none, 1 one at the first step, 2 one at the last, 3 several in a row, 4 some anywhere.
Batch with_resets() {
  Batch batch{.size = size};
  batch.resets.resize(static_cast<std::size_t>(steps * size));
  for (const auto& [t, b] : {std::pair{0, 1}, {11, 2}, {3, 3}, {4, 3}, {5, 3}, {0, 4}, {2, 4}, {7, 4}})
    batch.resets[static_cast<std::size_t>(t * size + b)] = true;
  return batch;
}

/// With resets inside the sequences, just past their ends and far behind.
Batch with_resets_and_lengths() {
  Batch batch = with_resets();
  batch.lengths = {7, 0, 11, 5, 8};
  return batch;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a batch with resets is its episodes", "[resets]", AllCells) {
  using Layer = LayerOf<TestType>;
  Random random(1);
  for (const Batch& batch : {with_resets(), with_resets_and_lengths()}) {
    CAPTURE(TestType::name, batch.lengths.size());
    for (const Direction direction : directions) {
      CAPTURE(direction == Direction::reverse);
      check_is_its_episodes(with_biases(Layer(3, 7, random, {direction}), random), steps, batch, random);
    }
    check_is_its_episodes(with_biases(Bidirectional<Layer>(3, 5, random), random), steps, batch, random);
    check_is_its_episodes(with_biases(Stack<Layer>(3, 3, 5, random), random), steps, batch, random);
  }
}

TEST_CASE("a batch with resets is its episodes through whole models", "[resets]") {
  Random random(2);
  for (const Batch& batch : {with_resets(), with_resets_and_lengths()})
    check_is_its_episodes(
        with_biases(Sequential{Lstm<double>(3, 5, random), Bidirectional<OriginalGru<double>>(5, 4, random),
                               Gru<double>(8, 7, random, {Direction::reverse}), Dense<double>(7, 2, random)},
                    random),
        steps, batch, random);
}

TEMPLATE_LIST_TEST_CASE("a reset before the first step cuts off the initial state of a forward layer alone", "[resets]",
                        AllCells) {
  using Layer = LayerOf<TestType>;
  Random random(3);
  for (const Direction direction : directions) {
    CAPTURE(TestType::name, direction == Direction::reverse);
    const auto layer = with_biases(Layer(3, 7, random, {direction}), random);
    const Sequence<Layer> carried = random_sequence(layer, 1, {.size = 1}, random);
    Sequence<Layer> reset = carried, from_zero = carried;
    reset.batch.resets = {true};
    from_zero.initial = {};
    const auto y = run(layer, reset).y;
    CHECK((y == run(layer, carried).y) == (direction == Direction::reverse));
    CHECK((y == run(layer, from_zero).y) == (direction == Direction::forward));
  }
}
