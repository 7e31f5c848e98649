#pragma once

#include <cassert>

#include "unroll/engine/forward.hpp"
#include "unroll/engine/weight_storage.hpp"

namespace unroll {

namespace detail {

/// The state of a stream of one sample, and room for the next.
template <class Cell, class Scalar>
class StreamedState {
 public:
  using State = RecurrentState<Cell, Scalar>;

  explicit StreamedState(Index hidden) {
    for (auto* state : {&state_, &next_})
      for (auto& value : state->values) value.setZero(hidden, 1);
  }

  void reset() noexcept {
    for (auto& value : state_.values) value.setZero();
  }
  void save(State& to) const { to = state_; }
  /// Empty matrices are zeros; others must be of one sample and this layer's size.
  void restore(const State& saved) noexcept {
    for (std::size_t n = 0; n < state_.values.size(); ++n) {
      const Matrix<Scalar>& value = saved.values[n];
      assert(value.size() == 0 || (value.rows() == state_.values[n].rows() && value.cols() == 1));
      if (value.size() == state_.values[n].size())
        state_.values[n] = value;
      else
        state_.values[n].setZero();
    }
  }

 protected:
  /// Points a step at the two.
  template <class Step>
  void connect(Step& step) noexcept {
    for (std::size_t n = 0; n < state_.values.size(); ++n) {
      step.before[n] = state_.values[n].data();
      step.next[n] = next_.values[n].data();
    }
  }
  /// What was next is now the state; its h.
  const Scalar* advance() noexcept {
    for (std::size_t n = 0; n < state_.values.size(); ++n) state_.values[n].swap(next_.values[n]);
    return state_.values[0].data();
  }

  State state_;  // each H x 1
  State next_;   // each H x 1
};

}  // namespace detail

/// A recurrent layer run one step at a time: shared packed weights, and a state of its own.
///
/// `step`, `reset` and `restore` neither allocate nor throw. Copies share the weights.
template <class Cell, class Scalar, int I, int H>
class RecurrentStream : public detail::StreamedState<Cell, Scalar> {
  using Base = detail::StreamedState<Cell, Scalar>;
  using Base::state_;

 public:
  using State = RecurrentState<Cell, Scalar>;

  RecurrentStream(const Matrix<Scalar>& weight_ih, const Matrix<Scalar>& weight_hh, const Vector<Scalar>& bias,
                  const Unrolling& how, WeightStorage storage)
      : Base(weight_hh.cols()),
        weights_(storage, [&](auto& panels) { panels.pack(weight_ih, weight_hh, bias, weight_hh.cols()); }),
        input_size_(weight_ih.cols()) {
    const Index hidden = weight_hh.cols();
    gates_.resize(gate_count<Cell>, hidden, 1, 1);
    if (late_gates<Cell>().count > 0) operand_.setZero(hidden);
    for (std::size_t n = 0; n < kept_.values.size(); ++n)
      if (how.zoneout_rate(n) > 0) kept_.values[n].setConstant(hidden, 1, static_cast<Scalar>(how.zoneout_rate(n)));
  }

  Index input_size() const noexcept { return I == Dynamic ? input_size_ : I; }
  Index hidden_size() const noexcept { return H == Dynamic ? state_.values[0].rows() : H; }
  Index output_size() const noexcept { return hidden_size(); }

  /// One step: x has I values, the result H, valid until the next call.
  const Scalar* step(const Scalar* x) noexcept {
    weights_.visit([&]<class Weight>(const Panels<Weight>& panels) {
      detail::project_input(panels, x, input_size(), 1, gates_, 0);
      detail::ForwardStep<Cell, Scalar, Weight> step{panels, gates_, 0, 1, false};
      this->connect(step);
      for (std::size_t n = 0; n < kept_.values.size(); ++n) step.kept[n] = kept_.values[n].data();
      step.fed_back = step.before[0];
      step.operand = operand_.data();
      step.t = ++steps_;
      step.run();
    });
    return this->advance();
  }

 private:
  template <class Weight>
  using Panels = detail::LayerPanels<Cell, Scalar, Weight>;

  detail::SharedWeights<Scalar, Panels> weights_;
  Index input_size_;
  Index steps_ = 0;
  State kept_;                        // zoneout's shares, each H x 1 or empty
  detail::GateBuffer<Scalar> gates_;  // one column
  Vector<Scalar> operand_;            // H, late gates only
};

}  // namespace unroll
