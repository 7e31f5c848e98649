#pragma once

#include <array>
#include <cstddef>

#include "unroll/core/activations.hpp"
#include "unroll/core/dual.hpp"
#include "unroll/core/range.hpp"

/// A cell is a pointwise rule for one hidden unit at one step. It owns nothing, knows no sizes and sees no matrix:
///
///   struct MinimalGatedUnit {
///     static constexpr const char* name = "MinimalGatedUnit";
///     static constexpr std::array gate_names{"f", "n"};  // pre-activations, each W_ih x + W_hh h + b
///     static constexpr std::array state_names{"h"};      // the first state is the output and feeds back
///
///     template <class V>
///     static void forward(std::array<V, 2>& gates, std::array<V, 1>& state) {
///       auto& [f, n] = gates;
///       auto& [h] = state;
///       f = sigmoid(f);
///       h = h + f * (tanh(n) - h);
///     }
///   };
///
/// `forward` finds the pre-activations in `gates` and the previous states in `state`, and leaves the new states there.
/// V is not one number but several side by side. So a rule uses + - * / and exp, sigmoid, tanh, relu, sqrt and abs
/// without std::, and select_less(x, y, a, b), which is x < y ? a : b, in place of an if.
/// What else a cell may declare:
///   backward        the hand-written derivative (below); without it the engine derives it by dual numbers
///   input_gates     the run of gates that the input feeds (default: all)
///   recurrent_gates the run of gates that the hidden state feeds (default: all); {0, 0}: none, the units are then
///                   independent of one another, and the layer has no weight_hh
///   late_gates      the last recurrent gates, fed by `operand(gates, state)` instead of the hidden state, where
///                   `operand` may use the pre-activations of the other gates
///   initial_bias    the biases a fresh layer starts from, one a gate (default: 0)
///   activate, advance   of a cell without recurrent gates: `forward` in two parts (LinearCell)
/// A gate that neither the input nor the hidden state feeds is its bias alone: a weight of the unit, with its gradient
/// (see PeepholeLstm).
namespace unroll::inline UNROLL_TARGET {

/// A run of neighbouring gates.
struct GateRun {
  int first = 0;  ///< the first one's place in gate_names
  int count = 0;  ///< how many there are

