// expect: a_rule_has_arithmetic_and_exp_sigmoid_tanh_relu_without_std_but_no_comparison
#include "parts.hpp"

struct WithStd {
  template <class V>
  static void forward(std::array<V, 2>& gates, std::array<V, 1>& state) {
    state[0] = std::tanh(gates[0]) + gates[1];
  }
};

struct Mine : Name, Gates, States, Or<Forward, WithStd> {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
