#pragma once

#include <cmath>

#include "unroll/engine/forward.hpp"

/// Back-propagation through time (Werbos 1990): from the last processed step to the first, each a product and the
/// cell's backward rule; then the gradients of the weights and of x, one product each over the steps of a chunk.
namespace unroll::detail {

/// dL/dh of every step from dL/d read-out.
template <class Cell, class Scalar>
void spread_read_out(RecurrentTape<Cell, Scalar>& tape, const Input<Scalar>& d_y) {
  resize_to_zeros(tape.d_read, d_y.rows(), tape.columns());
  for (Index b = 0; b < tape.size(); ++b) {
    const Index length = tape.batch.length(b, tape.steps);
    if (length == 0) continue;
    if (tape.readout == Readout::last) {
      const Index t = tape.direction == Direction::forward ? length - 1 : 0;
      tape.d_read.col(t * tape.size() + b) = d_y.col(b);
    } else {
      for (Index t = 0; t < length; ++t)
        tape.d_read.col(t * tape.size() + b) = d_y.col(b) * (1 / static_cast<Scalar>(length));
    }
  }
}

/// Clips a run of gates of `count` columns to [-limit, limit], 0: not at all; the sum of their squares before.
template <class Scalar>
double clip_gates(GateBuffer<Scalar>& d, Index column, Index count, GateRun run, double limit, ClipReport& report) {
  if (limit == 0) return 0;
  double squares = 0;
  const Scalar bound = static_cast<Scalar>(limit);
  for (Index j = column; j < column + count; ++j)
    for (Index block = 0; block < d.blocks(); ++block) {
      Scalar* values = d.at(block, j) + run.first * d.lanes;
      for (Index i = 0; i < run.count * d.lanes; ++i) {
        squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
        if (!(std::abs(values[i]) > bound)) continue;
        values[i] = values[i] > 0 ? bound : -bound;
        report.clipped = true;
      }
    }
  return squares;
}

/// Makes the tape ready for a backward pass, and returns dL/dh of every step.
template <class Cell, class Scalar>
Input<Scalar> begin_backward(RecurrentTape<Cell, Scalar>& tape, const Input<Scalar>& d_y,
                             const RecurrentState<Cell, Scalar>& d_final, const BackwardOptions& options) {
  tape.content = RecurrentTape<Cell, Scalar>::Content::nothing;  // until the gates are whole again
  tape.d_h_norms.assign(options.record_norms ? static_cast<std::size_t>(tape.steps) : 0, 0.0);
  tape.clip_report = {};
  for (std::size_t n = 0; n < tape.states.size(); ++n) {
    for (auto* d : {&tape.d_state[n], &tape.d_initial.values[n]}) resize(*d, tape.states[n].rows(), tape.size());
    tape.d_initial.values[n].setZero();
    if (tape.steps == 0 && d_final.values[n].size() != 0) tape.d_initial.values[n] = d_final.values[n];
  }
  const Index hidden = tape.states[0].rows();
  if (tape.recurrent_mask.size() != 0) resize(tape.d_fed_back, hidden, tape.size());
  if (late_gates<Cell>().count > 0) {
    tape.d_late.resize(gate_count<Cell>, hidden, 1, tape.size());
    resize(tape.d_operand, hidden, tape.size());
  }
  if (tape.readout == Readout::all) return d_y;
  spread_read_out(tape, d_y);
  return tape.d_read;
}

/// Turns the tape's gates into dL/d pre-activation, by one sweep or by one for each stride of a truncation.
///
/// sweep(first, begin, end, d_gates, member) goes back over the places [begin, end) with the errors of [first, end),
/// from tape.d_state, and leaves dL/d pre-activation in d_gates, which may be the tape's gates themselves; `members` of
/// a team do it together. It returns the sum of squares of what the member clipped, which is the first one's to do.
template <class Cell, class Scalar, class Sweep>
void sweep_back(RecurrentTape<Cell, Scalar>& tape, const BackwardOptions& options,
                const RecurrentState<Cell, Scalar>& d_final, Index members, Sweep sweep) {
  const Index steps = tape.steps;
  const Index window = options.truncation.window == 0 ? steps : options.truncation.window;
  const Index stride = options.truncation.stride == 0 ? window : options.truncation.stride;
  const bool overlapping = stride < window && stride < steps;
  GateBuffer<Scalar> sum;  // of the sweeps' gradients
  if (overlapping) {
    for (auto* buffer : {&tape.d_gates, &sum})
      buffer->resize(gate_count<Cell>, tape.states[0].rows(), steps, tape.size());
    sum.set_zero();
  }
  double squares = 0;
  for (Index first = 0; first < steps; first += stride) {
    const Index end = (std::min)(first + stride, steps);
    const Index begin = window >= steps ? 0 : std::max<Index>(0, first + stride - window);
    // A sequence's final gradient enters in the sweep that holds its end; that of an empty one in the first.
    for (std::size_t n = 0; n < tape.d_state.size(); ++n) {
      tape.d_state[n].setZero();
      for (Index b = 0; b < tape.size() && d_final.values[n].size() != 0; ++b) {
        const bool empty = tape.begins(b) == tape.ends(b);
        if (empty ? first == 0 : first < tape.ends(b) && tape.ends(b) <= end)
          tape.d_state[n].col(b) = d_final.values[n].col(b);
      }
    }
    run_team(tape.batch.pool, options.record_norms ? 1 : members, [&](const Member& member) {  // a norm is one sum
      const double clipped = sweep(first, begin, end, overlapping ? tape.d_gates : tape.gates, member);
      member.alone([&] { squares += clipped; });
    });
    if (!overlapping) continue;
    const Index a = tape.step_at(begin), b = tape.step_at(end - 1);
    sum.add(tape.d_gates, (std::min)(a, b) * tape.size(), (end - begin) * tape.size());
  }
  if (overlapping) tape.gates.swap(sum);
  tape.clip_report.norm = std::sqrt(squares);
}

/// A sweep back over the steps processed in the places [begin, end).
template <class Cell, class Scalar>
class BackwardSweep {
 public:
  /// d_y: dL/dh of every step, `d_y_stride` apart, or null; only the places from `first_error` on are used.
  /// d_gates receives dL/d pre-activation; it may be the tape's gates themselves.
  BackwardSweep(RecurrentTape<Cell, Scalar>& tape, const Scalar* d_y, Index d_y_stride, Index first_error,
                const BackwardOptions& options, GateBuffer<Scalar>& d_gates, const Member& member)
      : tape_(tape),
        d_y_(d_y),
        d_y_stride_(d_y_stride),
        first_error_(first_error),
        options_(options),
        d_gates_(d_gates),
        member_(member) {}

