#pragma once

#include <vector>

#include "passes.hpp"

/// What truncated back-propagation is the exact gradient of: the loss of a model whose recurrent layers run chunk by
/// chunk from constant states.
///
/// Errors of the places [first, end) of a layer go back to the place `begin`, window before a whole stride: so these
/// outputs are those of a run over [begin, end) from a frozen state, the one of a run before anything was moved. A
/// sequence that has not begun at `begin` (its own end comes first in reverse) starts from its initial state, which is
/// not frozen, and one that has ended gives its final state once and no more.
namespace engine_test {

/// The frozen states in the order in which they are asked for: recorded by the first run, then played back.
class FrozenStates {
 public:
  bool recording() const { return recording_; }
  void replay() {
    recording_ = false;
    next_ = 0;
  }

  template <class State>
  void freeze(State& state) {
    const auto one = [&](auto& value) {
      if (recording_)
        states_.push_back(value);
      else
        value = states_[next_++];
    };
    for_each_state(one, state);
  }

 private:
  std::vector<Matrix<double>> states_;
  std::size_t next_ = 0;
  bool recording_ = true;
};

/// The steps [first, first + count) of a batch.
inline Batch steps_of(Batch batch, Index first, Index count) {
  for (Index& length : batch.lengths) length = std::clamp<Index>(length - first, 0, count);
  if (!batch.resets.empty()) {
    const auto from = batch.resets.begin() + first * batch.size;
    batch.resets = std::vector<bool>(from, from + count * batch.size);
  }
  return batch;
}

template <class State>
struct FrozenResult {
  Matrix<double> y;
  State final_state;
};

template <class Model>
using FrozenResultOf = FrozenResult<typename Model::State>;

template <class L>
  requires requires(const L& layer) { layer.unrolling; }
FrozenResultOf<L> frozen_forward(const L& layer, const Matrix<double>& x, const Batch& batch,
                                 const Truncation& truncation, const typename L::State& initial, FrozenStates& frozen) {
  const Index B = batch.size, steps = batch.steps(x.cols());
  const Index window = truncation.window == 0 ? steps : truncation.window;
  const Index stride = truncation.stride == 0 ? window : truncation.stride;
  const bool is_forward = layer.unrolling.direction == Direction::forward;
  // The places where a sequence begins and ends.
  const auto begins = [&](Index b) { return is_forward ? 0 : steps - batch.length(b, steps); };
  const auto ends = [&](Index b) { return is_forward ? batch.length(b, steps) : steps; };
  FrozenResultOf<L> result{Matrix<double>(layer.output_size(), x.cols()), initial};
  typename L::Tape tape;
  // The outputs of the places [begin, end).
  const auto run_places = [&](Index begin, Index end, const auto& from) {
    const Index first = is_forward ? begin : steps - end;
    return layer.forward(x.middleCols(first * B, (end - begin) * B), tape, steps_of(batch, first, end - begin), from);
  };
  for (Index first = 0; first < steps; first += stride) {
    const Index end = std::min(first + stride, steps);
    const Index begin = window >= steps ? 0 : std::max<Index>(0, first + stride - window);
    typename L::State start = initial;
    if (begin > 0) {
      if (frozen.recording()) {
        run_places(0, begin, initial);
        start = tape.final_state;
      }
      frozen.freeze(start);
      for (std::size_t n = 0; n < start.values.size(); ++n)
        for (Index b = 0; b < B; ++b) {
          auto column = start.values[n].col(b);
          const Index after = steps - begin;  // of a reverse layer: the step that a reset cuts off from `begin`
          if (begin <= begins(b))
            column = initial.values[n].col(b);
          else if (!is_forward && batch.reset(after, b))
            column.setZero();
        }
    }
    const auto y = run_places(begin, end, start);
    const Index kept = (end - first) * B;
    if (is_forward)
      result.y.middleCols(first * B, kept) = y.rightCols(kept);
    else
      result.y.middleCols((steps - end) * B, kept) = y.leftCols(kept);
    for (std::size_t n = 0; n < start.values.size(); ++n)
      for (Index b = 0; b < B; ++b)
        if (first == 0 || first < ends(b)) result.final_state.values[n].col(b) = tape.final_state.values[n].col(b);
  }
  return result;
}

template <class L>
FrozenResultOf<Bidirectional<L>> frozen_forward(const Bidirectional<L>& model, const Matrix<double>& x,
                                                const Batch& batch, const Truncation& truncation,
                                                const typename Bidirectional<L>::State& initial, FrozenStates& frozen) {
  const auto forward = frozen_forward(model.forward_layer, x, batch, truncation, initial.forward, frozen);
  const auto reverse = frozen_forward(model.reverse_layer, x, batch, truncation, initial.reverse, frozen);
  Matrix<double> y(model.output_size(), x.cols());
  y << forward.y, reverse.y;
  return {y, {forward.final_state, reverse.final_state}};
}

template <class L>
FrozenResultOf<Stack<L>> frozen_forward(const Stack<L>& model, const Matrix<double>& x, const Batch& batch,
                                        const Truncation& truncation, const typename Stack<L>::State& initial,
                                        FrozenStates& frozen) {
  FrozenResultOf<Stack<L>> result{x, initial};
  for (std::size_t k = 0; k < model.layers.size(); ++k) {
    const auto layer = frozen_forward(model.layers[k], result.y, batch, truncation, initial.layers[k], frozen);
    result.y = layer.y;
    result.final_state.layers[k] = layer.final_state;
  }
  return result;
}

/// As testing::check_gradient, against the differences of the frozen function.
template <class Model>
testing::GradientReport check_truncated_gradient(Model model, Sequence<Model> in,
                                                 const testing::GradientCheckOptions& options) {
  const Pass<Model> pass = run(model, in, options.backward);
  const testing::LinearLoss<Model> loss{in.d_y, in.d_final};
  FrozenStates frozen;
  const auto evaluate = [&] {
    const auto result = frozen_forward(model, in.x, in.batch, options.backward.truncation, in.initial, frozen);
    frozen.replay();
    return loss({result.y.data(), result.y.rows(), result.y.cols()}, result.final_state);
  };
  evaluate();
  Random random(options.seed);
  testing::GradientReport report;
  const auto compare = [&](const std::string& name, auto& values, const auto& d) {
    testing::compare_with_differences(name, values.data(), d.data(), values.size(), evaluate, options, random, report);
  };
  for_each_tensor(compare, model, pass.gradient);
  compare("x", in.x, pass.d_x);
  for_each_state([&](auto& values, const auto& d) { compare("initial state", values, d); }, in.initial, pass.d_initial);
  return report;
}

}  // namespace engine_test
