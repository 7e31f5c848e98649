#pragma once

#include "unroll/cells/cell.hpp"

namespace unroll::inline UNROLL_TARGET::cells {

/// The gated recurrent unit without recurrent weights (Feng et al. 2024, "Were RNNs all we needed?", section 3.1): the
/// gates see the input alone, so units do not wait for one another.
///
///   z = sigmoid(z)
///   h = (1 - z) h + z n
struct MinGru {
  static constexpr const char* name = "MinGru";
  static constexpr std::array gate_names{"z", "n"};
  static constexpr std::array state_names{"h"};
  static constexpr GateRun recurrent_gates{0, 0};

  template <class V>
  static void forward(std::array<V, 2>& gates, std::array<V, 1>& state) {
    activate(gates);
    advance(gates, state);
  }
  template <class V>
  UNROLL_IN_A_LOOP static void activate(std::array<V, 2>& gates) {
    gates[0] = sigmoid(gates[0]);
  }
  template <class V>
  UNROLL_IN_A_LOOP static void advance(const std::array<V, 2>& gates, std::array<V, 1>& state) {
    const auto& [z, n] = gates;
    state[0] = state[0] + z * (n - state[0]);
  }

  template <class V>
  UNROLL_IN_A_LOOP static void backward(const std::array<V, 2>& gates, const std::array<V, 1>& previous,
                                        const std::array<V, 1>&, std::array<V, 1>& d_state, std::array<V, 2>& d_gates) {
    const auto& [z, n] = gates;
    auto& [d_h] = d_state;
    auto& [d_z, d_n] = d_gates;
    d_z = d_h * (n - previous[0]) * z * (1 - z);
    d_n = d_h * z;
    d_h = d_h * (1 - z);
  }
};

/// The long short-term memory without recurrent weights, its gates normalised to a sum of 1 (Feng et al. 2024, section
/// 3.2).
///
///   i = sigmoid(i)   f = sigmoid(f)
///   h = (f h + i n) / (f + i)
struct MinLstm {
  static constexpr const char* name = "MinLstm";
  static constexpr std::array gate_names{"i", "f", "n"};
  static constexpr std::array state_names{"h"};
  static constexpr GateRun recurrent_gates{0, 0};

  template <class V>
  static void forward(std::array<V, 3>& gates, std::array<V, 1>& state) {
    activate(gates);
    advance(gates, state);
  }
  template <class V>
  UNROLL_IN_A_LOOP static void activate(std::array<V, 3>& gates) {
    gates[0] = sigmoid(gates[0]);
    gates[1] = sigmoid(gates[1]);
  }
  template <class V>
  UNROLL_IN_A_LOOP static void advance(const std::array<V, 3>& gates, std::array<V, 1>& state) {
    const auto& [i, f, n] = gates;
    state[0] = state[0] + share(i, f) * (n - state[0]);
  }

  template <class V>
  UNROLL_IN_A_LOOP static void backward(const std::array<V, 3>& gates, const std::array<V, 1>& previous,
                                        const std::array<V, 1>&, std::array<V, 1>& d_state, std::array<V, 3>& d_gates) {
    const auto& [i, f, n] = gates;
    auto& [d_h] = d_state;
    auto& [d_i, d_f, d_n] = d_gates;
    const V s = share(i, f);
    const V d = d_h * (n - previous[0]) * s * (1 - s);
    d_i = d * (1 - i);
    d_f = -d * (1 - f);
    d_n = d_h * s;
    d_h = d_h * (1 - s);
  }

 private:
  /// i / (f + i), and 0 where both gates are closed so tightly that they are 0.
  template <class V>
  UNROLL_IN_A_LOOP static V share(const V& i, const V& f) {
    return i / (f + i + 1e-30);
  }
};

}  // namespace unroll::inline UNROLL_TARGET::cells
