#pragma once

#include <string>
#include <vector>

#include "unroll/engine/recurrent.hpp"
#include "unroll/testing/allocations.hpp"
#include "unroll/testing/clauses.hpp"
#include "unroll/testing/gradient_check.hpp"

namespace unroll::inline UNROLL_TARGET::testing {

/// The options of broken_clauses.
struct CellContractOptions {
  double step = 1e-3;       ///< of the gradient check
  double tolerance = 1e-7;  ///< relative, of the gradient check
  std::uint64_t seed = 1;   ///< of weights and inputs
};

namespace detail {

template <class Cell>
class CellContract : Clauses {
 public:
  explicit CellContract(const CellContractOptions& options) : options_(options) {}

  /// The clauses that do not hold; empty where all do.
  std::vector<std::string> check() {
    for (const Direction direction : {Direction::forward, Direction::reverse}) gradient(direction);
    derived_backward();
    stream_equals_sequence();
    fixed_equals_dynamic();
    reverse_mirrors_forward();
    carried_state_equals_whole();
    columns_are_independent();
    step_allocates_nothing();
    return std::move(broken_);
  }

 private:
  using Layer = Recurrent<Cell, double>;
  static constexpr Index inputs = 3, hidden = 7, steps = 11, batch = 5;

  Layer layer(Direction direction = Direction::forward) const {
    Random random(options_.seed);
    Layer result(inputs, hidden, random, {direction});
    for (Index i = 0; i < result.bias.size(); ++i) result.bias[i] += random.uniform(0.5);
    return result;
  }
  Matrix<double> input(Index columns = steps * batch) const {
    Random random(options_.seed + 1);
    return random_matrix(inputs, columns, random);
  }
  typename Layer::State state() const {
    Random random(options_.seed + 2);
    typename Layer::State result;
    for (auto& value : result.values) value = random_matrix(hidden, batch, random);
    return result;
  }

  void gradient(Direction direction) {
    GradientCheckOptions options;
    options.step = options_.step;
    const GradientReport report = check_gradient(layer(direction), input(), {.size = batch}, options, state());
    expect(report.worst <= options_.tolerance,
           unroll::detail::text("gradient: relative error ", report.worst, " at ", report.where));
  }

  /// A hand-written backward rule against the one that dual numbers derive.
  void derived_backward() {
    if constexpr (HasBackward<Cell>) {
      using V = Pack<double>;
      Random random(options_.seed + 3);
      const auto draw = [&](auto& values) {
        for (auto& value : values) value = V(random.uniform(2));
      };
      double worst = 0;
      const auto compare = [&](const auto& a, const auto& b) {
        for (std::size_t i = 0; i < a.size(); ++i) {
          double lanes_a[V::size], lanes_b[V::size];
          a[i].store(lanes_a);
          b[i].store(lanes_b);
          const double scale = (std::max)({std::abs(lanes_a[0]), std::abs(lanes_b[0]), 1.0});
          worst = unroll::detail::larger_or_nan(worst, std::abs(lanes_a[0] - lanes_b[0]) / scale);
        }
      };
      for (int trial = 0; trial < 100; ++trial) {
        GateValues<Cell, V> gates, d_gates, d_gates_derived;
        StateValues<Cell, V> previous, d_state, d_state_derived;
        draw(gates);
        draw(previous);
        draw(d_state);
        d_state_derived = d_state;
        const auto pre_activations = gates;
        auto next = previous;
        Cell::forward(gates, next);
        Cell::backward(gates, previous, next, d_state, d_gates);
        unroll::detail::derived_backward<Cell, V>(pre_activations, previous, d_state_derived, d_gates_derived);
        compare(d_gates, d_gates_derived);
        compare(d_state, d_state_derived);
        if constexpr (HasOperandBackward<Cell>) {
          const V d_operand(random.uniform(2));
          const unroll::detail::Variables<Cell, V> at(pre_activations, previous);
          Cell::operand_backward(gates, previous, d_operand, d_state, d_gates);
          at.pull_back(Cell::operand(at.gates, at.state), d_operand, d_state_derived, d_gates_derived);
          compare(d_gates, d_gates_derived);
          compare(d_state, d_state_derived);
        }
      }
      expect(worst <= 1e-12, unroll::detail::text("backward differs from the derived one by ", worst));
    }
  }