  constexpr operator detail::Range() const { return {first, count}; }
};

/// G, the number of a cell's gates.
template <class C>
inline constexpr int gate_count = static_cast<int>(C::gate_names.size());
/// N, the number of a cell's states.
template <class C>
inline constexpr int state_count = static_cast<int>(C::state_names.size());

/// A value for each gate of a cell, in the order of its gate_names.
template <class C, class V>
using GateValues = std::array<V, C::gate_names.size()>;
/// A value for each state of a cell, in the order of its state_names.
template <class C, class V>
using StateValues = std::array<V, C::state_names.size()>;

/// The cell names its gates.
template <class C>
concept HasGateNames = requires { C::gate_names.size(); };
/// The cell names its states.
template <class C>
concept HasStateNames = requires { C::state_names.size(); };

/// forward(gates, state): turns pre-activations and previous states into activations and new states.
template <class C>
concept HasForward =
    requires(GateValues<C, Pack<float>>& gates, StateValues<C, Pack<float>>& state) { C::forward(gates, state); };

/// backward(gates, previous, next, d_state, d_gates): `gates` as `forward` left them, the states before and after.
/// `d_state` holds dL/d next and becomes the direct part of dL/d previous (what does not pass through a gate's
/// pre-activation); `d_gates` becomes dL/d pre-activation.
template <class C>
concept HasBackward = requires(const GateValues<C, Pack<float>>& gates, const StateValues<C, Pack<float>>& state,
                               StateValues<C, Pack<float>>& d_state, GateValues<C, Pack<float>>& d_gates) {
  C::backward(gates, state, state, d_state, d_gates);
};

/// operand(gates, previous): what feeds the late gates instead of the hidden state; it may use the early
/// pre-activations.
template <class C>
concept HasLateGates = requires(const GateValues<C, Pack<float>>& gates, const StateValues<C, Pack<float>>& previous) {
  C::late_gates.count;
  C::operand(gates, previous);
};

/// operand_backward(gates, previous, d_operand, d_state, d_gates) adds the operand's share to d_state and d_gates.
template <class C>
concept HasOperandBackward =
    requires(const GateValues<C, Pack<float>>& gates, const StateValues<C, Pack<float>>& previous,
             StateValues<C, Pack<float>>& d_state, GateValues<C, Pack<float>>& d_gates) {
      C::operand_backward(gates, previous, Pack<float>(0), d_state, d_gates);
    };

/// A cell without recurrent gates whose `forward` is activate(gates), which does not see the state, and then
/// advance(gates, state), which is cheap. So threads may share the steps of a long sequence in activate.
template <class C>
concept LinearCell = HasBackward<C> && C::recurrent_gates.count == 0 &&
                     requires(GateValues<C, Pack<float>>& gates, StateValues<C, Pack<float>>& state) {
                       C::activate(gates);
                       C::advance(gates, state);
                     };

/// What `Recurrent` can unroll: a struct as described at the top of this file.
template <class C>
concept Cell = HasGateNames<C> && HasStateNames<C> && HasForward<C> && requires { C::name; };

/// The gates that have rows in weight_ih.
template <class C>
constexpr GateRun input_gates() {
  if constexpr (requires { C::input_gates; })
    return C::input_gates;
  else
    return {0, gate_count<C>};
}

/// All gates that have rows in weight_hh, late ones included.
template <class C>
constexpr GateRun recurrent_gates() {
  if constexpr (requires { C::recurrent_gates; })
    return C::recurrent_gates;
  else
    return {0, gate_count<C>};
}

/// The recurrent gates that the operand feeds; none where the cell has no late gates.
template <class C>
constexpr GateRun late_gates() {
  if constexpr (HasLateGates<C>)
    return C::late_gates;
  else
    return {recurrent_gates<C>().first + recurrent_gates<C>().count, 0};
}

/// The recurrent gates that the hidden state itself feeds.
template <class C>
constexpr GateRun early_gates() {
  return {recurrent_gates<C>().first, recurrent_gates<C>().count - late_gates<C>().count};
}

namespace detail {

constexpr bool within(GateRun run, int count, int least) {  // not covered: runs at compile time
  return run.first >= 0 && run.count >= least && run.first + run.count <= count;
}

/// Compiles a cell's functions for packs before all other code does. So compilers report errors of the cell here, under
/// this name, not deep in the engine. A pack is several numbers: std::tanh does not take it, and `if` cannot test it.
template <class C>
void a_rule_has_arithmetic_and_exp_sigmoid_tanh_relu_without_std_but_no_comparison(
    GateValues<C, Pack<float>>& gates, StateValues<C, Pack<float>>& state) {  // not covered: compiled, never called
  C::forward(gates, state);
  if constexpr (HasBackward<C>) C::backward(gates, state, state, state, gates);
  if constexpr (HasLateGates<C>) C::operand(gates, state);
  if constexpr (HasOperandBackward<C>) C::operand_backward(gates, state, Pack<float>(0), state, gates);
}

/// Whether the cell has a member called backward, whatever it takes: with a second one the name is ambiguous.
struct NamedBackward {
  int backward;
};
template <class C>
struct WithNamedBackward : C, NamedBackward {};
template <class C>
concept NamesBackward = !std::is_final_v<C> && !requires { &WithNamedBackward<C>::backward; };

/// Whether `forward` takes a state that is gone behind the call: a copy, or one that it cannot change.
template <class C>
concept TakesStateByValue =
    requires(GateValues<C, Pack<float>>& gates) { C::forward(gates, StateValues<C, Pack<float>>()); };

/// Refuses at compile time what is not a cell, and says what is missing.
template <class C>
constexpr bool check_cell() {  // not covered: runs at compile time
  static_assert(requires { C::name; }, "a cell needs `static constexpr const char* name`");
  static_assert(HasGateNames<C>, "a cell needs `static constexpr std::array gate_names{...}`");
  static_assert(HasStateNames<C>, "a cell needs `static constexpr std::array state_names{...}`");
  if constexpr (HasGateNames<C> && HasStateNames<C>) {
    static_assert(HasForward<C>,
                  "a cell needs `template <class V> static void forward(std::array<V, G>& gates, std::array<V, N>& "
                  "state)`, G and N the numbers of its gate_names and state_names");
    static_assert(!TakesStateByValue<C>,
                  "a cell's forward takes std::array<V, N>& state: it leaves the new states there");
    if constexpr (HasForward<C>)
      static_cast<void>(&a_rule_has_arithmetic_and_exp_sigmoid_tanh_relu_without_std_but_no_comparison<C>);
    static_assert(
        !requires { C::input_gate; } && !requires { C::recurrent_gate; } && !requires { C::late_gate; } &&
            !requires { C::initial_biases; },
        "a cell's members are called input_gates, recurrent_gates, late_gates and initial_bias");
    static_assert(within(input_gates<C>(), gate_count<C>, 1), "a cell's input_gates must lie within its gate_names");
    static_assert(within(recurrent_gates<C>(), gate_count<C>, 0),
                  "a cell's recurrent_gates must lie within its gate_names");
    if constexpr (requires { C::late_gates; }) {
      static_assert(HasLateGates<C>,
                    "a cell with late_gates needs `template <class V> static V operand(const "
                    "std::array<V, G>& gates, const std::array<V, N>& previous)`");
      static_assert(late_gates<C>().first == early_gates<C>().first + early_gates<C>().count,
                    "a cell's late_gates must be the last of its recurrent_gates");
      static_assert(HasBackward<C> == HasOperandBackward<C>,
                    "a cell with late_gates gives both backward and operand_backward, or neither");
    }
    static_assert(HasBackward<C> || !NamesBackward<C>,
                  "a cell's backward is a static template `void backward(const std::array<V, G>& gates, const "
                  "std::array<V, N>& previous, const std::array<V, N>& next, std::array<V, N>& d_state, std::array<V, "
                  "G>& d_gates)`; without one it is derived");
    if constexpr (requires { C::initial_bias; })
      static_assert(C::initial_bias.size() == C::gate_names.size(), "a cell's initial_bias needs one value a gate");
  }
  return true;
}

/// Gates and states as independent variables: gates first.
template <class C, class V>
struct Variables {
  using D = Dual<V, C::gate_names.size() + C::state_names.size()>;
  GateValues<C, D> gates;
  StateValues<C, D> state;

