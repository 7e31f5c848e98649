#pragma once

#include "unroll/layers/packed.hpp"
#include "unroll/layers/states.hpp"

namespace unroll {

/// How the two directions' outputs become one.
enum class Merge { concatenate, sum };

/// The states of both directions' layers.
template <class LayerState>
struct BidirectionalState {
  LayerState forward;
  LayerState reverse;

  template <class F, class... States>
  static void visit(F&& f, const std::string& prefix, States&... states) {
    LayerState::visit(f, prefix + "forward.", states.forward...);
    LayerState::visit(f, prefix + "reverse.", states.reverse...);
  }
};

/// Two layers over the same input, one in each direction of time (Schuster & Paliwal 1997).
///
/// The outputs are the forward layer's rows above the reverse layer's, or their sum.
template <class L>
class Bidirectional : public LayerBase<Bidirectional<L>> {
 public:
  using Scalar = typename L::Scalar;
  static constexpr int InputSize = L::InputSize;
  static constexpr int OutputSize = Dynamic;

  using State = BidirectionalState<typename L::State>;

  struct Tape : LayerTape<Scalar, State> {
    typename L::Tape forward_layer;
    typename L::Tape reverse_layer;
  };

  L forward_layer;
  L reverse_layer;
  Merge merge;

  /// Throws std::invalid_argument unless the layers are one of each direction and of the same sizes.
  Bidirectional(L forward, L reverse, Merge how = Merge::concatenate)
      : forward_layer(std::move(forward)), reverse_layer(std::move(reverse)), merge(how) {
    detail::require(forward_layer.unrolling.direction == Direction::forward &&
                        reverse_layer.unrolling.direction == Direction::reverse,
                    "Bidirectional: expected a forward layer and a reverse one");
    detail::require(forward_layer.unrolling.readout == reverse_layer.unrolling.readout,
                    "Bidirectional: the two layers' readouts differ");
    detail::require(forward_layer.input_size() == reverse_layer.input_size() &&
                        forward_layer.output_size() == reverse_layer.output_size(),
                    "Bidirectional: the forward layer is ", forward_layer.input_size(), " to ",
                    forward_layer.output_size(), ", the reverse layer ", reverse_layer.input_size(), " to ",
                    reverse_layer.output_size());
  }
  Bidirectional(Index input_size, Index hidden_size, Random& random, Merge how = Merge::concatenate,
                Readout readout = Readout::all)
      : Bidirectional{L(input_size, hidden_size, random, {Direction::forward, readout}),  // braces: in this order
                      L(input_size, hidden_size, random, {Direction::reverse, readout}), how} {}

  Index input_size() const { return forward_layer.input_size(); }
  Index output_size() const { return forward_layer.output_size() * (merge == Merge::concatenate ? 2 : 1); }

  State empty_state() const { return {state_for(forward_layer), state_for(reverse_layer)}; }

  void initialize(Random& random, Initial initial = Initial::standard)
    requires Layer<L>
  {
    forward_layer.initialize(random, initial);
    reverse_layer.initialize(random, initial);
  }

  Output<Scalar> run(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State& initial) const {
    tape.recorded = false;
    const auto forward = forward_layer.run(x, tape.forward_layer, batch_of_layer(batch, 0), initial.forward);
    const auto reverse = reverse_layer.run(x, tape.reverse_layer, batch_of_layer(batch, 1), initial.reverse);
    detail::resize(tape.y, output_size(), forward.cols());
    for (Index j = 0; j < forward.cols(); ++j)
      if (merge == Merge::concatenate)
        tape.y.col(j) << forward.col(j), reverse.col(j);
      else
        tape.y.col(j) = forward.col(j) + reverse.col(j);
    tape.final_state = {tape.forward_layer.final_state, tape.reverse_layer.final_state};
    tape.recorded = true;
    return tape.output();
  }

  Output<Scalar> run_back(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Bidirectional& gradient,
                          const BackwardOptions& options, const State& d_final) const {
    const Index hidden = forward_layer.output_size();
    const auto d_forward = forward_layer.run_back(x, d_y.topRows(hidden), tape.forward_layer, gradient.forward_layer,
                                                  options, d_final.forward);
    const Index below = d_y.cols() > 0 ? d_y.rows() - hidden : 0;  // without columns there is no memory to point into
    const auto d_reverse = reverse_layer.run_back(x, d_y.middleRows(below, hidden), tape.reverse_layer,
                                                  gradient.reverse_layer, options, d_final.reverse);
    detail::assign(tape.d_x, d_forward + d_reverse);
    tape.d_initial = {tape.forward_layer.d_initial, tape.reverse_layer.d_initial};
    return tape.d_input();
  }

  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    forward_layer.require_forward(rows, columns, batch, initial.forward);
    return reverse_layer.require_forward(rows, columns, batch, initial.reverse);
  }

  void require_backward(Index rows, Index columns, const Tape& tape, const Bidirectional& gradient,
                        const BackwardOptions& options, const State& d_final) const {
    forward_layer.require_backward(rows, columns, tape.forward_layer, gradient.forward_layer, options, d_final.forward);
    reverse_layer.require_backward(rows, columns, tape.reverse_layer, gradient.reverse_layer, options, d_final.reverse);
    detail::require_recorded(name(), tape.recorded);
    detail::require(tape.y.rows() == output_size(), "Bidirectional::backward: the tape is of ", tape.y.rows(),
                    " outputs, this layer has ", output_size());
  }

  std::optional<NonFinite> find_non_finite(const Tape& tape) const { return find_non_finite_in_layers(*this, tape); }

  /// Both layers packed in a storage.
  template <class Storage = Full>
  auto pack(Storage storage = {}) const {
    return unroll::Bidirectional(detail::packed(forward_layer, storage), detail::packed(reverse_layer, storage), merge);
  }

  static const char* name() { return "Bidirectional"; }

  template <class F, class... Layers>
  static void children(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "forward.", layers.forward_layer...);
    f(prefix + "reverse.", layers.reverse_layer...);
  }

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    children(visit_of_each(f), prefix, layers...);
  }
};

}  // namespace unroll
