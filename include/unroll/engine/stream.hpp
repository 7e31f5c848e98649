#pragma once

#include "unroll/engine/forward.hpp"
#include "unroll/engine/weight_storage.hpp"

namespace unroll {

namespace detail {

/// The state of a stream of one sample, and room for the next.
template <class Cell, class Scalar>
class StreamedState {
 public:
  using State = RecurrentState<Cell, Scalar>;

  explicit StreamedState(Index hidden) : hidden_(hidden) {
    for (auto* state : {&state_, &next_})
      for (auto& value : state->values) value.setZero(block_count<Scalar>(hidden) * Pack<Scalar>::size, 1);
  }

  void reset() noexcept {
    for (auto& value : state_.values) value.setZero();
  }
  void save(State& to) const {
    for (std::size_t n = 0; n < state_.values.size(); ++n) assign(to.values[n], state_.values[n].topRows(hidden_));
  }
  bool fits(const State& saved) const noexcept {
    const auto fit = [this](const Matrix<Scalar>& value) {
      return value.size() == 0 || (value.rows() == hidden_ && value.cols() == 1);
    };
    return std::all_of(saved.values.begin(), saved.values.end(), fit);
  }
  /// Of a state that fits; empty matrices are zeros.
  void restore(const State& saved) noexcept {
    reset();
    for (std::size_t n = 0; n < state_.values.size(); ++n) {
      const Matrix<Scalar>& value = saved.values[n];
      if (value.size() != 0) state_.values[n].topRows(hidden_) = value;
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

  Index hidden_;
  State state_;  // each H x 1, and room for whole blocks of units
  State next_;   // the same
};

}  // namespace detail

/// A recurrent layer run one step at a time: shared packed weights, and a state of its own.
///
/// `step`, `reset` and `restore` neither allocate nor throw. Copies share the weights.
template <class Cell, class Scalar, int Inputs, int H>
class RecurrentStream : public detail::StreamedState<Cell, Scalar> {
  using Base = detail::StreamedState<Cell, Scalar>;
  using Base::hidden_;

 public:
  using State = RecurrentState<Cell, Scalar>;

  RecurrentStream(const Matrix<Scalar>& weight_ih, const Matrix<Scalar>& weight_hh, const Vector<Scalar>& bias,
                  const Unrolling& how, WeightStorage storage)
      : Base(weight_hh.cols()),
        weights_(storage, [&](auto& panels) { panels.pack(weight_ih, weight_hh, bias, weight_hh.cols()); }),
        input_size_(weight_ih.cols()) {
    const Index hidden = weight_hh.cols();
    gates_.resize(gate_count<Cell>, hidden, 1, 1);
    if (late_gates<Cell>().count > 0) operand_.setZero(this->state_.values[0].rows());
    for (std::size_t n = 0; n < kept_.values.size(); ++n)
      if (how.zoneout_rate(n) > 0)
        kept_.values[n].setConstant(this->state_.values[n].rows(), 1, static_cast<Scalar>(how.zoneout_rate(n)));
  }

  Index input_size() const noexcept { return Inputs == Dynamic ? input_size_ : Inputs; }
  Index hidden_size() const noexcept { return H == Dynamic ? hidden_ : H; }
  Index output_size() const noexcept { return hidden_size(); }

  /// One step: x has I values, the result H, valid until the next call.
  const Scalar* step(const Scalar* x) noexcept {
    weights_.visit([&]<class Weight>(const Panels<Weight>& panels) {
      using Step = detail::ForwardStep<Cell, Scalar, Weight>;
      Step step{panels, gates_, 0, 1, false};
      if constexpr (Step::takes_alone)
        step.x = x;
      else
        detail::project_input(panels, x, input_size(), 1, gates_, 0);
      this->connect(step);
      for (std::size_t n = 0; n < kept_.values.size(); ++n) step.kept[n] = kept_.values[n].data();
      step.fed_back = step.before[0];
      step.operand = operand_.data();
      step.t = ++steps_;
      step.padded = true;
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
  State kept_;                        // zoneout's shares, as the states, or empty
  detail::GateBuffer<Scalar> gates_;  // one column
  Vector<Scalar> operand_;            // H, late gates only
};

}  // namespace unroll
