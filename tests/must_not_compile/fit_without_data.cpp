// expect: data and a loss: fit(state, data, loss)
#include "unroll/unroll.hpp"

using State = unroll::TrainingState<unroll::Dense<float>, unroll::Sgd<unroll::Dense<float>>>;

void train(State& state, [[maybe_unused]] const unroll::Sequences<float>& data) {
#ifdef UNROLL_MUST_COMPILE
  fit(state, data, unroll::mean_squared_error);
#else
  fit(state, unroll::mean_squared_error);
#endif
}
