// expect: no data: Sequences, StreamWindows, ...
#include "unroll/unroll.hpp"

int main() {
  const auto model = unroll::Dense<float>::zeros(3, 1);
  const unroll::Matrix<float> x(3, 5), y(1, 5);
#ifdef UNROLL_MUST_COMPILE
  evaluate(model, unroll::Sequences<float>({x}, {y}, 1), unroll::mean_squared_error);
#else
  evaluate(model, x, y, unroll::mean_squared_error);
#endif
}
