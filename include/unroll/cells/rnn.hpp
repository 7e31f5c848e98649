#pragma once

#include "unroll/cells/cell.hpp"

namespace unroll::inline UNROLL_TARGET::cells {

/// The simple recurrent network (Elman 1990), with tanh.
///
///   h = tanh(a)
struct Rnn {
  static constexpr const char* name = "Rnn";
  static constexpr std::array gate_names{"a"};
  static constexpr std::array state_names{"h"};

  template <class V>
  static void forward(std::array<V, 1>& gates, std::array<V, 1>& state) {
    gates[0] = tanh(gates[0]);
    state[0] = gates[0];
  }

  template <class V>
  UNROLL_IN_A_LOOP static void backward(const std::array<V, 1>&, const std::array<V, 1>&, const std::array<V, 1>& next,
                                        std::array<V, 1>& d_state, std::array<V, 1>& d_gates) {
    d_gates[0] = d_state[0] * (1 - next[0] * next[0]);
    d_state[0] = 0;
  }
};

/// The simple recurrent network with rectified linear units (Le, Jaitly & Hinton 2015).
///
///   h = max(a, 0)
struct ReluRnn {
  static constexpr const char* name = "ReluRnn";
  static constexpr std::array gate_names{"a"};
  static constexpr std::array state_names{"h"};

  template <class V>
  static void forward(std::array<V, 1>& gates, std::array<V, 1>& state) {
    gates[0] = relu(gates[0]);
    state[0] = gates[0];
  }

  template <class V>
  UNROLL_IN_A_LOOP static void backward(const std::array<V, 1>&, const std::array<V, 1>&, const std::array<V, 1>& next,
                                        std::array<V, 1>& d_state, std::array<V, 1>& d_gates) {
    d_gates[0] = select_less(V(0), next[0], d_state[0], V(0));
    d_state[0] = 0;
  }
};

}  // namespace unroll::inline UNROLL_TARGET::cells
