#pragma once

#include "unroll/layers/states.hpp"

/// A model of a user's own around another: y = x + inner(x).
template <class L>
struct Skip : unroll::LayerOfLayers<Skip<L>> {
  using Scalar = typename L::Scalar;
  using State = typename L::State;
  using Input = unroll::Input<Scalar>;
  using Output = unroll::Output<Scalar>;
  static constexpr int InputSize = L::InputSize, OutputSize = L::OutputSize;

  struct Tape : unroll::LayerTape<Scalar, State> {
    typename L::Tape inner;
  };

  L inner;

  explicit Skip(const L& layer) : inner(layer) {}
  unroll::Index input_size() const { return inner.input_size(); }
  unroll::Index output_size() const { return inner.output_size(); }
  State empty_state() const { return state_for(inner); }

  Output run(const Input& x, Tape& tape, const unroll::Batch& batch, const State& initial,
             const unroll::ForwardOptions& options) const {
    tape.y = x + inner.run(x, tape.inner, batch, initial, options);
    tape.final_state = tape.inner.final_state;
    return tape.output();
  }
  Output run_back(const Input& x, const Input& d_y, Tape& tape, Skip& gradient, const unroll::BackwardOptions& options,
                  const State& d_final) const {
    tape.d_x = d_y + inner.run_back(x, d_y, tape.inner, gradient.inner, options, d_final);
    tape.d_initial = tape.inner.d_initial;
    return tape.d_input();
  }
  unroll::Index require_forward(unroll::Index rows, unroll::Index columns, const unroll::Batch& batch,
                                const State& initial) const {
    return inner.require_forward(rows, columns, batch, initial);
  }
  void require_backward(unroll::Index rows, unroll::Index columns, const Tape& tape, const Skip& gradient,
                        const unroll::BackwardOptions& options, const State& d_final) const {
    inner.require_backward(rows, columns, tape.inner, gradient.inner, options, d_final);
  }
  static const char* name() { return "Skip"; }

  template <class F, class... Skips>
  static void children(F&& f, const std::string& prefix, Skips&... skips) {
    f(prefix + "inner.", skips.inner...);
  }
};
