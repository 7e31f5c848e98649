// The cell of examples/04_your_own_cell, checked as its author would check it.

#include "../../examples/04_your_own_cell/coupled_gate_lstm.hpp"
#include "catch.hpp"
#include "unroll/testing/cell_contract.hpp"

TEST_CASE("a user's cell keeps the contract") {
  CHECK(unroll::testing::broken_clauses<CoupledGateLstm>() == std::vector<std::string>{});
}
