// expect: no such option, or options out of order: see SgdOptions
#include "unroll/unroll.hpp"

int main() {
  const auto model = unroll::Dense<float>::zeros(3, 1);
#ifdef UNROLL_MUST_COMPILE
  const unroll::Sgd optimizer(model, {.learning_rate = 0.01});
#else
  const unroll::Sgd optimizer(model, {.lr = 0.01});
#endif
}
