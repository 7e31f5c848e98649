#pragma once

#include "unroll/engine/recurrent.hpp"

/// The members of a cell with two gates and one state, each on its own: a case inherits all it needs but one.

struct Name {
  static constexpr const char* name = "Mine";
};

struct Gates {
  static constexpr std::array gate_names{"a", "b"};
};

struct States {
  static constexpr std::array state_names{"h"};
};

struct Forward {
  template <class V>
  static void forward(std::array<V, 2>& gates, std::array<V, 1>& state) {
    state[0] = tanh(gates[0]) + gates[1];
  }
};

struct LateGates {
  static constexpr unroll::GateRun late_gates{1, 1};
};

struct Operand {
  template <class V>
  static V operand(const std::array<V, 2>& gates, const std::array<V, 1>& previous) {
    return sigmoid(gates[0]) * previous[0];
  }
};

struct Backward {
  template <class V>
  static void backward(const std::array<V, 2>&, const std::array<V, 1>&, const std::array<V, 1>&, std::array<V, 1>&,
                       std::array<V, 2>&) {}
};

struct OperandBackward {
  template <class V>
  static void operand_backward(const std::array<V, 2>&, const std::array<V, 1>&, const V&, std::array<V, 1>&,
                               std::array<V, 2>&) {}
};

struct Nothing {};

// What a case has when it must compile, and what when it must not.
#ifdef UNROLL_MUST_COMPILE
template <class Good, class Bad = Nothing>
using Or = Good;
constexpr int good_or(int good, int) { return good; }
#else
template <class Good, class Bad = Nothing>
using Or = Bad;
constexpr int good_or(int, int bad) { return bad; }
#endif
