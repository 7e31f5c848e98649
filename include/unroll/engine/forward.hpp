#pragma once

#include "unroll/engine/tape.hpp"

/// The forward engine: one product for the input of all steps, then one step after the other.
namespace unroll::detail {

/// gates(:, j) = bias + W_ih x(:, j), for the gates that the input feeds; the others get their bias alone.
template <class Cell, class Scalar>
void project_input(const ForwardPanels<Cell, Scalar>& panels, const Scalar* x, Index x_stride, Index columns,
                   Scalar* gates) {
  static constexpr GateRun run = input_gates<Cell>();
  const GateRows<Scalar>& rows = panels.rows;
  const Scalar* bias = panels.bias.data();
  const auto start = [&](auto& tile, Index block, Index column) {
    for_each_sum<run.count>(tile, block, column, [&](int gate, Index b, Index, Pack<Scalar>& sum) {
      sum = Pack<Scalar>::load(bias + rows.row(b, run.first + gate));
    });
  };
  const auto finish = [&](auto& tile, Index block, Index column) {
    for_each_sum<run.count>(tile, block, column, [&](int gate, Index b, Index c, Pack<Scalar> sum) {
      Scalar* column_gates = gates + c * rows.size();
      sum.store(column_gates + rows.row(b, run.first + gate));
      if (gate != 0) return;
      for (int other = 0; other < gate_count<Cell>; ++other)
        if (other < run.first || other >= run.first + run.count)
          Pack<Scalar>::load(bias + rows.row(b, other)).store(column_gates + rows.row(b, other));
    });
  };
  multiply<run.count, Scalar>(panels.input.blocks(), {x, columns, x_stride, 1, panels.input.depth()}, start, finish);
}

/// The columns of one step.
template <class Cell, class Scalar>
struct StepColumns {
  static constexpr std::size_t N = Cell::state_names.size();

