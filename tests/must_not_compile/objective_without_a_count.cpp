// expect: or an objective, called as objective(model, example, pass, gradient)
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Loss = unroll::ExampleLoss;
#else
using Loss = double;
#endif

int main() {
  unroll::Random random(1);
  const unroll::Dense<float> model(3, 7, random);
  const unroll::StreamWindows<float> data(unroll::Matrix<float>(3, 8), unroll::Matrix<float>(7, 8), 2, 2);
  const auto objective = [](const auto&, const auto&, auto&, auto*) -> Loss { return {}; };
  unroll::TrainingState state(model, unroll::Sgd(model), random);
  unroll::fit(state, data, objective);
}