  void stream_equals_sequence() {
    const Layer one = layer();
    const Matrix<double> x = input(steps);
    typename Layer::Tape tape;
    const auto y = one.forward(x, tape);
    auto stream = one.stream();
    bool equal = true;
    for (Index t = 0; t < steps; ++t) {
      const double* h = stream.step(x.col(t).data());
      equal = equal && std::equal(h, h + hidden, y.col(t).data());
    }
    expect(equal, "stream: outputs differ from the sequence's");
  }

  void fixed_equals_dynamic() {
    const Layer dynamic = layer();
    auto fixed = Recurrent<Cell, double, static_cast<int>(inputs), static_cast<int>(hidden)>::zeros();
    fixed.weight_ih = dynamic.weight_ih;
    fixed.weight_hh = dynamic.weight_hh;
    fixed.bias = dynamic.bias;
    typename Layer::Tape tape, fixed_tape;
    const Matrix<double> x = input();
    expect(dynamic.forward(x, tape, {.size = batch}) == fixed.forward(x, fixed_tape, {.size = batch}),
           "fixed: outputs differ from the layer with sizes at run time");
  }

  void reverse_mirrors_forward() {
    const Matrix<double> x = input();
    Matrix<double> mirrored(x.rows(), x.cols());
    for (Index t = 0; t < steps; ++t)
      mirrored.middleCols(t * batch, batch) = x.middleCols((steps - 1 - t) * batch, batch);
    typename Layer::Tape tape, reverse_tape;
    const auto y = layer().forward(x, tape, {.size = batch}, state());
    const auto reversed = layer(Direction::reverse).forward(mirrored, reverse_tape, {.size = batch}, state());
    bool equal = true;
    for (Index t = 0; t < steps; ++t)
      equal = equal && y.middleCols(t * batch, batch) == reversed.middleCols((steps - 1 - t) * batch, batch);
    expect(equal, "reverse: outputs are not those of the mirrored sequence");
  }

  void carried_state_equals_whole() {
    const Matrix<double> x = input();
    constexpr Index first = 4 * batch;
    typename Layer::Tape whole, head, tail;
    const auto y = layer().forward(x, whole, {.size = batch}, state());
    const auto y_head = layer().forward(x.leftCols(first), head, {.size = batch}, state());
    const auto y_tail = layer().forward(x.rightCols(x.cols() - first), tail, {.size = batch}, head.final_state);
    expect(y.leftCols(first) == y_head && y.rightCols(x.cols() - first) == y_tail,
           "carried state: a sequence in two parts differs from the whole");
  }

  void columns_are_independent() {
    const Matrix<double> x = input();
    typename Layer::Tape together, alone;
    const auto y = layer().forward(x, together, {.size = batch});
    bool equal = true;
    for (Index b = 0; b < batch; ++b) {
      Matrix<double> column(inputs, steps);
      for (Index t = 0; t < steps; ++t) column.col(t) = x.col(t * batch + b);
      const auto y_alone = layer().forward(column, alone);
      for (Index t = 0; t < steps; ++t) equal = equal && y.col(t * batch + b) == y_alone.col(t);
    }
    expect(equal, "columns: a sample's outputs depend on its neighbours");
  }

  void step_allocates_nothing() {
    auto stream = layer().stream();
    const Matrix<double> x = input(1);
    const long before = allocations();
    for (int t = 0; t < 100; ++t) stream.step(x.data());
    const long after = allocations();  // before the clause's text allocates
    expect(after == before, "allocations: a streaming step allocates");
  }

  CellContractOptions options_;
};

}  // namespace detail

/// Tests a cell in one line: the gradient against central differences in both directions, a hand-written backward
/// against the derived one, stream = sequence, fixed sizes = sizes at run time, reverse = mirrored, carried state =
/// whole, independent columns, and no allocation in a step (counted where `counts_allocations`). Returns the clauses
/// that do not hold.
///
///   CHECK(unroll::testing::broken_clauses<MyCell>() == std::vector<std::string>{});
template <class C>
std::vector<std::string> broken_clauses(const CellContractOptions& options = {}) {
  static_assert(unroll::detail::check_cell<C>());
  if constexpr (Cell<C>) return detail::CellContract<C>(options).check();
}

}  // namespace unroll::inline UNROLL_TARGET::testing
