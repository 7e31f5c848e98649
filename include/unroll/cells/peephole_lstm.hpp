#pragma once

#include "unroll/cells/cell.hpp"

namespace unroll::inline UNROLL_TARGET::cells {

/// A long short-term memory whose gates see the memory itself, unit by unit, which lets it measure time (Gers &
/// Schmidhuber 2000, "Recurrent nets that time and count", equations 1 to 5).
///
///   i = sigmoid(i + p_i c_{t-1})   f = sigmoid(f + p_f c_{t-1})   g = tanh(g)
///   c = f c_{t-1} + i g
///   o = sigmoid(o + p_o c)
///   h = o tanh(c)
///
/// The peephole weights p_i, p_f, p_o are gates that nothing feeds, so they are their biases alone. They start at 0;
/// the forget gate's bias starts at 1.
struct PeepholeLstm {
  static constexpr const char* name = "PeepholeLstm";
  static constexpr std::array gate_names{"i", "f", "g", "o", "p_i", "p_f", "p_o"};
  static constexpr std::array state_names{"h", "c"};
  static constexpr GateRun input_gates{0, 4};
  static constexpr GateRun recurrent_gates{0, 4};
  static constexpr std::array initial_bias{0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0};

  template <class V>
  static void forward(std::array<V, 7>& gates, std::array<V, 2>& state) {
    auto& [i, f, g, o, p_i, p_f, p_o] = gates;
    auto& [h, c] = state;
    i = sigmoid(i + p_i * c);
    f = sigmoid(f + p_f * c);
    g = tanh(g);
    c = f * c + i * g;
    o = sigmoid(o + p_o * c);
    h = o * tanh(c);
  }

  template <class V>
  static void backward(const std::array<V, 7>& gates, const std::array<V, 2>& previous, const std::array<V, 2>& next,
                       std::array<V, 2>& d_state, std::array<V, 7>& d_gates) {
    const auto& [i, f, g, o, p_i, p_f, p_o] = gates;
    auto& [d_h, d_c] = d_state;
    auto& [d_i, d_f, d_g, d_o, d_p_i, d_p_f, d_p_o] = d_gates;
    const V tanh_c = tanh(next[1]);
    d_o = d_h * tanh_c * o * (1 - o);
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c) + d_o * p_o;
    d_i = d_c * g * i * (1 - i);
    d_f = d_c * previous[1] * f * (1 - f);
    d_g = d_c * i * (1 - g * g);
    d_p_i = d_i * previous[1];
    d_p_f = d_f * previous[1];
    d_p_o = d_o * next[1];
    d_c = d_c * f + d_i * p_i + d_f * p_f;
    d_h = 0;
  }
};

}  // namespace unroll::inline UNROLL_TARGET::cells
