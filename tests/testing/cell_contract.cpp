#include "unroll/testing/cell_contract.hpp"

#include "catch.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;

namespace {

/// What a cell can do wrong.
enum class Fault { none, gate, state, no_number, allocation, memory };

inline int calls = 0;  ///< of Leaky's rule

/// h = (h + tanh(a)) / 2, with one fault.
template <Fault fault>
struct Leaky {
  static constexpr const char* name = "Leaky";
  static constexpr std::array gate_names{"a"};
  static constexpr std::array state_names{"h"};

  template <class V>
  static void forward(std::array<V, 1>& gates, std::array<V, 1>& state) {
    if (fault == Fault::allocation) delete new volatile int(0);
    if (fault == Fault::memory) state[0] = state[0] + V(1e-3 * ++calls);  // a rule that remembers
    gates[0] = tanh(gates[0]);
    state[0] = V(0.5) * (state[0] + gates[0]);
  }

  template <class V>
  static void backward(const std::array<V, 1>& gates, const std::array<V, 1>&, const std::array<V, 1>&,
                       std::array<V, 1>& d_state, std::array<V, 1>& d_gates) {
    d_gates[0] = V(fault == Fault::gate ? 0.51 : 0.5) * d_state[0] * (1 - gates[0] * gates[0]);
    if (fault == Fault::no_number)  // beyond what the gradient check meets
      d_gates[0] = select_less(gates[0], V(0.95), d_gates[0], V(std::numeric_limits<double>::quiet_NaN()));
    d_state[0] = V(fault == Fault::state ? 0.51 : 0.5) * d_state[0];
  }
};

/// A rule that says to dual numbers something else than to registers.
struct WrongSlope {
  static constexpr const char* name = "WrongSlope";
  static constexpr std::array gate_names{"a"};
  static constexpr std::array state_names{"h"};

  template <class V>
  static void forward(std::array<V, 1>& gates, std::array<V, 1>& state) {
    state[0] = tanh(gates[0]);
    if constexpr (std::is_same_v<V, Pack<double>>) state[0] = V(1.01) * state[0];
  }
};

template <class Cell>
std::vector<std::string> broken() {
  calls = 0;
  return testing::broken_clauses<Cell>();
}

/// The clauses, one a line.
template <class Cell>
std::string text() {
  std::string result;
  for (const std::string& clause : broken<Cell>()) result += clause + "\n";
  return result;
}

}  // namespace

TEST_CASE("a cell without a fault keeps the contract", "[cell_contract]") {
  CHECK(broken<Leaky<Fault::none>>() == std::vector<std::string>{});
}

TEST_CASE("a wrong backward rule is named by both of its checks, in both directions", "[cell_contract]") {
  const auto check = [](const std::vector<std::string>& clauses) {
    REQUIRE(clauses.size() == 3);
    CHECK_THAT(clauses[0], contains_text("gradient: relative error "));
    CHECK_THAT(clauses[1], contains_text("gradient: relative error "));
    CHECK_THAT(clauses[2], contains_text("backward differs from the derived one by 0.0"));
  };
  check(broken<Leaky<Fault::gate>>());
  check(broken<Leaky<Fault::state>>());
}

TEST_CASE("a backward rule that gives no number is named", "[cell_contract]") {
  const auto clauses = broken<Leaky<Fault::no_number>>();
  REQUIRE(clauses.size() == 1);
  CHECK(clauses[0] == "backward differs from the derived one by nan");
}

TEST_CASE("a rule whose slope is not that of its value is named", "[cell_contract]") {
  const std::vector<std::string> clauses = broken<WrongSlope>();
  REQUIRE(clauses.size() == 2);  // forward and reverse
  for (const std::string& clause : clauses) CHECK_THAT(clause, contains_text("gradient: relative error "));
}

TEST_CASE("a step that allocates is named", "[cell_contract]") {
  if (!testing::counts_allocations) return;
  CHECK(broken<Leaky<Fault::allocation>>() == std::vector<std::string>{"allocations: a streaming step allocates"});
}

TEST_CASE("a rule with a memory of its own breaks all that compares two ways of a sequence", "[cell_contract]") {
  const std::string clauses = text<Leaky<Fault::memory>>();
  for (const char* clause :
       {"stream: outputs differ from the sequence's\n", "fixed: outputs differ from the layer with sizes at run time\n",
        "reverse: outputs are not those of the mirrored sequence\n",
        "carried state: a sequence in two parts differs from the whole\n",
        "columns: a sample's outputs depend on its neighbours\n"})
    CHECK_THAT(clauses, contains_text(clause));
}
