#pragma once

#include "unroll/engine/tape.hpp"
#include "unroll/product/over_columns.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// Clips a run of gates of `count` columns to [-limit, limit]. Returns the sum of their squares before that.
template <class Scalar>
double clip_gates(BlockedMatrix<Scalar>& d, Index column, Index count, GateRun run, double limit, ClipReport& report) {
  double squares = 0;
  const Scalar bound = static_cast<Scalar>(limit);
  const Index size = run.count * d.lanes();
  for (Index j = column; j < column + count; ++j)
    for (Index panel = 0; panel < d.panels(); ++panel) {
      Scalar* values = d.at(panel, j) + run.first * d.lanes();
      for (Index i = 0; i < size; ++i) {
        squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
        if (!(std::abs(values[i]) > bound)) continue;
        values[i] = values[i] > 0 ? bound : -bound;
        report.clipped = true;
      }
    }
  return squares;
}

/// Back-propagation through time (Werbos 1990) over the places [begin, end); place s is the step that was processed as
/// the s-th. Places from `first_error` on also have errors of their own. At each place dL/dh = its own error + W_hh^T
/// d_gates of the place after it; then the step itself goes back. This is one member's part. At the start the tape's
/// d_state must hold dL/d state after the last place.
template <class Step>
class Sweep {
 public:
  using Cell = typename Step::Cell;
  using Scalar = typename Step::Scalar;
  using Tape = RecurrentTape<Step>;
  static constexpr bool coupled = recurrent_gates<Cell>().count > 0;

  Tape& tape;
  BlockedMatrix<Scalar>& d_gates;   // receives dL/d pre-activation; it may be the tape's gates themselves
  BlockedMatrix<Scalar>& d_output;  // receives dL/d what the output's weights compute, where there are any
  const BackwardOptions& options;
  const Member member;

  /// d_h: dL/dh of every step, O x (T*B).
  Sweep(Tape& of_tape, const Input<Scalar>& d_h, Index first_error, const BackwardOptions& how,
        BlockedMatrix<Scalar>& to_gates, BlockedMatrix<Scalar>& to_output, const Member& of_team)
      : tape(of_tape),
        d_gates(to_gates),
        d_output(to_output),
        options(how),
        member(of_team),
        d_h_(d_h),
        first_error_(first_error) {}

  /// Adds dL/d initial state to tape.d_initial. Returns the sum of squares of what the member clipped.
  double run(Index begin, Index end) {
    const auto step_back = [this](const Tile& tile) { Step::back(*this, tile); };
    const TileDone back(step_back);
    for (place_ = end - 1; place_ >= begin; --place_) {
      t_ = tape.step_at(place_);
      square_norm_ = 0;
      if (place_ + 1 == end || !coupled)
        for_all_units(back);
      else
        through_weights(place_ + 1, back);
      Step::finish_back(*this);
      if (coupled) member.wait();  // what goes back through the weights is whole
      if (options.record_norms) tape.d_h_norms[static_cast<std::size_t>(t_)] = std::sqrt(square_norm_);
    }
    if (end <= begin) return clipped_squares_;
    if (coupled) through_weights(begin, TileDone(nothing_more));
    for_all_units([&](const Tile& tile) { reach_initial_state(0, tile.panels, begin); });
    const Range mine = member.part(tape.gates.panels());
    for (std::size_t n = 1; n < tape.states.size(); ++n) reach_initial_state(n, mine, begin);
    return clipped_squares_;
  }

  /// The place's first column.
  Index column() const { return t_ * tape.size(); }
  bool is_active(Index b) const { return tape.active(t_, b); }
  /// Whether nothing comes back to sample b from the place after this.
  bool is_cut(Index b) const { return place_ + 1 < tape.steps && tape.fresh(tape.step_at(place_ + 1), b); }
  auto view() const {
    return tape.backward_view(t_, place_ >= first_error_ ? d_h_.data() : nullptr, d_h_.outerStride());
  }
  /// The panels whose rule comes after that of some panels of this step; none where the tape is small enough to stay in
  /// the second cache.
  Range next_panels(Range panels) const {
    if (tape.gates.bytes() <= second_cache) return {0, 0};
    return next_part(panels, member.part(tape.gates.panels()), backwards(place_ + 1));
  }
  /// Where |dL/dh|^2 of the step is summed, or null.
  double* square_norm() { return options.record_norms ? &square_norm_ : nullptr; }

  /// Waits for all members, then clips a run of gates of the step that begins at `column` of d.
  void clip(BlockedMatrix<Scalar>& d, Index column, GateRun run) {
    if (options.clip == 0 || run.count == 0) return;  // nobody waits
    member.wait();
    member.single([&] { clipped_squares_ += clip_gates(d, column, tape.size(), run, options.clip, tape.clip_report); });
  }

 private:
  template <class Done>
  void for_all_units(Done done) {
    done(Tile{member.part(panel_count<Scalar>(tape.states[0].rows())), {0, tape.size()}});
  }

  /// d_h += W_hh^T d_gates of a place; done(tile) on each finished tile.
  void through_weights(Index place, const TileDone& done) {
    Matrix<Scalar>& d = tape.dropout.on() ? tape.dropout.d_fed_back : tape.d_state[0];
    const Sums<Scalar> sums = column_sums(d.data(), d.rows(), d.rows());
    if constexpr (coupled)
      multiply<1, Scalar>(
          member.part_of(tape.packed.early.panels()), Step::errors_of_h(*this, tape.step_at(place) * tape.size()),
          tape.dropout.on() ? no_sums<Scalar>() : constant(sums), sums,
          [&](const Tile& tile) {
            if (tape.dropout.on()) add_dropped(tile);
            done(tile);
          },
          backwards(place));
  }
  /// Whether the product of a place's errors goes from the last panel to the first (see multiply).
  static bool backwards(Index place) { return place % 2 == 0; }

  /// Recurrent dropout: d_h += mask d_fed_back.
  EIGEN_DONT_INLINE void add_dropped(const Tile& tile) {
    const Range units = units_of(tile.panels, tape.states[0].rows());
    for (Index b = tile.columns.first; b < tile.columns.end(); ++b)
      for (Index i = units.first; i < units.end(); ++i)
        tape.d_state[0](i, b) += tape.dropout.mask(i, b) * tape.dropout.d_fed_back(i, b);
  }

  /// Adds the gradient of some panels of state n to tape.d_initial.
  void reach_initial_state(std::size_t n, Range panels, Index begin) {
    const Matrix<Scalar>& d_state = tape.d_state[n];
    const Range units = units_of(panels, d_state.rows());
    for (Index b = 0; b < tape.size(); ++b)
      if (tape.begins(b) >= begin && !tape.fresh(tape.step_at(0), b))  // not truncated, not cut off by a reset
        for (Index i = units.first; i < units.end(); ++i) tape.d_initial.values[n](i, b) += d_state(i, b);
  }

  /// The units in some panels, of `rows` units in all.
  static Range units_of(Range panels, Index rows) {
    const Index lanes = detail::lanes<Scalar>(), first = panels.first * lanes;
    return {first, (std::min)(panels.end() * lanes, rows) - first};
  }

  const Input<Scalar>& d_h_;
  Index first_error_;
  Index place_ = 0;
  Index t_ = 0;             // its step
  double square_norm_ = 0;  // of this step's dL/dh
  double clipped_squares_ = 0;
};

}  // namespace unroll::inline UNROLL_TARGET::detail