  /// The member's part: tape.d_state must hold dL/d state after the last place; dL/d initial state is added to
  /// tape.d_initial. Returns the sum of squares of what it clipped.
  double run(Index begin, Index end) {
    for (Index s = end - 1; s >= begin; --s) {
      const Index t = tape_.step_at(s);
      square_norm_ = 0;
      propagate(s, end, false);
      member_.wait();  // the gates' gradients are whole
      if constexpr (late.count > 0) {
        clip(tape_.d_late, 0, late);  // before they reach the operand
        late_step_back(t);
        member_.wait();
      }
      clip(d_gates_, t * tape_.size(), {0, late.first});
      clip(d_gates_, t * tape_.size(), {late.first + late.count, gate_count<Cell> - late.first - late.count});
      if (options_.record_norms) tape_.d_h_norms[static_cast<std::size_t>(t)] = std::sqrt(square_norm_);
    }
    begin_ = begin;
    if (end > begin) propagate(begin - 1, end, true);
    return clipped_squares_;
  }

 private:
  using Values = StateValues<Cell, Pack<Scalar>>;
  static constexpr std::size_t N = Cell::state_names.size();
  static constexpr GateRun late = late_gates<Cell>();

  /// d_h = direct part + W_hh^T d_gates of the place after s; then place s itself, or `beyond` the sweep.
  void propagate(Index s, Index end, bool beyond) {
    const bool newest = s + 1 == end;
    const bool dropped = tape_.recurrent_mask.size() != 0;
    Columns<Scalar> operand =
        d_gates_.operand(early_gates<Cell>(), tape_.step_at(newest ? 0 : s + 1) * tape_.size(), tape_.size());
    if (newest) operand.runs.count = operand.last.count = 0;
    const Sums<Scalar> d_h = sums_of_h(dropped ? tape_.d_fed_back : tape_.d_state[0]);
    multiply<1, Scalar>(
        member_.part_of(tape_.panels.early.blocks()), operand, dropped ? no_sums<Scalar>() : constant(d_h), d_h,
        [&](Index block, Index blocks, Index column, Index columns) {
          if (dropped) add_dropped(block, blocks, column, columns);
          if (beyond)
            reach_initial_state(block, blocks, column, columns);
          else
            step_back(s, block, blocks, column, columns);
        },
        s % 2 != 0);
  }

