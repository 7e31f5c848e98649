#include "catch.hpp"
#include "unroll/testing/cell_contract.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;
using Broken = std::vector<std::string>;

TEST_CASE("every built-in cell keeps the contract") {
  CHECK(testing::broken_clauses<cells::Rnn>() == Broken{});
  CHECK(testing::broken_clauses<cells::ReluRnn>() == Broken{});
  CHECK(testing::broken_clauses<cells::Lstm>() == Broken{});
  CHECK(testing::broken_clauses<cells::Gru>() == Broken{});
  CHECK(testing::broken_clauses<cells::OriginalGru>() == Broken{});
  CHECK(testing::broken_clauses<cells::PeepholeLstm>() == Broken{});
  CHECK(testing::broken_clauses<cells::MinGru>() == Broken{});
  CHECK(testing::broken_clauses<cells::MinLstm>() == Broken{});
}
