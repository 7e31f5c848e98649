#pragma once

#include "unroll/training/fit_options.hpp"
#include "unroll/training/training_state.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Refused: an option that does not exist, or a const state.
template <class no_such_option = void, class M, class O, class D, class L>
FitReport fit(const TrainingState<M, O>&,  // no such option, or options out of order, or a const state: see FitOptions
              const D&, const L&, ...) = delete;

/// Refused: matrices, or a loss, in the place of the data.
template <class no_such_data = void, class M, class O, class D, class L>
  requires(!DataSource<D>)
FitReport fit(const TrainingState<M, O>&, const D&, const L&, ...) = delete;  // no data: Sequences, StreamWindows, ...

/// Refused: data without a loss, or a loss without data.
template <class no_data_or_no_loss = void, class M, class O, class L>
FitReport fit(const TrainingState<M, O>&, const L&, ...) = delete;  // data and a loss: fit(state, data, loss)

/// Refused: data and validation data without a loss.
template <class no_loss = void, class M, class O, DataSource D, DataSource Validation>
FitReport fit(const TrainingState<M, O>&,  // no loss: fit(state, data, validation, loss)
              const D&, const Validation&, ...) = delete;

/// Refused: a model in the place of the state that a run moves.
template <class no_training_state = void, Trainable M, class D, class L>
FitReport fit(const M&, const D&, const L&, ...) = delete;  // no state: TrainingState(model, Adam(model), Random(1))

/// Refused: a state in the place of the model that is evaluated.
template <class no_model = void, class M, class O, class D, class L>
double evaluate(const TrainingState<M, O>&, const D&, const L&, ...) = delete;  // no model: state.model

}  // namespace unroll::inline UNROLL_TARGET
