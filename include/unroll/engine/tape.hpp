#pragma once

#include <array>
#include <vector>

#include "unroll/engine/noise.hpp"
#include "unroll/engine/state.hpp"
#include "unroll/engine/step.hpp"

namespace unroll::inline UNROLL_TARGET {

/// What one forward pass of a recurrent layer leaves for its backward pass, and the buffers of both. It is apart from
/// the layer, so that many threads can use one const layer, each with its own tape. A tape that is kept from call to
/// call allocates only when the shapes grow or change. h has O rows, the other states have H.
template <class Step>
struct RecurrentTape {
  /// The rule whose gates and states these are.
  using Cell = typename Step::Cell;
  using Scalar = typename Step::Scalar;
  using State = RecurrentState<Cell, Scalar>;
  /// One matrix a state, in the order of state_names.
  using PerState = std::array<Matrix<Scalar>, Cell::state_names.size()>;
  /// How far the passes have come: only outputs, outputs and activations, or the gradients of a backward pass.
  enum class Content { nothing, outputs, activations, gradients };

  Batch batch;                               ///< of the pass
  ForwardOptions options;                    ///< of the pass
  Index steps = 0;                           ///< T
  Index inputs = 0;                          ///< rows of x
  Direction direction = Direction::forward;  ///< of the layer
  Readout readout = Readout::all;            ///< of the layer

  /// What each step's rule left in its gates; after backward, dL/d pre-activation. T*B columns, or those of a few steps
  /// where the pass is not recorded.
  detail::BlockedMatrix<Scalar> gates;
  Content content = Content::nothing;  ///< what the gates hold
  /// (T+1)*B columns each. The initial state is in the first block of B columns (reverse: in the last). A state that is
  /// not kept at every step (see `whole`) has 3*B columns.
  PerState states;
  State final_state;              ///< after each sequence's own end
  State d_initial;                ///< dL/d initial state
  std::vector<double> d_h_norms;  ///< T norms of dL/dh over the batch, if asked for
  ClipReport clip_report;         ///< what BackwardOptions::clip did

  typename Step::Buffers buffers;                                         ///< buffers of the step itself
  typename Step::template Packed<Full> packed;                            ///< the weights, for the way forward or back
  detail::RecurrentDropout<Scalar> dropout;                               ///< its mask, and what it hid
  std::array<detail::Zoneout<Scalar>, Cell::state_names.size()> zoneout;  ///< of each state
  PerState previous;                            ///< irregular batches: the states each step started from, T*B columns;
                                                ///< B where the pass is not recorded
  Matrix<Scalar> input;                         ///< ragged batches: x with zeros past the ends, I x (T*B)
  Matrix<Scalar> read;                          ///< last and mean: O x B
  Matrix<double> read_sum;                      ///< mean: O x B, of the steps up to now
  Matrix<Scalar> d_read;                        ///< last and mean: dL/dh of every step, O x (T*B)
  PerState d_state;                             ///< dL/d states during a sweep, B columns each
  detail::BlockedMatrix<Scalar> d_output;       ///< what Step::output_rows asks for, T*B columns
  detail::BlockedMatrix<Scalar> part_d_gates;   ///< overlapping windows: one sweep's d_gates
  detail::BlockedMatrix<Scalar> part_d_output;  ///< overlapping windows: one sweep's d_output
  Matrix<Scalar> d_x;                           ///< I x (T*B)
  Vector<Scalar> packed_x;                      ///< some columns of x or h: see detail::across
  Vector<double> d_bias;                        ///< G x H, summed over the columns

  /// B
  Index size() const { return batch.size; }
  /// T*B
  Index columns() const { return steps * batch.size; }

  /// Whether some step starts from other states than those that the step before left.
  bool irregular() const {
    return !batch.resets.empty() || (direction == Direction::reverse && !batch.lengths.empty());
  }

  /// How many steps of the input one product projects: as many as have their gates in the cache together, but enough
  /// columns that reading the weights costs little.
  Index steps_at_once(Index units) const {
    constexpr Index cached = 512 * 1024 / sizeof(Scalar), least_columns = 256;
    const Index rows = gate_count<Cell> * detail::panel_count<Scalar>(units) * detail::lanes<Scalar>();
    return std::clamp<Index>((std::max)(cached / rows, least_columns) / batch.size, 1, std::max<Index>(steps, 1));
  }

  /// The step that is processed at place s, the s-th.
  Index step_at(Index s) const { return direction == Direction::forward ? s : steps - 1 - s; }
  /// The block of B columns of `states` that holds the states after step t.
  Index next_block(Index t) const { return direction == Direction::forward ? t + 1 : t; }
  /// The block that holds the states before step t.
  Index previous_block(Index t) const { return direction == Direction::forward ? t : t + 1; }