  /// Recurrent dropout: d_h += mask d_fed_back.
  EIGEN_DONT_INLINE void add_dropped(Index first_block, Index blocks, Index first_sample, Index samples) {
    const Index first = first_block * d_gates_.lanes;
    const Index units = (std::min)((first_block + blocks) * d_gates_.lanes, d_gates_.units()) - first;
    const auto part = [&](Matrix<Scalar>& of) { return of.block(first, first_sample, units, samples).array(); };
    part(tape_.d_state[0]) += part(tape_.recurrent_mask) * part(tape_.d_fed_back);
  }

  /// Some blocks of units of some samples: from dL/d states after the place to those before it.
  EIGEN_DONT_INLINE void step_back(Index s, Index first_block, Index blocks, Index first_sample, Index samples) {
    const Index t = tape_.step_at(s);
    const auto d_states = array_of<N>([&](std::size_t n) { return tape_.d_state[n].data(); });
    const auto before = array_of<N>([&](std::size_t n) { return tape_.before(n, t); });
    const auto next = array_of<N>([&](std::size_t n) { return tape_.candidate(n, t); });
    const auto kept = array_of<N>([&](std::size_t n) { return tape_.share_kept(n, t); });
    const bool errors = d_y_ != nullptr && s >= first_error_;
    for (Index b = first_sample; b < first_sample + samples; ++b)
      for (Index block = first_block; block < first_block + blocks; ++block) {
        const Index column = t * tape_.size() + b, count = d_gates_.count(block);
        const Index offset = b * d_gates_.units() + block * d_gates_.lanes;
        Values d_state = load_states<Cell, Scalar>(d_states, offset, count);
        GateValues<Cell, Pack<Scalar>> d_gates;
        d_gates.fill(Scalar(0));
        if (tape_.active(t, b)) {
          if (is_cut(s, b)) d_state.fill(Scalar(0));
          if (errors) d_state[0] += Pack<Scalar>::load(d_y_ + column * d_y_stride_ + block * d_gates_.lanes, count);
          if (options_.record_norms) square_norm_ += sum_of_squares(d_state[0]);
          Values d_kept;  // zoneout: passes the rule by
          d_kept.fill(Scalar(0));
          for_each_index<N>([&](std::size_t n) {
            if (kept[n] == nullptr) return;
            d_kept[n] = Pack<Scalar>::load(kept[n] + offset, count) * d_state[n];
            d_state[n] = d_state[n] - d_kept[n];
          });
          step_backward<Cell, Pack<Scalar>>(load_gates<Cell, Scalar>(tape_.gates.at(block, column)),
                                            load_states<Cell, Scalar>(before, offset, count),
                                            load_states<Cell, Scalar>(next, offset, count), d_state, d_gates);
          for_each_index<N>([&](std::size_t n) { d_state[n] += d_kept[n]; });
          if (count < d_gates_.lanes)
            for (auto& d : d_gates) d = d.first(count);
        }
        store_gates<Cell, Scalar>(d_gates, late.count > 0 ? tape_.d_late.at(block, b) : d_gates_.at(block, column));
        store_states<Cell, Scalar>(d_state, d_states, offset, count);
      }
  }

