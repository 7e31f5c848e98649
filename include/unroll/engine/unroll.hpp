#pragma once

#include "unroll/engine/tape.hpp"

/// The forward pass: the loop over steps. Step says what one step computes (engine/pointwise_step.hpp).
namespace unroll::inline UNROLL_TARGET::detail {

/// How many threads of the pool share the units of a step. Without a recurrence they share the units of all steps at
/// once. With a LinearCell they share the steps too, if an output's product is large enough to pay for its way to
/// another thread's cache.
template <class Step>
Index team_size(const RecurrentTape<Step>& tape, const RecurrentSizes& sizes) {
  using Cell = typename Step::Cell;
  constexpr Index in = input_gates<Cell>().count, recurrent = recurrent_gates<Cell>().count;
  const Index panels = panel_count<typename Step::Scalar>(sizes.units);
  if constexpr (recurrent > 0)
    return team_size(tape.options.pool, panels, recurrent * sizes.units * sizes.outputs * tape.size());
  else
    return team_size(tape.options.pool, LinearCell<Cell> && sizes.inputs >= 24 ? tape.columns() : panels,
                     in * sizes.units * sizes.inputs * tape.columns());
}

/// Tells the tape of the layer and the batch, sets its states to the initial one, and draws the noise.
template <class Step, class Scalar = typename Step::Scalar>
void begin_forward(RecurrentTape<Step>& tape, const RecurrentSizes& sizes, const Unrolling& how, const Input<Scalar>& x,
                   const Batch& batch, const typename RecurrentTape<Step>::State& initial,
                   const ForwardOptions& options) {
  tape.content = RecurrentTape<Step>::Content::nothing;  // until the pass comes to its end
  tape.batch = batch;
  tape.options = options;
  tape.steps = batch.steps(x.cols());
  tape.inputs = x.rows();
  tape.direction = how.direction;
  tape.readout = how.readout;
  if (!batch.lengths.empty()) mask_past_ends(x, batch, tape.input);
  for (std::size_t n = 0; n < tape.states.size(); ++n) {
    const Index rows = sizes.rows_of_state(n);
    Matrix<Scalar>& start = tape.final_state.values[n];  // also the final state of sequences without steps
    if (initial.values[n].size() == 0)
      resize_to_zeros(start, rows, batch.size);
    else
      assign(start, initial.values[n]);
    resize(tape.states[n], rows, tape.whole(n) ? x.cols() + batch.size : 3 * batch.size);
    std::copy_n(start.data(), start.size(), tape.at(n, tape.previous_block(tape.step_at(0))));
    if (tape.irregular()) resize(tape.previous[n], rows, options.record ? x.cols() : batch.size);
    tape.zoneout[n].draw(batch.size, options, n, how.zoneout_rate(n), rows, x.cols());
  }
  if (how.readout == Readout::mean) resize_to_zeros(tape.read_sum, sizes.outputs, batch.size);
  tape.dropout.draw(batch.size, options, how.recurrent_dropout, sizes.outputs, x.cols());
}

/// Irregular batches: copies the states that step t starts from, for the member's units.
template <class Step>
void gather_previous(RecurrentTape<Step>& tape, Index t, const Member& member) {
  const Index to_block = tape.options.record ? t * tape.size() : 0;
  for (std::size_t n = 0; n < tape.states.size(); ++n) {
    const Index rows = tape.states[n].rows();
    const Range mine = member.units(rows, lanes<typename Step::Scalar>());
    for (Index b = 0; b < tape.size(); ++b) {
      auto* const to = column_of(tape.previous[n], to_block + b) + mine.first;
      const bool last = tape.direction == Direction::reverse && t + 1 == tape.batch.length(b, tape.steps);
      if (tape.fresh(t, b))
        std::fill_n(to, mine.count, typename Step::Scalar(0));
      else
        std::copy_n(tape.at(n, last ? tape.steps : tape.previous_block(t)) + b * rows + mine.first, mine.count, to);
    }
  }
}

/// Recurrent dropout: hides units of h from W_hh at step t.
template <class Step>
void mask_fed_back(RecurrentTape<Step>& tape, Index t) {
  const auto& mask = tape.dropout.mask;
  const auto* const h = tape.before(0, t);
  auto* const seen = column_of(tape.dropout.fed_back, t * tape.size());
  for (Index i = 0; i < mask.size(); ++i) seen[i] = mask.data()[i] * h[i];
}

/// Takes the final states of the sequences whose last step was t, and step t's part of the mean, for the member's
/// units. Other members may have computed them.
template <class Step>
void collect(RecurrentTape<Step>& tape, Index t, const Member& member) {
  const bool mean = tape.readout == Readout::mean;
  if (!mean && tape.batch.lengths.empty() && t != tape.step_at(tape.steps - 1)) return;
  for (std::size_t n = 0; n < tape.states.size(); ++n) {
    const Index rows = tape.states[n].rows();
    const Range mine = member.units(rows, lanes<typename Step::Scalar>());
    for (Index b = 0; b < tape.size(); ++b) {
      if (!tape.active(t, b)) continue;
      const auto* const state = tape.next(n, t) + b * rows;
      if (t == tape.last_step(b))
        std::copy_n(state + mine.first, mine.count, column_of(tape.final_state.values[n], b) + mine.first);
      for (Index i = mine.first; n == 0 && mean && i < mine.end(); ++i)
        tape.read_sum(i, b) += static_cast<double>(state[i]);
    }
  }
}

/// last: the final h; mean: the mean of h over each sequence's own steps. Zero for a sequence without steps.
template <class Step>
void read_out(RecurrentTape<Step>& tape) {
  using Scalar = typename Step::Scalar;
  if (tape.readout == Readout::all) return;
  resize_to_zeros(tape.read, tape.states[0].rows(), tape.size());
  for (Index b = 0; b < tape.size(); ++b) {
    const Index length = tape.batch.length(b, tape.steps);
    if (length == 0) continue;
    if (tape.readout == Readout::last)
      std::copy_n(column_of(tape.final_state.values[0], b), tape.read.rows(), column_of(tape.read, b));
    else
      for (Index i = 0; i < tape.read.rows(); ++i)
        tape.read(i, b) = static_cast<Scalar>(tape.read_sum(i, b) / static_cast<double>(length));
  }
}

/// Projects some columns of the input into the gates; this is a member's part. The members share the units. If a
/// LinearCell has fewer blocks of units than there are members, they share the columns instead, and the gates are
/// activated here, unless their weights have scales, which the rule applies. Returns whether they are activated.
template <class Step, class Packed, class Scalar>
bool project(RecurrentTape<Step>& tape, const Packed& packed, const Scalar* x, Index x_stride, Range columns,
             const Member& member) {
  using Cell = typename Step::Cell;
  if constexpr (LinearCell<Cell>)
    if (member.members() > tape.gates.panels() && packed.scale.panels() == 0) {
      member.wait();  // gates of the chunk before may lie there; they have been used
      const Range mine = member.part(columns.count);
      Step::project(packed, x + mine.first * x_stride, x_stride, mine.count, tape.gates, tape.buffers,
                    columns.first + mine.first);
      on_processor<Scalar>([&]<class P>() {
        for (Index block = 0; block < tape.gates.panels(); ++block)
          for (Index j = columns.first + mine.first; j < columns.first + mine.end(); ++j) {
            auto gates = load_gates<Cell, P>(tape.gates.at(block, j));
            Cell::activate(gates);
            store_gates<Cell, P>(gates, tape.gates.at(block, j));
          }
      });
      member.wait();  // all columns are there
      return true;
    }
  Step::project(packed, x, x_stride, columns.count, tape.gates, tape.buffers, columns.first, member);
  return false;
}

/// One member's forward pass: one product with the input of a chunk of steps, then step after step.
template <class Step, class Packed, class Scalar>
void run_steps(RecurrentTape<Step>& tape, const Packed& packed, const Scalar* x, Index x_stride, Index chunk,
               const Member& member) {
  constexpr bool coupled = recurrent_gates<typename Step::Cell>().count > 0;
  for (Index begin = 0; begin < tape.steps; begin += chunk) {
    const Index end = (std::min)(begin + chunk, tape.steps);
    const Index from = (std::min)(tape.step_at(begin), tape.step_at(end - 1));  // the chunk's first step
    const Index shift = tape.options.record ? 0 : from;                         // the first step whose gates are kept
    const bool activated = project(tape, packed, x + from * tape.size() * x_stride, x_stride,
                                   {(from - shift) * tape.size(), (end - begin) * tape.size()}, member);
    for (Index s = begin; s < end; ++s) {
      const Index t = tape.step_at(s);
      if (coupled) member.wait();  // the states before the step are whole
      if (s > 0) collect(tape, tape.step_at(s - 1), member);
      if (tape.irregular()) {
        gather_previous(tape, t, member);
        if (coupled) member.wait();
      }
      if (tape.dropout.on()) member.single([&] { mask_fed_back(tape, t); });
      auto view = tape.forward_view(t, (t - shift) * tape.size(), member);
      view.activated = activated;
      Step::forward(packed, tape.gates, tape.buffers, view);
    }
  }
  if (coupled) member.wait();
  if (tape.steps > 0) collect(tape, tape.step_at(tape.steps - 1), member);
}

/// RecurrentLayer::run. `pack(member)` packs the weights, or does nothing where they are packed already.
template <class Step, class Packed, class Pack, class Scalar = typename Step::Scalar>
Output<Scalar> unroll_forward(const Packed& packed, const Pack& pack, const RecurrentSizes& sizes, const Unrolling& how,
                              const Input<Scalar>& x, RecurrentTape<Step>& tape, const Batch& batch,
                              const typename RecurrentTape<Step>::State& initial, const ForwardOptions& options) {
  begin_forward(tape, sizes, how, x, batch, initial, options);
  const Index chunk = tape.steps_at_once(sizes.units), steps = options.record ? tape.steps : chunk;
  tape.gates.resize(gate_count<typename Step::Cell>, sizes.units, steps, batch.size);
  tape.buffers.resize(sizes.units, sizes.outputs, steps, batch.size);
  const bool masked = !batch.lengths.empty();
  run_team(options.pool, team_size(tape, sizes), [&](const Member& member) {
    pack(member);
    run_steps(tape, packed, masked ? tape.input.data() : x.data(), masked ? tape.input.rows() : x.outerStride(), chunk,
              member);
  });
  read_out(tape);
  using Content = typename RecurrentTape<Step>::Content;
  tape.content = options.record ? Content::activations : Content::outputs;
  return tape.output();
}

}  // namespace unroll::inline UNROLL_TARGET::detail
