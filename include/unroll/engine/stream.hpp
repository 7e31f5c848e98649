#pragma once

#include "unroll/engine/batch.hpp"
#include "unroll/engine/state.hpp"
#include "unroll/engine/step.hpp"
#include "unroll/engine/weight_storage.hpp"

namespace unroll {

/// A recurrent layer run one step at a time: shared packed weights, and a state of its own.
///
/// `step`, `reset` and `restore` neither allocate nor throw. Copies share the weights.
template <class Step, int Inputs, int Outputs>
class RecurrentStream {
  using Cell = typename Step::Cell;
  static constexpr std::size_t N = Cell::state_names.size();

 public:
  using Scalar = typename Step::Scalar;
  using State = RecurrentState<Cell, Scalar>;

  /// Packs a copy of the weights.
  RecurrentStream(const typename Step::Parameters& weights, const Unrolling& how, WeightStorage storage)
      : weights_(storage, [&](auto& packed) { packed.pack(weights); }),
        input_size_(weights.weight_ih.cols()),
        output_size_(weights.outputs()),
        units_(weights.units()) {
    gates_.resize(gate_count<Cell>, units_, 1, 1);
    buffers_.resize(units_, output_size_, 1, 1);
    for (std::size_t n = 0; n < N; ++n) {
      const Index rows = detail::block_count<Scalar>(rows_of(n)) * Pack<Scalar>::size;
      for (auto* state : {&state_, &next_}) state->values[n].setZero(rows, 1);
      if (how.zoneout_rate(n) > 0) kept_.values[n].setConstant(rows, 1, static_cast<Scalar>(how.zoneout_rate(n)));
    }
  }

  /// I
  Index input_size() const noexcept { return Inputs == Dynamic ? input_size_ : Inputs; }
  /// H
  Index hidden_size() const noexcept { return units_; }
  /// O
  Index output_size() const noexcept { return Outputs == Dynamic ? output_size_ : Outputs; }

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
    weights_.visit([&]<class Weight>(const Packed<Weight>& packed) {
      if constexpr (Step::template takes_input<Weight>) {
        Step::forward(packed, gates_, buffers_, view, x);
      } else {
        Step::project(packed, x, input_size(), 1, gates_, buffers_, 0);
        Step::forward(packed, gates_, buffers_, view);
      }
    });
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
  template <class Weight>
  using Packed = typename Step::template Packed<Weight>;

  Index rows_of(std::size_t n) const noexcept { return n == 0 ? output_size_ : units_; }

  detail::SharedWeights<Scalar, Packed> weights_;
  Index input_size_;
  Index output_size_;
  Index units_;
  Index steps_ = 0;
  State state_;                       // each of one column, and room for whole blocks of units
  State next_;                        // the same
  State kept_;                        // zoneout's shares, as the states, or empty
  detail::GateBuffer<Scalar> gates_;  // one column
  typename Step::Buffers buffers_;    // of one column
};

}  // namespace unroll
