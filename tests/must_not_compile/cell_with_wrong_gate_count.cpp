// expect: a cell needs `template <class V> static void forward(std::array<V, G>& gates, std::array<V, N>& state)`
#include "parts.hpp"

struct ThreeGates {
  static constexpr std::array gate_names{"a", "b", "c"};
};

struct Mine : Name, Or<Gates, ThreeGates>, States, Forward {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
