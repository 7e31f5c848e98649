#pragma once

#include "unroll/engine/sweep.hpp"
#include "unroll/engine/unroll.hpp"

/// The backward pass: sweeps over the steps, then the gradients of the weights and of x. Each of these is one product
/// over the steps of a chunk.
namespace unroll::inline UNROLL_TARGET::detail {

/// dL/dh of every step from dL/d read-out.
template <class Step, class Scalar = typename Step::Scalar>
void spread_read_out(RecurrentTape<Step>& tape, const Input<Scalar>& d_y) {
  resize_to_zeros(tape.d_read, d_y.rows(), tape.columns());
  for (Index b = 0; b < tape.size(); ++b) {
    const Index length = tape.batch.length(b, tape.steps);
    if (length == 0) continue;
    const Scalar* const d = column_of(d_y, b);
    if (tape.readout == Readout::last) {
      std::copy_n(d, d_y.rows(), column_of(tape.d_read, tape.last_step(b) * tape.size() + b));
    } else {
      const Scalar share = 1 / static_cast<Scalar>(length);
      for (Index t = 0; t < length; ++t)
        for (Index i = 0; i < d_y.rows(); ++i) tape.d_read(i, t * tape.size() + b) = d[i] * share;
    }
  }
}

/// Makes the tape ready for a backward pass, and returns dL/dh of every step.
template <class Step, class Scalar = typename Step::Scalar>
Input<Scalar> begin_backward(RecurrentTape<Step>& tape, const typename Step::Parameters& weights,
                             const Input<Scalar>& d_y, const typename RecurrentTape<Step>::State& d_final,
                             const BackwardOptions& options) {
  tape.content = RecurrentTape<Step>::Content::nothing;  // until the gates are whole again
  tape.d_h_norms.assign(options.record_norms ? static_cast<std::size_t>(tape.steps) : 0, 0.0);
  tape.clip_report = {};
  for (std::size_t n = 0; n < tape.states.size(); ++n) {
    for (auto* d : {&tape.d_state[n], &tape.d_initial.values[n]}) resize(*d, tape.states[n].rows(), tape.size());
    tape.d_initial.values[n].setZero();
    if (tape.steps == 0 && d_final.values[n].size() != 0) tape.d_initial.values[n] = d_final.values[n];
  }
  if (tape.dropout.on()) resize(tape.dropout.d_fed_back, weights.outputs(), tape.size());
  tape.buffers.resize_back(weights.units(), tape.size());
  const Index rows = Step::output_rows(weights.units(), weights.outputs());
  tape.d_output.resize(rows == 0 ? 0 : 1, rows, tape.steps, tape.size());
  if (tape.readout == Readout::all) return d_y;
  spread_read_out(tape, d_y);
  return tape.d_read;
}

/// Sets d_state to the final gradient of the sequences that end in the places [first, end), and to zero for the others.
/// An empty sequence counts to the first sweep.
template <class Step>
void take_final_gradient(RecurrentTape<Step>& tape, const typename RecurrentTape<Step>::State& d_final, Index first,
                         Index end) {
  for (std::size_t n = 0; n < tape.d_state.size(); ++n) {
    tape.d_state[n].setZero();
    for (Index b = 0; b < tape.size() && d_final.values[n].size() != 0; ++b) {
      const bool empty = tape.begins(b) == tape.ends(b);
      if (empty ? first == 0 : first < tape.ends(b) && tape.ends(b) <= end)
        std::copy_n(column_of(d_final.values[n], b), d_final.values[n].rows(), column_of(tape.d_state[n], b));
    }
  }
}

/// Turns the tape's gates into dL/d pre-activation, by one sweep or by one for each stride of a truncation.
template <class Step, class Scalar = typename Step::Scalar>
void sweep_back(RecurrentTape<Step>& tape, const Input<Scalar>& d_h, const BackwardOptions& options,
                const typename RecurrentTape<Step>::State& d_final, Index members) {
  const Index steps = tape.steps;
  const Index window = options.truncation.window == 0 ? steps : options.truncation.window;
  const Index stride = options.truncation.stride == 0 ? window : options.truncation.stride;
  const bool overlapping = stride < window && stride < steps;
  BlockedMatrix<Scalar> gates_sum, output_sum;  // of the sweeps' gradients
  if (overlapping) {
    for (auto* like_gates : {&gates_sum, &tape.part_d_gates})
      like_gates->resize(tape.gates.groups(), tape.gates.units(), steps, tape.size());
    for (auto* like_output : {&output_sum, &tape.part_d_output})
      like_output->resize(tape.d_output.groups(), tape.d_output.units(), steps, tape.size());
    gates_sum.set_zero();
    output_sum.set_zero();
  }
  double squares = 0;
  for (Index first = 0; first < steps; first += stride) {
    const Index end = (std::min)(first + stride, steps);
    const Index begin = window >= steps ? 0 : std::max<Index>(0, first + stride - window);
    take_final_gradient(tape, d_final, first, end);
    run_team(tape.options.pool, options.record_norms ? 1 : members, [&](const Member& member) {  // a norm is one sum
      Sweep<Step> sweep(tape, d_h, first, options, overlapping ? tape.part_d_gates : tape.gates,
                        overlapping ? tape.part_d_output : tape.d_output, member);
      const double clipped = sweep.run(begin, end);
      member.single([&] { squares += clipped; });  // only the first member clips
    });
    if (!overlapping) continue;
    const Index a = tape.step_at(begin), b = tape.step_at(end - 1);
    const Range columns{(std::min)(a, b) * tape.size(), (end - begin) * tape.size()};
    gates_sum.add(tape.part_d_gates, columns);
    output_sum.add(tape.part_d_output, columns);
  }
  if (overlapping) {
    tape.gates.swap(gates_sum);
    tape.d_output.swap(output_sum);
  }
  tape.clip_report.norm = std::sqrt(squares);
}

/// Adds dL/d weights of some columns to `sum` and computes their dL/dx; this is a member's part. x must be as the
/// forward pass used it.
template <class Step, class Scalar = typename Step::Scalar>
void add_weight_gradients(RecurrentTape<Step>& tape, const Input<Scalar>& x, Range columns,
                          typename Step::Parameters& sum, const Member& member) {
  using Cell = typename Step::Cell;
  static constexpr GateRun in = input_gates<Cell>(), early = early_gates<Cell>();
  Step::begin_gradients(tape, columns, member);
  add_outer_products<in.count>(Step::errors_of_input(tape), columns, in, 0, x, tape.packed_x, sum.weight_ih, member);
  if constexpr (early.count > 0)
    add_outer_products<early.count>(Step::errors_of_recurrent(tape), columns, early, 0,
                                    Output<Scalar>(tape.fed_back(0), tape.states[0].rows(), tape.columns()),
                                    tape.packed_x, sum.weight_hh, member);
  Step::add_gradients(tape, columns, sum, member);
  add_column_sums<gate_count<Cell>>(tape.gates, columns, tape.d_bias, member);
  multiply_transposed(tape.packed.input, Step::errors_of_input(tape), columns, in, tape.d_x, member);
}

/// RecurrentLayer::run_back.
template <class Step, class Scalar = typename Step::Scalar>
Output<Scalar> unroll_backward(const typename Step::Parameters& weights, const Input<Scalar>& x,
                               const Input<Scalar>& d_y, RecurrentTape<Step>& tape, typename Step::Parameters& gradient,
                               const BackwardOptions& options, const typename RecurrentTape<Step>::State& d_final) {
  ThreadPool* const pool = tape.options.pool;
  const RecurrentSizes sizes{tape.inputs, weights.units(), weights.outputs()};
  const Index members = team_size(tape, sizes);
  run_team(pool, members, [&](const Member& member) { tape.packed.pack_transposed(weights, member); });
  const Input<Scalar> d_h = begin_backward(tape, weights, d_y, d_final, options);
  sweep_back(tape, d_h, options, d_final, members);
  tape.content = RecurrentTape<Step>::Content::gradients;

  const Input<Scalar> seen = tape.batch.lengths.empty() ? x : Input<Scalar>(tape.input);
  resize(tape.d_x, tape.inputs, tape.columns());
  resize_to_zeros(tape.d_bias, weights.bias.size());
  for_each_sum({0, tape.columns()}, gradient, [&](typename Step::Parameters& sum, Range part) {
    run_team(pool, members, [&](const Member& member) {
      for_each_chunk(part, [&](Range chunk) { add_weight_gradients(tape, seen, chunk, sum, member); });
    });
  });
  add_rounded(tape.d_bias, gradient.bias);
  Step::finish_gradients(tape, gradient);
  return tape.d_input();
}

}  // namespace unroll::inline UNROLL_TARGET::detail
