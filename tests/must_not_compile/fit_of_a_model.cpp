// expect: no state: TrainingState(model, Adam(model), Random(1))
#include "unroll/unroll.hpp"

using Model = unroll::Dense<float>;
#ifdef UNROLL_MUST_COMPILE
using Given = unroll::TrainingState<Model, unroll::Sgd<Model>>;
#else
using Given = Model;
#endif

void train(Given& model, const unroll::Sequences<float>& data) {
  fit(model, data, unroll::mean_squared_error, {.epochs = 3});
}
