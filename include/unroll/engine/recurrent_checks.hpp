#pragma once

#include "unroll/cells/cell.hpp"
#include "unroll/engine/batch.hpp"
#include "unroll/engine/state.hpp"

/// What a recurrent layer refuses, with its own weights and with packed ones. Messages name the layer by Step::name().
namespace unroll::inline UNROLL_TARGET::detail {

/// Throws std::invalid_argument unless every state is empty or of `batch` columns.
template <class Step>
void require_state(const char* which, const RecurrentState<typename Step::Cell, typename Step::Scalar>& state,
                   const RecurrentSizes& sizes, Index batch) {
  for (std::size_t n = 0; n < state.values.size(); ++n) {
    const auto& value = state.values[n];
    const Index rows = sizes.rows_of_state(n);
    require(value.size() == 0 || (value.rows() == rows && value.cols() == batch), Step::name(), "::", which, " state ",
            Step::Cell::state_names[n], " is ", value.rows(), " x ", value.cols(), ", expected ", rows, " x ", batch);
  }
}

/// Throws std::invalid_argument unless a forward pass can take an x of this shape. Returns the number of output
/// columns.
template <class Step>
Index require_forward(const RecurrentSizes& sizes, const Unrolling& how, Index rows, Index columns, const Batch& batch,
                      const RecurrentState<typename Step::Cell, typename Step::Scalar>& initial) {
  require(rows == sizes.inputs, Step::name(), "::forward: x has ", rows, " rows, expected input_size ", sizes.inputs);
  batch.require_covers(Step::name(), columns);
  require(!batch.continues || how.direction == Direction::forward, Step::name(),
          "::forward: a reverse layer starts behind these steps and cannot go on from those before them "
          "(Batch::continues)");
  require_state<Step>("forward: the initial", initial, sizes, batch.size);
  return how.reads_out() ? batch.size : columns;
}

/// Throws std::invalid_argument unless each rate is at least 0 and below 1, and has something to act on.
template <class Step>
void require_rates(const Unrolling& how) {
  how.require_rates(Step::name(), recurrent_gates<typename Step::Cell>().count > 0,
                    state_count<typename Step::Cell> > 1);
}

}  // namespace unroll::inline UNROLL_TARGET::detail