  Index count;                          // B
  Scalar* gates;                        // P x B: in, bias and input part; out, what the rule leaves
  std::array<const Scalar*, N> before;  // H x B each
  std::array<Scalar*, N> next;          // H x B each
  Scalar* operand;                      // H x B, late gates only
};

template <class Cell, class Scalar>
StateValues<Cell, Pack<Scalar>> load_states(const std::array<const Scalar*, Cell::state_names.size()>& states,
                                            Index offset, Index count) {
  StateValues<Cell, Pack<Scalar>> values;
  for (std::size_t n = 0; n < values.size(); ++n) values[n] = Pack<Scalar>::load(states[n] + offset, count);
  return values;
}

template <class Cell, class Scalar>
GateValues<Cell, Pack<Scalar>> load_gates(const GateRows<Scalar>& rows, const Scalar* column, Index block) {
  GateValues<Cell, Pack<Scalar>> values;
  for (int g = 0; g < gate_count<Cell>; ++g)
    values[static_cast<std::size_t>(g)] = Pack<Scalar>::load(column + rows.row(block, g));
  return values;
}

template <class Cell, class Scalar>
void store_gates(const GateRows<Scalar>& rows, const GateValues<Cell, Pack<Scalar>>& values, Scalar* column,
                 Index block) {
  for (int g = 0; g < gate_count<Cell>; ++g) values[static_cast<std::size_t>(g)].store(column + rows.row(block, g));
}

/// Adds panels times `b` to the gates of `run`, then hands each block of units of each column to
/// rule(gates, block, column).
template <class Cell, int Gates, class Scalar, class Rule>
void multiply_gates(const Panels<Scalar>& panels, const GateRows<Scalar>& rows, int first, const Scalar* b, Index units,
                    const StepColumns<Cell, Scalar>& step, Rule rule) {
  const auto start = [&](auto& tile, Index block, Index column) {
    for_each_sum<Gates>(tile, block, column, [&](int gate, Index u, Index c, Pack<Scalar>& sum) {
      sum = Pack<Scalar>::load(step.gates + c * rows.size() + rows.row(u, first + gate));
    });
  };
  const auto finish = [&](auto& tile, Index block, Index column) {
    for_each_sum<Gates>(tile, block, column, [&](int gate, Index u, Index c, Pack<Scalar> sum) {
      sum.store(step.gates + c * rows.size() + rows.row(u, first + gate));
      if (gate == Gates - 1) rule(u, c);
    });
  };
  multiply<Gates, Scalar>(panels.blocks(), {b, step.count, units, 1, units}, start, finish);
}

/// One step of all columns: the recurrent product, and the cell's rule while its sums are at hand.
/// active(b): whether column b takes the step; the states of the others become zero.
template <class Cell, class Scalar, class Active>
void forward_step(const ForwardPanels<Cell, Scalar>& panels, const StepColumns<Cell, Scalar>& step, Active active) {
  const GateRows<Scalar>& rows = panels.rows;
  const Index units = rows.units;
  const auto apply_rule = [&](Index block, Index column) {
    const Index offset = column * units + block * rows.lanes;
    Scalar* column_gates = step.gates + column * rows.size();
    auto gates = load_gates<Cell>(rows, column_gates, block);
    auto state = load_states<Cell, Scalar>(step.before, offset, rows.count(block));
    step_forward<Cell, Pack<Scalar>>(gates, state);
    store_gates<Cell>(rows, gates, column_gates, block);
    for (std::size_t n = 0; n < state.size(); ++n) {
      if (!active(column)) state[n] = Scalar(0);
      state[n].store(step.next[n] + offset, rows.count(block));
    }
  };
  static constexpr GateRun early = early_gates<Cell>(), late = late_gates<Cell>();
  if constexpr (late.count == 0) {
    multiply_gates<Cell, early.count>(panels.early, rows, early.first, step.before[0], units, step, apply_rule);
  } else {
    const auto make_operand = [&](Index block, Index column) {
      const Index offset = column * units + block * rows.lanes;
      const auto gates = load_gates<Cell>(rows, step.gates + column * rows.size(), block);
      const auto state = load_states<Cell, Scalar>(step.before, offset, rows.count(block));
      Cell::operand(gates, state).store(step.operand + offset, rows.count(block));
    };
    multiply_gates<Cell, early.count>(panels.early, rows, early.first, step.before[0], units, step, make_operand);
    multiply_gates<Cell, late.count>(panels.late, rows, late.first, step.operand, units, step, apply_rule);
  }
}

/// Irregular batches: copies the states that step t starts from.
template <class Cell, class Scalar>
void gather_previous(RecurrentTape<Cell, Scalar>& tape, Index t) {
  for (std::size_t n = 0; n < tape.states.size(); ++n)
    for (Index b = 0; b < tape.size(); ++b) {
      auto to = tape.previous[n].col(t * tape.size() + b);
      const bool last = tape.direction == Direction::reverse && t + 1 == tape.batch.length(b, tape.steps);
      const Index from = last ? tape.steps : tape.previous_block(t);
      if (tape.fresh(t, b))
        to.setZero();
      else
        to = tape.states[n].col(from * tape.size() + b);
    }
}

/// The state after each sequence's own last step; the initial state where there was none.
template <class Cell, class Scalar>
void take_final_state(RecurrentTape<Cell, Scalar>& tape) {
  const bool forward = tape.direction == Direction::forward;
  for (std::size_t n = 0; n < tape.states.size(); ++n) {
    Matrix<Scalar>& to = tape.final_state.values[n];
    to.resize(tape.states[n].rows(), tape.size());
    for (Index b = 0; b < tape.size(); ++b) {
      const Index length = tape.batch.length(b, tape.steps);
      const Index block = forward ? length : length == 0 ? tape.steps : 0;
      to.col(b) = tape.states[n].col(block * tape.size() + b);
    }
  }
}

/// last: the final h; mean: the mean of h over each sequence's own steps, zero where there are none.
template <class Cell, class Scalar>
void read_out(RecurrentTape<Cell, Scalar>& tape) {
  if (tape.readout == Readout::all) return;
  tape.read.setZero(tape.states[0].rows(), tape.size());
  for (Index b = 0; b < tape.size(); ++b) {
    const Index length = tape.batch.length(b, tape.steps);
    if (length == 0) continue;
    if (tape.readout == Readout::last) {
      tape.read.col(b) = tape.final_state.values[0].col(b);
    } else {
      for (Index t = 0; t < length; ++t) tape.read.col(b) += tape.states[0].col(tape.next_block(t) * tape.size() + b);
      tape.read.col(b) /= static_cast<Scalar>(length);
    }
  }
}

}  // namespace unroll::detail
