// expect: a_rule_calls_tanh_and_the_like_without_std
#include "parts.hpp"

struct WithStd {
  template <class V>
  static void forward(std::array<V, 2>& gates, std::array<V, 1>& state) {
    state[0] = std::tanh(gates[0]) + gates[1];
  }
};

struct Mine : Name, Gates, States, Or<Forward, WithStd> {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
