#pragma once

#include <array>
#include <vector>

#include "unroll/engine/noise.hpp"
#include "unroll/engine/state.hpp"
#include "unroll/engine/step.hpp"

namespace unroll::inline UNROLL_TARGET {

/// What one forward pass of a recurrent layer leaves for its backward pass, and the buffers of both: a value of its
/// own, so that a const layer serves many threads, each with its tape. Kept from call to call, it allocates only when
/// the shapes grow or change. For H units and O outputs; a state has as many rows as it has units or outputs.
template <class Step>
struct RecurrentTape {
  /// Whose gates and states these are.
  using Cell = typename Step::Cell;
  using Scalar = typename Step::Scalar;
  using State = RecurrentState<Cell, Scalar>;
  /// In the order of state_names.
  using PerState = std::array<Matrix<Scalar>, Cell::state_names.size()>;
  /// How far the pass has come: outputs alone, or with the activations, or gone back through.
  enum class Content { nothing, outputs, activations, gradients };

  Batch batch;                               ///< of the pass
  ForwardOptions options;                    ///< of the pass
  Index steps = 0;                           ///< T
  Index inputs = 0;                          ///< rows of x
  Direction direction = Direction::forward;  ///< of the layer
  Readout readout = Readout::all;            ///< of the layer

  /// Of T*B columns: what each step's rule left in its gates; after backward, dL/d pre-activation. Of a few steps
  /// where the pass is not recorded.
  detail::BlockedMatrix<Scalar> gates;
  Content content = Content::nothing;  ///< what the gates hold
  /// Each of (T+1)*B columns, the initial state in the first block (reverse: in the last). A state that nobody asks for
  /// again, see `whole`, is not kept at every step: of 3*B columns.
  PerState states;
  State final_state;              ///< after each sequence's own end
  State d_initial;                ///< dL/d initial state
  std::vector<double> d_h_norms;  ///< T norms of dL/dh over the batch, if asked for
  ClipReport clip_report;         ///< of BackwardOptions::clip

  typename Step::Buffers buffers;                                         ///< the step's own
  typename Step::template Packed<Full> packed;                            ///< the weights, for the way forward or back
  detail::RecurrentDropout<Scalar> dropout;                               ///< its mask, and what it hid
  std::array<detail::Zoneout<Scalar>, Cell::state_names.size()> zoneout;  ///< of each state
  PerState previous;                            ///< irregular batches: the states each step started from, T*B columns;
                                                ///< B where the pass is not recorded
  Matrix<Scalar> input;                         ///< ragged batches: x with zeros past the ends, I x (T*B)
  Matrix<Scalar> read;                          ///< last and mean: O x B
  Matrix<double> read_sum;                      ///< mean: O x B, of the steps up to now
  Matrix<Scalar> d_read;                        ///< last and mean: dL/dh of every step, O x (T*B)
  PerState d_state;                             ///< the direct part on its way back, B columns each
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

  /// Whether some step starts from other states than the block before holds.
  bool irregular() const {
    return !batch.resets.empty() || (direction == Direction::reverse && !batch.lengths.empty());
  }

  /// The steps whose input is projected by one product: as many as the cache holds gates of; where that is few columns,
  /// so many that reading the weights for them costs little.
  Index steps_at_once(Index units) const {
    constexpr Index cached = 512 * 1024 / sizeof(Scalar), least_columns = 256;
    const Index rows = gate_count<Cell> * detail::panel_count<Scalar>(units) * detail::lanes<Scalar>();
    return std::clamp<Index>((std::max)(cached / rows, least_columns) / batch.size, 1, std::max<Index>(steps, 1));
  }

  /// The step that is processed in the s-th place.
  Index step_at(Index s) const { return direction == Direction::forward ? s : steps - 1 - s; }
  /// The blocks of B columns of `states` that hold those after step t, and before it.
  Index next_block(Index t) const { return direction == Direction::forward ? t + 1 : t; }
  /// See next_block.
  Index previous_block(Index t) const { return direction == Direction::forward ? t : t + 1; }

  /// Whether state n is kept at every step: for the way back, or as the outputs.
  bool whole(std::size_t n) const { return options.record || (n == 0 && readout == Readout::all); }
  /// Where state n's block of B columns lies; of one that is not whole the initial one apart, the others in turn.
  Index place(std::size_t n, Index block) const {
    if (whole(n)) return block;
    return block == (direction == Direction::forward ? 0 : steps) ? 2 : block % 2;
  }
  /// Those columns.
  Scalar* at(std::size_t n, Index block) { return states[n].data() + place(n, block) * size() * states[n].rows(); }
  /// See at.
  const Scalar* at(std::size_t n, Index block) const {
    return states[n].data() + place(n, block) * size() * states[n].rows();
  }

  /// The place of sample b's first step.
  Index begins(Index b) const { return direction == Direction::forward ? 0 : steps - batch.length(b, steps); }
  /// The place behind sample b's last step.
  Index ends(Index b) const { return direction == Direction::forward ? batch.length(b, steps) : steps; }

  /// The step that is processed last of sample b; of one without steps none, -1.
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

  /// Zoneout, else null: the share of state n that step t keeps.
  const Scalar* share_kept(std::size_t n, Index t) const {
    const Matrix<Scalar>& kept = zoneout[n].kept;
    if (kept.size() == 0) return nullptr;
    return kept.data() + (options.dropout_seed ? t * size() * kept.rows() : 0);
  }

  /// What W_hh sees of h from step t on, O x (T*B).
  const Scalar* fed_back(Index t) const {
    return dropout.on() ? dropout.fed_back.data() + t * size() * dropout.fed_back.rows() : before(0, t);
  }

  /// Step t on the way forward, its gates from column `first` on.
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

  /// The outputs: of all steps, or read out; none without a whole forward pass.
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
