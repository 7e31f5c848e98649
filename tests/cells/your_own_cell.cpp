// The cells of examples/04_your_own_cell and 16_gates, checked as their authors would check them.

#include "../../examples/04_your_own_cell/coupled_gate_lstm.hpp"
#include "../../examples/16_gates/fading_memory.hpp"
#include "catch.hpp"
#include "unroll/testing/cell_contract.hpp"

namespace {

/// A rule with a kink and without a backward rule: dual numbers take select_less, abs and sqrt, too.
struct Leaky {
  static constexpr const char* name = "Leaky";
  static constexpr std::array gate_names{"n"};
  static constexpr std::array state_names{"h"};

  template <class V>
  static void forward(std::array<V, 1>& gates, std::array<V, 1>& state) {
    const V n = gates[0];
    state[0] = 0.5 * state[0] + select_less(V(0), n, n, 0.1 * n) / sqrt(1 + n * n) - 0.25 * abs(n);
  }
};

}  // namespace

TEST_CASE("a user's cell keeps the contract") {
  CHECK(unroll::testing::broken_clauses<CoupledGateLstm>() == std::vector<std::string>{});
  CHECK(unroll::testing::broken_clauses<FadingMemory>() == std::vector<std::string>{});
  CHECK(unroll::testing::broken_clauses<Leaky>() == std::vector<std::string>{});
}
