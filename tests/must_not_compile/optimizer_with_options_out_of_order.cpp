// expect: declaration order
// within: 3 lines
#include "unroll/unroll.hpp"

#ifdef __clang__  // which warns, and does what is meant
#pragma clang diagnostic error "-Wreorder-init-list"
#endif

int main() {
  const auto model = unroll::Dense<float>::zeros(3, 1);
#ifdef UNROLL_MUST_COMPILE
  const unroll::Adam optimizer(model, {.learning_rate = 0.01, .beta1 = 0.8});
#else
  const unroll::Adam optimizer(model, {.beta1 = 0.8, .learning_rate = 0.01});
#endif
}