  Variables(const GateValues<C, V>& gate_values, const StateValues<C, V>& state_values) {
    for (std::size_t g = 0; g < gates.size(); ++g) gates[g] = D::variable(gate_values[g], g);
    for (std::size_t n = 0; n < state.size(); ++n) state[n] = D::variable(state_values[n], gates.size() + n);
  }

  /// Adds d_value times the partials of `value` to the gradients.
  UNROLL_IN_A_LOOP static void pull_back(const D& value, const V& d_value, StateValues<C, V>& d_state,
                                         GateValues<C, V>& d_gates) {
    for (std::size_t g = 0; g < d_gates.size(); ++g) d_gates[g] += d_value * value.partial[g];
    for (std::size_t n = 0; n < d_state.size(); ++n) d_state[n] += d_value * value.partial[d_gates.size() + n];
  }
};

/// The backward step of a rule that gives none, from its Jacobian by dual numbers.
template <class C, class V>
UNROLL_IN_A_LOOP void derived_backward(const GateValues<C, V>& gates, const StateValues<C, V>& previous,
                                       StateValues<C, V>& d_state, GateValues<C, V>& d_gates) {
  Variables<C, V> at(gates, previous);
  C::forward(at.gates, at.state);
  const StateValues<C, V> d_next = d_state;
  d_state.fill(V(0));
  d_gates.fill(V(0));
  for (std::size_t n = 0; n < d_next.size(); ++n) at.pull_back(at.state[n], d_next[n], d_state, d_gates);
}

template <class C, class V>
UNROLL_IN_A_LOOP void step_backward(const GateValues<C, V>& gates, const StateValues<C, V>& previous,
                                    const StateValues<C, V>& next, StateValues<C, V>& d_state,
                                    GateValues<C, V>& d_gates) {
  if constexpr (HasBackward<C>)
    C::backward(gates, previous, next, d_state, d_gates);
  else
    derived_backward<C, V>(gates, previous, d_state, d_gates);
}

template <class C, class V>
UNROLL_IN_A_LOOP void operand_backward(const GateValues<C, V>& gates, const StateValues<C, V>& previous,
                                       const V& d_operand, StateValues<C, V>& d_state, GateValues<C, V>& d_gates) {
  if constexpr (HasOperandBackward<C>) {
    C::operand_backward(gates, previous, d_operand, d_state, d_gates);
  } else {
    const Variables<C, V> at(gates, previous);
    at.pull_back(C::operand(at.gates, at.state), d_operand, d_state, d_gates);
  }
}

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
