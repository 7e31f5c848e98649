#pragma once

#include <unroll/cells/cell.hpp>

/// A memory that a gate writes and that fades by itself; how much of it stays a step is a weight of the unit.
///
///   i = sigmoid(i)   g = tanh(g)   r = sigmoid(r)
///   h = (1 - i) r h + i g
///
/// r is a gate that neither the input nor the hidden state feeds: its bias is all there is of it.
struct FadingMemory {
  static constexpr const char* name = "FadingMemory";
  static constexpr std::array gate_names{"i", "g", "r"};
  static constexpr std::array state_names{"h"};
  static constexpr unroll::GateRun input_gates{0, 2}, recurrent_gates{0, 2};

  template <class V>
  static void forward(std::array<V, 3>& gates, std::array<V, 1>& state) {
    const V i = sigmoid(gates[0]), g = tanh(gates[1]), r = sigmoid(gates[2]);
    auto& [h] = state;
    h = (1 - i) * r * h + i * g;
  }
};
