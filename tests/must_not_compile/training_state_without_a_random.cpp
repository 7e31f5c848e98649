// expect: a run draws from a Random: (model, optimizer, Random(1))
#include "unroll/unroll.hpp"

int main() {
  const auto model = unroll::Dense<float>::zeros(3, 1);
#ifdef UNROLL_MUST_COMPILE
  const unroll::TrainingState state(model, unroll::Adam(model), unroll::Random(1));
#else
  const unroll::TrainingState state(model, unroll::Adam(model));
#endif
}
