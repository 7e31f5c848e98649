// Both directions at once, in one layer and in three: every cell against central differences.

#include "gradient_matrix.hpp"

using namespace engine_test;

TEMPLATE_LIST_TEST_CASE("a bidirectional layer's gradients are those of central differences", "[gradient]", AllCells) {
  CAPTURE(TestType::name);
  Random random(4);
  const Bidirectional<LayerOf<TestType>> both(3, 5, random);
  check_gradient_matrix(with_biases(both, random), 15, {.entries = 12});
}

TEMPLATE_LIST_TEST_CASE("three bidirectional layers' gradients are those of central differences", "[gradient]",
                        AllCells) {
  CAPTURE(TestType::name);
  Random random(5);
  const Stack<Bidirectional<LayerOf<TestType>>> stack(3, 3, 5, random);
  check_gradient_matrix(with_biases(stack, random), 15, {.entries = 4});
}
