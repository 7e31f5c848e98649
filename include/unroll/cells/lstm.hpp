#pragma once

#include "unroll/cells/cell.hpp"

namespace unroll::inline UNROLL_TARGET::cells {

/// Long short-term memory with a forget gate (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000).
///
///   i = sigmoid(i)   f = sigmoid(f)   g = tanh(g)   o = sigmoid(o)
///   c = f c + i g
///   h = o tanh(c)
///
/// The forget gate starts open, its bias at 1 (Jozefowicz, Zaremba & Sutskever 2015).
struct Lstm {
  static constexpr const char* name = "Lstm";
  static constexpr std::array gate_names{"i", "f", "g", "o"};
  static constexpr std::array state_names{"h", "c"};
  static constexpr std::array initial_bias{0.0, 1.0, 0.0, 0.0};

  template <class V>
  static void forward(std::array<V, 4>& gates, std::array<V, 2>& state) {
    auto& [i, f, g, o] = gates;
    auto& [h, c] = state;
    i = sigmoid(i);
    f = sigmoid(f);
    g = tanh(g);
    o = sigmoid(o);
    c = f * c + i * g;
    h = o * tanh(c);
  }

  template <class V>
  static void backward(const std::array<V, 4>& gates, const std::array<V, 2>& previous, const std::array<V, 2>& next,
                       std::array<V, 2>& d_state, std::array<V, 4>& d_gates) {
    const auto& [i, f, g, o] = gates;
    auto& [d_h, d_c] = d_state;
    auto& [d_i, d_f, d_g, d_o] = d_gates;
    const V tanh_c = tanh(next[1]);
    d_o = d_h * tanh_c * o * (1 - o);
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c);
    d_i = d_c * g * i * (1 - i);
    d_f = d_c * previous[1] * f * (1 - f);
    d_g = d_c * i * (1 - g * g);
    d_c = d_c * f;
    d_h = 0;
  }
};

}  // namespace unroll::inline UNROLL_TARGET::cells
