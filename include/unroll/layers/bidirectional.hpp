#pragma once

#include "unroll/layers/packed.hpp"
#include "unroll/layers/side_by_side.hpp"

namespace unroll::inline UNROLL_TARGET {

/// How the two directions' outputs become one.
enum class Merge { concatenate, sum };

/// The states of both directions' layers.
template <class LayerState>
struct BidirectionalState {
  LayerState forward;  ///< the forward layer's
  LayerState reverse;  ///< the reverse layer's

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
class Bidirectional : public detail::SideBySide<Bidirectional<L>, typename L::Scalar> {
 public:
  using Scalar = typename L::Scalar;
  static constexpr int InputSize = L::InputSize;
  static constexpr int OutputSize = Dynamic;
  static constexpr bool trained = Layer<L>;

  using State = BidirectionalState<typename L::State>;

  struct Tape : LayerTape<Scalar, State> {
    typename L::Tape forward_layer;  ///< the forward layer's
    typename L::Tape reverse_layer;  ///< the reverse layer's

    /// Calls f(tape) for both.
    template <class F>
    void each_tape(F f) const {
      f(forward_layer);
      f(reverse_layer);
    }
  };

  L forward_layer;  ///< from the first step to the last
  L reverse_layer;  ///< from each sequence's last step to its first
  Merge merge;      ///< of their outputs

  /// Throws std::invalid_argument unless the layers are one of each direction and of the same sizes.
  Bidirectional(L forward, L reverse, Merge how = Merge::concatenate)
      : forward_layer(std::move(forward)), reverse_layer(std::move(reverse)), merge(how) {
    require_directions();
    detail::require(forward_layer.input_size() == reverse_layer.input_size() &&
                        forward_layer.output_size() == reverse_layer.output_size(),
                    "Bidirectional: the forward layer is ", forward_layer.input_size(), " to ",
                    forward_layer.output_size(), ", the reverse layer ", reverse_layer.input_size(), " to ",
                    reverse_layer.output_size());
  }
  /// Two layers with fresh weights, each of hidden_size units. Throws std::invalid_argument where a size is below 1.
  Bidirectional(Index input_size, Index hidden_size, Random& random, Merge how = Merge::concatenate,
                Readout readout = Readout::all)
      : Bidirectional{L(input_size, hidden_size, random, {Direction::forward, readout}),  // braces: in this order
                      L(input_size, hidden_size, random, {Direction::reverse, readout}), how} {}
  /// Refused: there is no Random, or a const one or a seed in its place.
  Bidirectional(Index, Index, ...) = delete;  // fresh weights are drawn from a Random that can change, after all sizes
  /// Refused: options of its layers.
  template <class no_such_option = void>
  Bidirectional(Index, Index, Random&, ...) = delete;  // options are those of its layers: Bidirectional(L(...), L(...))

  Index input_size() const { return forward_layer.input_size(); }
  Index output_size() const { return forward_layer.output_size() * (merge == Merge::concatenate ? 2 : 1); }

  /// As Layer says. Also throws std::invalid_argument where directions or read-outs were changed and do not fit.
  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    const Index given = detail::SideBySide<Bidirectional, Scalar>::require_forward(rows, columns, batch, initial);
    require_directions();
    return given;
  }

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

 private:
  friend detail::SideBySide<Bidirectional, Scalar>;

  void require_directions() const {
    detail::require(forward_layer.unrolling.direction == Direction::forward &&
                        reverse_layer.unrolling.direction == Direction::reverse,
                    "Bidirectional: expected a forward layer and a reverse one");
    detail::require(forward_layer.unrolling.readout == reverse_layer.unrolling.readout,
                    "Bidirectional: the two layers' readouts differ");
  }
  bool sums() const { return merge == Merge::sum; }
  template <class Of>
  static auto parts(Of& of) {
    return std::tie(of.forward_layer, of.reverse_layer);
  }
  static auto parts(State& state) { return std::tie(state.forward, state.reverse); }
  static auto parts(const State& state) { return std::tie(state.forward, state.reverse); }
};

}  // namespace unroll::inline UNROLL_TARGET
