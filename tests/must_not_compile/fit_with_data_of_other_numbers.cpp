// expect: the data are of other numbers than the model
#include "unroll/unroll.hpp"

int main() {
#ifdef UNROLL_MUST_COMPILE
  using Number = float;
#else
  using Number = double;
#endif
  unroll::Random random(1);
  unroll::TrainingState state(unroll::Dense<float>(3, 1, random), unroll::Sgd(unroll::Dense<float>(3, 1, random)),
                              random);
  const unroll::Matrix<Number> x(3, 5), y(1, 5);
  fit(state, unroll::Sequences<Number>({x}, {y}, 1), unroll::mean_squared_error);
}