  /// Whether state n is kept at every step, for the way back or as the outputs.
  bool whole(std::size_t n) const { return options.record || (n == 0 && readout == Readout::all); }
  /// Where `block` of state n lies, in blocks of B columns. A state that is not whole has three of them: the initial
  /// state has its own, and the steps use the other two by turns.
  Index place(std::size_t n, Index block) const {
    if (whole(n)) return block;
    return block == (direction == Direction::forward ? 0 : steps) ? 2 : block % 2;
  }
  /// The columns of that block.
  Scalar* at(std::size_t n, Index block) { return states[n].data() + place(n, block) * size() * states[n].rows(); }
  /// See at.
  const Scalar* at(std::size_t n, Index block) const {
    return states[n].data() + place(n, block) * size() * states[n].rows();
  }

  /// The place of sample b's first step.
  Index begins(Index b) const { return direction == Direction::forward ? 0 : steps - batch.length(b, steps); }
  /// The place behind sample b's last step.
  Index ends(Index b) const { return direction == Direction::forward ? batch.length(b, steps) : steps; }

  /// The last processed step of sample b, or -1 if it has no steps.
  Index last_step(Index b) const {
    const Index length = batch.length(b, steps);
    return direction == Direction::forward || length == 0 ? length - 1 : 0;
  }

  /// Whether step t is not past sample b's end.
  bool active(Index t, Index b) const { return batch.active(t, b, steps); }

  /// Whether sample b's step t starts from zeros because an episode begins (reverse: ends) there.
  bool fresh(Index t, Index b) const {
    if (direction == Direction::forward) return active(t, b) && batch.reset(t, b);
    return t + 1 < steps && active(t + 1, b) && batch.reset(t + 1, b);
  }

  /// The B columns of state n that step t started from.
  const Scalar* before(std::size_t n, Index t) const {
    if (irregular()) return previous[n].data() + (options.record ? t * size() * previous[n].rows() : 0);
    return at(n, previous_block(t));
  }
  /// The B columns of state n after step t.
  Scalar* next(std::size_t n, Index t) { return at(n, next_block(t)); }

  /// What the rule made of state n at step t, before zoneout.
  Scalar* made(std::size_t n, Index t) {
    Matrix<Scalar>& apart = zoneout[n].made;
    return apart.size() == 0 ? next(n, t) : apart.data() + t * size() * apart.rows();
  }

  /// The share of state n that step t keeps by zoneout, or null without zoneout.
  const Scalar* share_kept(std::size_t n, Index t) const {
    const Matrix<Scalar>& kept = zoneout[n].kept;
    if (kept.size() == 0) return nullptr;
    return kept.data() + (options.dropout_seed ? t * size() * kept.rows() : 0);
  }

  /// h as W_hh sees it, O x (T*B), from step t's columns on.
  const Scalar* fed_back(Index t) const {
    return dropout.on() ? dropout.fed_back.data() + t * size() * dropout.fed_back.rows() : before(0, t);
  }

  /// Step t on the way forward; its gates begin at column `first`.
  auto forward_view(Index t, Index first, const detail::Member& member) {
    constexpr std::size_t N = Cell::state_names.size();
    detail::ForwardView<Scalar, N> view{t, first, size()};
    for (std::size_t n = 0; n < N; ++n) {
      view.before[n] = before(n, t);
      view.next[n] = next(n, t);
      view.kept[n] = share_kept(n, t);
      if (zoneout[n].made.size() != 0) view.candidates[n] = made(n, t);
    }
    view.fed_back = fed_back(t);
    if (dropout.on()) view.mask = dropout.mask.data();
    if (!batch.lengths.empty()) view.lengths = &batch.lengths;
    view.keep_gates = options.record;
    view.member = member;
    return view;
  }

  /// Step t on the way back; d_h is dL/dh of every step, or null.
  auto backward_view(Index t, const Scalar* d_h, Index d_h_stride) {
    constexpr std::size_t N = Cell::state_names.size();
    detail::BackwardView<Scalar, N> view;
    for (std::size_t n = 0; n < N; ++n) {
      view.d_state[n] = d_state[n].data();
      view.before[n] = before(n, t);
      view.made[n] = made(n, t);
      view.kept[n] = share_kept(n, t);
    }
    view.d_y = d_h == nullptr ? nullptr : d_h + t * size() * d_h_stride;
    view.d_y_stride = d_h_stride;
    return view;
  }

  /// The outputs, of all steps or read out; none unless a forward pass came to its end.
  Output<Scalar> output() const {
    if (content == Content::nothing) return {nullptr, 0, 0};
    if (readout != Readout::all) return {read.data(), read.rows(), read.cols()};
    const Index first = direction == Direction::forward ? batch.size : 0;
    return {states[0].data() + first * states[0].rows(), states[0].rows(), columns()};
  }
  /// dL/dx of the last backward pass.
  Output<Scalar> d_input() const { return {d_x.data(), d_x.rows(), d_x.cols()}; }
};

}  // namespace unroll::inline UNROLL_TARGET
