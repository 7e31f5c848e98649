// expect: a_rule_has_arithmetic_and_exp_sigmoid_tanh_relu_without_std_but_no_comparison
#include "parts.hpp"

struct WithStd {
  template <class V>
  static void backward(const std::array<V, 2>&, const std::array<V, 1>&, const std::array<V, 1>& next,
                       std::array<V, 1>& d_state, std::array<V, 2>&) {
    d_state[0] *= std::tanh(next[0]);
  }
};

struct Mine : Name, Gates, States, Forward, Or<Backward, WithStd> {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
