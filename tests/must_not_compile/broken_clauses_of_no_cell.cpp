// expect: a cell needs `template <class V> static void forward(std::array<V, G>& gates, std::array<V, N>& state)`
#include "unroll/testing/cell_contract.hpp"

struct Unit {
  static constexpr const char* name = "Unit";
  static constexpr std::array gate_names{"n", "r"};
  static constexpr std::array state_names{"h"};

#ifdef UNROLL_MUST_COMPILE
  template <class V>
  static void forward(std::array<V, 2>& gates, std::array<V, 1>& state) {
    state[0] = gates[0];
  }
#else
  template <class V>
  static void forward(std::array<V, 3>& gates, std::array<V, 1>& state) {
    state[0] = gates[0];
  }
#endif
};

int main() { return unroll::testing::broken_clauses<Unit>().empty(); }
