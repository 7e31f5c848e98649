// expect: no loss: fit(state, data, validation, loss)
#include "unroll/unroll.hpp"

using namespace unroll;

int main() {
  Random random(1);
  const Lstm<float> model(3, 1, random);
  TrainingState state(model, Adam(model), random);
  const std::vector<Matrix<float>> x(4, Matrix<float>::Ones(3, 5)), y(4, Matrix<float>::Ones(1, 5));
  const Sequences<float> data(x, y, 2), validation(x, y, 2);
#ifdef UNROLL_MUST_COMPILE
  fit(state, data, validation, mean_squared_error);
#else
  fit(state, data, validation);
#endif
}
