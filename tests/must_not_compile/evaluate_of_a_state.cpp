// expect: no model: state.model
#include "unroll/unroll.hpp"

using Model = unroll::Dense<float>;

void print(const unroll::TrainingState<Model, unroll::Sgd<Model>>& state, const unroll::Sequences<float>& data) {
#ifdef UNROLL_MUST_COMPILE
  evaluate(state.model, data, unroll::mean_squared_error);
#else
  evaluate(state, data, unroll::mean_squared_error);
#endif
}
