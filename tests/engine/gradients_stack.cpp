// Three recurrent layers, one after the other: every cell, both directions, against central differences.

#include "gradient_matrix.hpp"

using namespace engine_test;

TEMPLATE_LIST_TEST_CASE("three layers' gradients are those of central differences", "[gradient]", AllCells) {
  const auto direction = GENERATE(Direction::forward, Direction::reverse);
  CAPTURE(TestType::name, direction == Direction::reverse);
  Random random(3);
  const Stack<LayerOf<TestType>> stack(3, 3, 5, random, Unrolling{direction});
  check_gradient_matrix(with_biases(stack, random), 15, {.entries = 8});
}
