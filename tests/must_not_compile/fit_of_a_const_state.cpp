// expect: no such option, or options out of order, or a const state: see FitOptions
#include "unroll/unroll.hpp"

using State = unroll::TrainingState<unroll::Dense<float>, unroll::Sgd<unroll::Dense<float>>>;
#ifdef UNROLL_MUST_COMPILE
using Given = State;
#else
using Given = const State;
#endif

void train(Given& state, const unroll::Sequences<float>& data) {
  fit(state, data, unroll::mean_squared_error, {.epochs = 3});
}
