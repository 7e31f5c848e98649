#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "unroll/engine/batch.hpp"
#include "unroll/engine/state.hpp"
#include "unroll/engine/step.hpp"
#include "unroll/engine/stream_shape.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A recurrent layer that runs one step at a time. It has packed weights, which its copies share, and its own state.
///
/// `step`, `reset` and `restore` neither allocate nor throw.
template <class Step, int Inputs, int Outputs, class Storage>
class RecurrentStream {
  using Cell = typename Step::Cell;
  static constexpr std::size_t N = Cell::state_names.size();

 public:
  using Scalar = typename Step::Scalar;
  using State = RecurrentState<Cell, Scalar>;

  /// The packed weights.
  using Weights = typename Step::template Packed<Storage>;

  /// A stream from zeros over these packed weights.
  template <class Samples>
  RecurrentStream(std::shared_ptr<const Weights> weights, const RecurrentSizes& sizes, const Unrolling& how,
                  Samples sample_count)
      : weights_(std::move(weights)), sizes_(sizes), samples_(sample_count) {
    gates_.resize(gate_count<Cell>, sizes.units, 1, sample_count);
    buffers_.resize(sizes.units, sizes.outputs, 1, sample_count);
    for (std::size_t n = 0; n < N; ++n) {
      const Index lanes = detail::lanes<Scalar>();
      const Index rows = sample_count == 1 ? detail::panel_count<Scalar>(rows_of(n)) * lanes : rows_of(n);
      for (auto* state : {&state_, &next_}) state->values[n].setZero(rows, sample_count);
      if (how.zoneout_rate(n) > 0)
        kept_.values[n].setConstant(rows, sample_count, static_cast<Scalar>(how.zoneout_rate(n)));
    }
    if constexpr (!std::is_same_v<Samples, OneSample>)
      if (sample_count > 1) run_several_ = &run_several;
  }

  /// I
  Index input_size() const noexcept { return Inputs == Dynamic ? sizes_.inputs : Inputs; }

  /// One step: x is I x B, the result O x B, valid until the next call.
  const Scalar* step(const Scalar* x) noexcept {
    if (run_several_ != nullptr)
      run_several_(*this, x);
    else
      run(x, 1);
    for (std::size_t n = 0; n < N; ++n) state_.values[n].swap(next_.values[n]);
    return state_.values[0].data();
  }

  /// Sets the state back to zeros.
  void reset() noexcept {
    for (auto& value : state_.values) value.setZero();
  }
  /// Copies the state into `to`; allocates nothing where `to` was saved into before.
  void save(State& to) const {
    for (std::size_t n = 0; n < N; ++n) detail::assign(to.values[n], state_.values[n].topRows(rows_of(n)));
  }
  /// Whether a state is empty or has the layer's shape, a column a sample.
  bool fits(const State& saved) const noexcept {
    bool fit = true;
    for (std::size_t n = 0; n < N; ++n)
      fit = fit && (saved.values[n].size() == 0 ||
                    (saved.values[n].rows() == rows_of(n) && saved.values[n].cols() == samples_));
    return fit;
  }
  /// Sets the state to one that fits; empty matrices are zeros.
  void restore(const State& saved) noexcept {
    reset();
    for (std::size_t n = 0; n < N; ++n)
      if (saved.values[n].size() != 0) state_.values[n].topRows(rows_of(n)) = saved.values[n];
  }

 private:
  Index rows_of(std::size_t n) const noexcept { return sizes_.rows_of_state(n); }

  EIGEN_ALWAYS_INLINE void run(const Scalar* x, Index samples) noexcept {
    detail::ForwardView<Scalar, N> view{++steps_, 0, samples};
    for (std::size_t n = 0; n < N; ++n) {
      view.before[n] = state_.values[n].data();
      view.next[n] = next_.values[n].data();
      view.kept[n] = kept_.values[n].data();
    }
    view.fed_back = view.before[0];
    view.padded = samples == 1;
    if constexpr (Step::takes_input) {
      Step::forward(*weights_, gates_, buffers_, view, x);
    } else {
      Step::project(*weights_, x, input_size(), samples, gates_, buffers_, 0);
      Step::forward(*weights_, gates_, buffers_, view);
    }
  }

  static void run_several(RecurrentStream& stream, const Scalar* x) noexcept { stream.run(x, stream.samples_); }

  std::shared_ptr<const Weights> weights_;
  RecurrentSizes sizes_;
  Index samples_;
  Index steps_ = 0;
  State state_;                          // B columns each; one column has room for whole panels of units
  State next_;                           // the same
  State kept_;                           // zoneout's shares, as the states, or empty
  detail::BlockedMatrix<Scalar> gates_;  // B columns
  typename Step::Buffers buffers_;       // of B columns
  // The step of several samples, or null.
  void (*run_several_)(RecurrentStream&, const Scalar*) noexcept = nullptr;
};

}  // namespace unroll::inline UNROLL_TARGET
