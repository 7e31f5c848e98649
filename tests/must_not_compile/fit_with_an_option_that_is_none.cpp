// expect: no such option, or options out of order, or a const state: see FitOptions
#include "unroll/unroll.hpp"

int main() {
  unroll::Random random(1);
  unroll::TrainingState state(unroll::Dense<float>(3, 1, random), unroll::Sgd(unroll::Dense<float>(3, 1, random)),
                              random);
  const unroll::Matrix<float> x(3, 5), y(1, 5);
#ifdef UNROLL_MUST_COMPILE
  fit(state, unroll::Sequences<float>({x}, {y}, 1), unroll::mean_squared_error, {.epochs = 3});
#else
  fit(state, unroll::Sequences<float>({x}, {y}, 1), unroll::mean_squared_error, {.epoch = 3});
#endif
}
