// expect: a plateau is no schedule: see TrainingState::plateau
#include "unroll/unroll.hpp"

int main() {
  unroll::ReduceOnPlateau plateau(0.1);
#ifdef UNROLL_MUST_COMPILE
  plateau(0.5);
#else
  plateau(unroll::Index(1));
#endif
}
