#pragma once

#include "unroll/layers/per_layer.hpp"
#include "unroll/layers/states.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// Layers over the same x, whose outputs stand one above the other or are summed. Branches and Bidirectional are made
/// of it. Derived defines sums(), and parts(of): a tuple of what its layers, a gradient, a tape or a state hold for
/// each layer.
template <class Derived, class Scalar>
class SideBySide : public LayerOfLayers<Derived> {
 public:
  template <class L = Derived>
  typename L::State empty_state() const {
    typename L::State state;
    walk_parts([](std::size_t, const auto& layer, auto& part) { part = state_for(layer); }, self(), state);
    return state;
  }

  template <class Tape, class State>
  Output<Scalar> run(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State& initial,
                     const ForwardOptions& options) const {
    tape.recorded = false;
    Index first = 0;  // of the layer's rows
    const auto run_one = [&](std::size_t k, const auto& layer, auto& layer_tape, const auto& state, auto& final_state) {
      const auto y = layer.run(x, layer_tape, batch, state, options_of_layer(options, k));
      if (k == 0) resize(tape.y, self().output_size(), y.cols());
      for (Index j = 0; j < y.cols(); ++j) {
        auto rows = tape.y.col(j).segment(first, y.rows());
        if (k > 0 && self().sums())
          rows += y.col(j);
        else
          rows = y.col(j);
      }
      if (!self().sums()) first += y.rows();
      final_state = layer_tape.final_state;
    };
    walk_parts(run_one, self(), tape, initial, tape.final_state);
    tape.recorded = true;
    return tape.output();
  }

  /// dL/dx is the sum of the layers'.
  template <class Tape, class State>
  Output<Scalar> run_back(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Derived& gradient,
                          const BackwardOptions& options, const State& d_final) const {
    Index first = 0;  // of the layer's rows; without columns there is no memory to point into
    const auto run_one = [&](std::size_t k, const auto& layer, auto& layer_tape, auto& layer_gradient,
                             const auto& state, auto& d_initial) {
      const auto d =
          layer.run_back(x, d_y.middleRows(first, layer.output_size()), layer_tape, layer_gradient, options, state);
      if (!self().sums() && d_y.cols() > 0) first += layer.output_size();
      if (k == 0)
        assign(tape.d_x, d);
      else
        tape.d_x += d;
      d_initial = layer_tape.d_initial;
    };
    walk_parts(run_one, self(), tape, gradient, d_final, tape.d_initial);
    return tape.d_input();
  }

  /// Also throws std::invalid_argument where some layers are read out and others are not.
  template <class State>
  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    Index first = 0;
    const auto check = [&](std::size_t k, const auto& layer, const auto& state) {
      const Index given = layer.require_forward(rows, columns, batch, state);
      if (k == 0) first = given;
      require(given == first, Derived::name(), ": branch ", k, " gives ", given, " columns, branch 0 gives ", first);
    };
    walk_parts(check, self(), initial);
    return first;
  }

  /// Throws std::invalid_argument where a layer does for numbers of x, as Chain does.
  void require_values(const Input<Scalar>& x, const Batch& batch) const {
    const auto check = [&](std::size_t, const auto& layer) {
      if constexpr (requires { layer.require_values(x, batch); }) layer.require_values(x, batch);
    };
    walk_parts(check, self());
  }

  template <class Tape, class State>
  void require_backward(Index rows, Index columns, const Tape& tape, const Derived& gradient,
                        const BackwardOptions& options, const State& d_final) const {
    const auto check = [&](std::size_t, const auto& layer, const auto& layer_tape, const auto& layer_gradient,
                           const auto& state) {
      layer.require_backward(rows, columns, layer_tape, layer_gradient, options, state);
    };
    walk_parts(check, self(), tape, gradient, d_final);
    require_recorded(Derived::name(), tape.recorded);
    require(tape.y.rows() == self().output_size(), Derived::name(), "::backward: the tape is of ", tape.y.rows(),
            " outputs, this layer has ", self().output_size());
  }

 private:
  const Derived& self() const { return static_cast<const Derived&>(*this); }

  template <class F, class... Things>
  static void walk_parts(F f, Things&... things) {
    [&](auto&&... parts) { walk(f, parts...); }(Derived::parts(things)...);
  }
};

}  // namespace unroll::inline UNROLL_TARGET::detail
