// expect: declaration order
// within: 3 lines
#include "unroll/unroll.hpp"

#ifdef __clang__  // which warns, and does what is meant
#pragma clang diagnostic error "-Wreorder-init-list"
#endif

using State = unroll::TrainingState<unroll::Dense<float>, unroll::Sgd<unroll::Dense<float>>>;

void train(State& state, const unroll::Sequences<float>& data) {
#ifdef UNROLL_MUST_COMPILE
  fit(state, data, unroll::mean_squared_error, {.epochs = 3, .patience = 5});
#else
  fit(state, data, unroll::mean_squared_error, {.patience = 5, .epochs = 3});
#endif
}
