#pragma once

#include "unroll/cells/cell.hpp"

namespace unroll::inline UNROLL_TARGET::cells {

/// Gated recurrent unit with the reset after the product (the form of cuDNN, PyTorch and Keras' `reset_after`).
///
///   r = sigmoid(r)   z = sigmoid(z)
///   n = tanh(n + r hn)
///   h = (1 - z) n + z h
///
/// The candidate keeps its input part `n` and its recurrent part `hn` apart: the input feeds n r z, the hidden state
/// feeds r z hn.
struct Gru {
  static constexpr const char* name = "Gru";
  static constexpr std::array gate_names{"n", "r", "z", "hn"};
  static constexpr std::array state_names{"h"};
  static constexpr GateRun input_gates{0, 3};
  static constexpr GateRun recurrent_gates{1, 3};

  template <class V>
  static void forward(std::array<V, 4>& gates, std::array<V, 1>& state) {
    auto& [n, r, z, hn] = gates;
    auto& [h] = state;
    r = sigmoid(r);
    z = sigmoid(z);
    n = tanh(n + r * hn);
    h = n + z * (h - n);
  }

  template <class V>
  UNROLL_IN_A_LOOP static void backward(const std::array<V, 4>& gates, const std::array<V, 1>& previous,
                                        const std::array<V, 1>&, std::array<V, 1>& d_state, std::array<V, 4>& d_gates) {
    const auto& [n, r, z, hn] = gates;
    auto& [d_h] = d_state;
    auto& [d_n, d_r, d_z, d_hn] = d_gates;
    d_n = d_h * (1 - z) * (1 - n * n);
    d_r = d_n * hn * r * (1 - r);
    d_z = d_h * (previous[0] - n) * z * (1 - z);
    d_hn = d_n * r;
    d_h = d_h * z;
  }
};

}  // namespace unroll::inline UNROLL_TARGET::cells
