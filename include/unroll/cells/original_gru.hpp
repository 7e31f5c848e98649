#pragma once

#include "unroll/cells/cell.hpp"

namespace unroll::inline UNROLL_TARGET::cells {

/// Gated recurrent unit as first published (Cho et al. 2014), the reset before the product: ONNX's default.
///
///   r = sigmoid(r)   z = sigmoid(z)
///   n = tanh(W_ih x + W_hh (r h) + b)
///   h = (1 - z) n + z h
struct OriginalGru {
  static constexpr const char* name = "OriginalGru";
  static constexpr std::array gate_names{"r", "z", "n"};
  static constexpr std::array state_names{"h"};
  static constexpr GateRun late_gates{2, 1};

  template <class V>
  static V operand(const std::array<V, 3>& gates, const std::array<V, 1>& previous) {
    return sigmoid(gates[0]) * previous[0];
  }

  template <class V>
  static void forward(std::array<V, 3>& gates, std::array<V, 1>& state) {
    auto& [r, z, n] = gates;
    auto& [h] = state;
    r = sigmoid(r);
    z = sigmoid(z);
    n = tanh(n);
    h = n + z * (h - n);
  }

  template <class V>
  UNROLL_IN_A_LOOP static void backward(const std::array<V, 3>& gates, const std::array<V, 1>& previous,
                                        const std::array<V, 1>&, std::array<V, 1>& d_state, std::array<V, 3>& d_gates) {
    const auto& [r, z, n] = gates;
    auto& [d_h] = d_state;
    auto& [d_r, d_z, d_n] = d_gates;
    d_r = 0;
    d_z = d_h * (previous[0] - n) * z * (1 - z);
    d_n = d_h * (1 - z) * (1 - n * n);
    d_h = d_h * z;
  }

  template <class V>
  UNROLL_IN_A_LOOP static void operand_backward(const std::array<V, 3>& gates, const std::array<V, 1>& previous,
                                                const V& d_operand, std::array<V, 1>& d_state,
                                                std::array<V, 3>& d_gates) {
    const V& r = gates[0];
    d_gates[0] += d_operand * previous[0] * r * (1 - r);
    d_state[0] += d_operand * r;
  }
};

}  // namespace unroll::inline UNROLL_TARGET::cells
