// expect: the optimizer is of another model: TrainingState(model, Adam(model), random)
#include "unroll/unroll.hpp"

using namespace unroll;

int main() {
  Random random(1);
  const Lstm<float> lstm(3, 7, random);
  const Sequential model{lstm, Dense<float>(7, 1, random)};
#ifdef UNROLL_MUST_COMPILE
  const TrainingState state(model, Adam(model), random);
#else
  const TrainingState state(model, Adam(lstm), random);
#endif
}
