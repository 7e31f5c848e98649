// expect: a_rule_has_arithmetic_and_exp_sigmoid_tanh_relu_without_std_but_no_comparison
// within: 20 lines
#include "parts.hpp"

struct WithMax {
  template <class V>
  static void forward(std::array<V, 2>& gates, std::array<V, 1>& state) {
    state[0] = std::max(gates[0], gates[1]);
  }
};

struct Mine : Name, Gates, States, Or<Forward, WithMax> {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
