// One recurrent layer, 50 steps: every cell, both directions, against central differences.

#include "gradient_matrix.hpp"

using namespace engine_test;

TEMPLATE_LIST_TEST_CASE("a layer's gradients are those of central differences", "[gradient]", AllCells) {
  const auto direction = GENERATE(Direction::forward, Direction::reverse);
  CAPTURE(TestType::name, direction == Direction::reverse);
  Random random(2);
  const auto layer = with_biases(LayerOf<TestType>(3, 7, random, {direction}), random);
  check_gradient_matrix(layer, 50, {.entries = 16});
}
