// The cells of examples/04_your_own_cell and 16_gates, checked as their authors would check them.

#include "../../examples/04_your_own_cell/coupled_gate_lstm.hpp"
#include "../../examples/16_gates/fading_memory.hpp"
#include "catch.hpp"
#include "unroll/testing/cell_contract.hpp"

TEST_CASE("a user's cell keeps the contract") {
  CHECK(unroll::testing::broken_clauses<CoupledGateLstm>() == std::vector<std::string>{});
  CHECK(unroll::testing::broken_clauses<FadingMemory>() == std::vector<std::string>{});
}
