#pragma once

#include <memory>
#include <utility>

#include "unroll/engine/batch.hpp"
#include "unroll/engine/state.hpp"
#include "unroll/engine/step.hpp"

namespace unroll {

/// A recurrent layer run one step at a time: packed weights, which copies share, and a state of its own.
///
/// `step`, `reset` and `restore` neither allocate nor throw.
template <class Step, int Inputs, int Outputs, class Storage>
class RecurrentStream {
  using Cell = typename Step::Cell;
  static constexpr std::size_t N = Cell::state_names.size();

 public:
  using Scalar = typename Step::Scalar;
  using State = RecurrentState<Cell, Scalar>;

  /// As they are packed.
  using Weights = typename Step::template Packed<Storage>;

  /// Of a layer with these weights and sizes, unrolled so.
  RecurrentStream(std::shared_ptr<const Weights> weights, const RecurrentSizes& sizes, const Unrolling& how)
      : weights_(std::move(weights)), sizes_(sizes) {
    gates_.resize(gate_count<Cell>, sizes.units, 1, 1);
    buffers_.resize(sizes.units, sizes.outputs, 1, 1);
    for (std::size_t n = 0; n < N; ++n) {
      const Index rows = detail::panel_count<Scalar>(rows_of(n)) * Pack<Scalar>::size;
      for (auto* state : {&state_, &next_}) state->values[n].setZero(rows, 1);
      if (how.zoneout_rate(n) > 0) kept_.values[n].setConstant(rows, 1, static_cast<Scalar>(how.zoneout_rate(n)));
    }
  }

  /// I
  Index input_size() const noexcept { return Inputs == Dynamic ? sizes_.inputs : Inputs; }
  /// H
  Index hidden_size() const noexcept { return sizes_.units; }
  /// O
  Index output_size() const noexcept { return Outputs == Dynamic ? sizes_.outputs : Outputs; }

  /// One step: x has I values, the result O, valid until the next call.
  const Scalar* step(const Scalar* x) noexcept {
    detail::ForwardView<Scalar, N> view{++steps_, 0, 1};
    for (std::size_t n = 0; n < N; ++n) {
      view.before[n] = state_.values[n].data();
      view.next[n] = next_.values[n].data();
      view.kept[n] = kept_.values[n].data();
    }
    view.fed_back = view.before[0];
    view.padded = true;
    if constexpr (Step::takes_input) {
      Step::forward(*weights_, gates_, buffers_, view, x);
    } else {
      Step::project(*weights_, x, input_size(), 1, gates_, buffers_, 0);
      Step::forward(*weights_, gates_, buffers_, view);
    }
    for (std::size_t n = 0; n < N; ++n) state_.values[n].swap(next_.values[n]);
    return state_.values[0].data();
  }

  /// Back to zeros.
  void reset() noexcept {
    for (auto& value : state_.values) value.setZero();
  }
  /// The state now; allocates nothing where `to` was saved into before.
  void save(State& to) const {
    for (std::size_t n = 0; n < N; ++n) detail::assign(to.values[n], state_.values[n].topRows(rows_of(n)));
  }
  /// Whether a state is empty or has the layer's shape.
  bool fits(const State& saved) const noexcept {
    bool fit = true;
    for (std::size_t n = 0; n < N; ++n)
      fit =
          fit && (saved.values[n].size() == 0 || (saved.values[n].rows() == rows_of(n) && saved.values[n].cols() == 1));
    return fit;
  }
  /// Of a state that fits; empty matrices are zeros.
  void restore(const State& saved) noexcept {
    reset();
    for (std::size_t n = 0; n < N; ++n)
      if (saved.values[n].size() != 0) state_.values[n].topRows(rows_of(n)) = saved.values[n];
  }

 private:
  Index rows_of(std::size_t n) const noexcept { return sizes_.rows_of_state(n); }

  std::shared_ptr<const Weights> weights_;
  RecurrentSizes sizes_;
  Index steps_ = 0;
  State state_;                          // each of one column, and room for whole panels of units
  State next_;                           // the same
  State kept_;                           // zoneout's shares, as the states, or empty
  detail::BlockedMatrix<Scalar> gates_;  // one column
  typename Step::Buffers buffers_;       // of one column
};

}  // namespace unroll
