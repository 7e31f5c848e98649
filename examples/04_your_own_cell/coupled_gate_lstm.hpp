#pragma once

#include <unroll/cells/cell.hpp>

/// The LSTM with coupled input and forget gate (Greff et al. 2017, "LSTM: A Search Space Odyssey", variant CIFG): what
/// it forgets makes room for what is new, i = 1 - f, which saves a quarter of the weights.
///
///   f = sigmoid(f)   g = tanh(g)   o = sigmoid(o)
///   c = f c + (1 - f) g
///   h = o tanh(c)
///
/// All that a cell needs: names and the forward equations. The library derives the rest.
struct CoupledGateLstm {
  static constexpr const char* name = "CoupledGateLstm";
  static constexpr std::array gate_names{"f", "g", "o"};
  static constexpr std::array state_names{"h", "c"};
  static constexpr std::array initial_bias{1.0, 0.0, 0.0};  // remember at first

  template <class V>
  static void forward(std::array<V, 3>& gates, std::array<V, 2>& state) {
    const V f = sigmoid(gates[0]), g = tanh(gates[1]), o = sigmoid(gates[2]);
    auto& [h, c] = state;
    c = f * c + (1 - f) * g;
    h = o * tanh(c);
  }
};