  /// The share that came through the late gates' operand: d_operand = W_late^T d_late.
  void late_step_back(Index t) {
    multiply<1, Scalar>(member_.part_of(tape_.panels.late.blocks()), tape_.d_late.operand(late, 0, tape_.size()),
                        no_sums<Scalar>(), sums_of_h(tape_.d_operand),
                        [&](Index block, Index blocks, Index column, Index columns) {
                          for (Index b = column; b < column + columns; ++b)
                            for (Index i = block; i < block + blocks; ++i) operand_back(t, i, b);
                        });
  }

  EIGEN_DONT_INLINE void operand_back(Index t, Index block, Index b) {
    const Index column = t * tape_.size() + b, count = d_gates_.count(block);
    const Index offset = b * d_gates_.units() + block * d_gates_.lanes;
    auto d_gates = load_gates<Cell, Scalar>(tape_.d_late.at(block, b));
    if (tape_.active(t, b)) {
      const auto before = array_of<N>([&](std::size_t n) { return tape_.before(n, t); });
      const auto d_states = array_of<N>([&](std::size_t n) { return tape_.d_state[n].data(); });
      Values d_state = load_states<Cell, Scalar>(d_states, offset, count);
      auto d_operand = Pack<Scalar>::load(tape_.d_operand.data() + offset, count);
      if (tape_.recurrent_mask.size() != 0)
        d_operand = d_operand * Pack<Scalar>::load(tape_.recurrent_mask.data() + offset, count);
      operand_backward<Cell, Pack<Scalar>>(load_gates<Cell, Scalar>(tape_.gates.at(block, column)),
                                           load_states<Cell, Scalar>(before, offset, count), d_operand, d_state,
                                           d_gates);
      for (auto& d : d_gates) d = d.first(count);
      store_states<Cell, Scalar>(d_state, d_states, offset, count);
    }
    store_gates<Cell, Scalar>(d_gates, d_gates_.at(block, column));
  }

  static Sums<Scalar> sums_of_h(Matrix<Scalar>& h) { return column_sums(h.data(), h.rows(), h.rows()); }
  /// Whether nothing comes back to place s from the place after it.
  bool is_cut(Index s, Index b) const { return s + 1 < tape_.steps && tape_.fresh(tape_.step_at(s + 1), b); }

  /// Clips a run of gates of the step that begins at `column`.
  void clip(GateBuffer<Scalar>& d, Index column, GateRun run) {
    if (options_.clip == 0) return;  // nobody waits
    member_.alone(
        [&] { clipped_squares_ += clip_gates(d, column, tape_.size(), run, options_.clip, tape_.clip_report); });
  }

  void reach_initial_state(Index first_block, Index blocks, Index first_sample, Index samples) {
    for (Index block = first_block; block < first_block + blocks; ++block)
      for (Index b = first_sample; b < first_sample + samples; ++b) {
        if (tape_.begins(b) < begin_) continue;  // the sweep ends inside the sequence: truncated
        const Index count = d_gates_.count(block), offset = b * d_gates_.units() + block * d_gates_.lanes;
        for (std::size_t n = 0; n < N; ++n) {
          Pack<Scalar> d = Pack<Scalar>::load(tape_.d_state[n].data() + offset, count);
          if (tape_.fresh(tape_.step_at(0), b)) d = Scalar(0);
          Scalar* to = tape_.d_initial.values[n].data() + offset;
          (Pack<Scalar>::load(to, count) + d).store(to, count);
        }
      }
  }

  RecurrentTape<Cell, Scalar>& tape_;
  const Scalar* d_y_;
  Index d_y_stride_;
  Index first_error_;
  const BackwardOptions& options_;
  GateBuffer<Scalar>& d_gates_;
  Member member_;
  Index begin_ = 0;         // the sweep's first place
  double square_norm_ = 0;  // of this step's dL/dh
  double clipped_squares_ = 0;
};

}  // namespace unroll::detail
