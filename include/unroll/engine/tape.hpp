#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "unroll/engine/batch.hpp"
#include "unroll/engine/narrow_panels.hpp"
#include "unroll/engine/state.hpp"

namespace unroll {

namespace detail {

/// A layer's weights as the kernel reads them, for the way forward or back: in a tape both use the same memory. In int8
/// a unit's gate is computed in units of its scale: bias and weights are divided by it, and the rule's input
/// multiplied.
template <class Cell, class Scalar, class Weight = Scalar>
struct LayerPanels {
  static constexpr bool scaled = std::is_integral_v<Weight>;

  GateBuffer<Scalar> bias;   // one column
  GateBuffer<Scalar> scale;  // one column, int8 only
  PanelsOf<Scalar, Weight> input;
  PanelsOf<Scalar, Weight> early;
  PanelsOf<Scalar, Weight> late;

  void pack(const Matrix<Scalar>& weight_ih, const Matrix<Scalar>& weight_hh, const Vector<Scalar>& bias_of_gates,
            Index units, const Member& member = {}) {
    static constexpr GateRun in = input_gates<Cell>(), recurrent = recurrent_gates<Cell>();
    static constexpr int early_count = early_gates<Cell>().count, late_count = late_gates<Cell>().count;
    if constexpr (std::is_same_v<Weight, Scalar>) {
      input.pack_rows(weight_ih, units, 0, in.count, member);
      early.pack_rows(weight_hh, units, 0, early_count, member);
      if (late_count > 0) late.pack_rows(weight_hh, units, early_count, late_count, member);
      member.alone([&] { bias.set_column(gate_count<Cell>, units, bias_of_gates); });
    } else {
      Vector<Scalar> scales = Vector<Scalar>::Ones(gate_count<Cell> * units);
      if (scaled) {
        Vector<Scalar> largest = Vector<Scalar>::Zero(scales.size());
        const auto include = [&](GateRun run, const Matrix<Scalar>& weight) {
          auto rows = largest.segment(run.first * units, run.count * units);
          rows = rows.cwiseMax(weight.cwiseAbs().rowwise().maxCoeff()).eval();
        };
        include(in, weight_ih);
        include(recurrent, weight_hh);
        scales = scales_of(largest);
        scale.set_column(gate_count<Cell>, units, scales);
      }
      input.pack_rows(weight_ih, units, 0, in.count, scales.segment(in.first * units, in.count * units));
      const Vector<Scalar> of_recurrent = scales.segment(recurrent.first * units, recurrent.count * units);
      early.pack_rows(weight_hh, units, 0, early_count, of_recurrent);
      if (late_count > 0) late.pack_rows(weight_hh, units, early_count, late_count, of_recurrent);
      bias.set_column(gate_count<Cell>, units, bias_of_gates.cwiseQuotient(scales));
    }
  }

  /// Whether `pack` made these from these very weights.
  bool packed_from(const Matrix<Scalar>& weight_ih, const Matrix<Scalar>& weight_hh) const {
    return input.packed_from(weight_ih) && early.packed_from(weight_hh);
  }

  /// For the way back: the transposes.
  void pack_transposed(const Matrix<Scalar>& weight_ih, const Matrix<Scalar>& weight_hh, Index units,
                       const Member& member = {}) {
    static constexpr int early_count = early_gates<Cell>().count, late_count = late_gates<Cell>().count;
    input.pack_transposed(weight_ih, units, 0, input_gates<Cell>().count, member);
    early.pack_transposed(weight_hh, units, 0, early_count, member);
    if (late_count > 0) late.pack_transposed(weight_hh, units, early_count, late_count, member);
  }
};

}  // namespace detail

/// What one forward pass of a recurrent layer leaves for its backward pass, and the buffers of both: a value of its
/// own, so that a const layer serves many threads, each with its tape. Kept from call to call, it allocates only when
/// the shapes grow or change.
template <class Cell, class Scalar>
struct RecurrentTape {
  using State = RecurrentState<Cell, Scalar>;
  using PerState = std::array<Matrix<Scalar>, Cell::state_names.size()>;
  enum class Content { nothing, outputs, activations, gradients };

  Batch batch;
  Index steps = 0;
  Index inputs = 0;  // rows of x
  Direction direction = Direction::forward;
  Readout readout = Readout::all;

  /// Of T*B columns: what each step's rule left in its gates; after backward, dL/d pre-activation. Of a few steps
  /// where the batch is not recorded.
  detail::GateBuffer<Scalar> gates;
  Content content = Content::nothing;
  /// Each H x ((T+1)*B), the initial state in the first block (reverse: in the last).
  PerState states;
  State final_state;
  State d_initial;                ///< dL/d initial state
  std::vector<double> d_h_norms;  ///< T norms of dL/dh over the batch, if asked for
  ClipReport clip_report;         ///< of BackwardOptions::clip

  Matrix<Scalar> recurrent_mask;       // recurrent dropout only: H x B
  Matrix<Scalar> recurrent_input;      // recurrent dropout only: h before each step times the mask, H x (T*B)
  PerState kept;                       // zoneout only: the share of the old state, H x (T*B), at inference H x B
  PerState candidates;                 // zoneout only: what the rule gave, H x (T*B)
  PerState previous;                   // irregular batches only: the states each step started from, each H x (T*B)
  Matrix<Scalar> operand;              // late gates only: H x (T*B)
  Matrix<Scalar> input;                // ragged batches only: x with zeros past the ends, I x (T*B)
  Matrix<Scalar> read;                 // last and mean: H x B
  Vector<double> read_sum;             // mean only: H, of one sample's steps
  Matrix<Scalar> d_read;               // last and mean: dL/dh of every step, H x (T*B)
  Matrix<Scalar> d_input;              // I x (T*B)
  Vector<Scalar> spread;               // some columns of x or h: see detail::across
  Vector<double> d_bias;               // G x H, summed over the columns
  PerState d_state;                    // the direct part on its way back, each H x B
  detail::GateBuffer<Scalar> d_gates;  // overlapping windows only: one sweep's gradients, T*B columns
  detail::GateBuffer<Scalar> d_late;   // late gates only: one step's, B columns
  Matrix<Scalar> d_operand;            // late gates only: H x B
  Matrix<Scalar> d_fed_back;           // recurrent dropout only: H x B
  detail::LayerPanels<Cell, Scalar> panels;

  Index size() const { return batch.size; }
  Index columns() const { return steps * batch.size; }

  /// Whether the panels are packed, for the way forward, from these very weights.
  bool packed_from(const Matrix<Scalar>& weight_ih, const Matrix<Scalar>& weight_hh) const {
    return content != Content::nothing && panels.packed_from(weight_ih, weight_hh);
  }

  /// Whether some step starts from other states than the block before holds.
  bool irregular() const {
    return !batch.resets.empty() || (direction == Direction::reverse && !batch.lengths.empty());
  }

  /// The steps whose input is projected by one product: as many as the cache holds gates of; where that is few columns,
  /// so many that reading the weights for them costs little.
  Index steps_at_once(Index units) const {
    constexpr Index cached = 512 * 1024 / sizeof(Scalar), least_columns = 256;
    const Index rows = gate_count<Cell> * detail::block_count<Scalar>(units) * Pack<Scalar>::size;
    return std::clamp<Index>((std::max)(cached / rows, least_columns) / batch.size, 1, std::max<Index>(steps, 1));
  }

  /// The step that is processed in the s-th place.
  Index step_at(Index s) const { return direction == Direction::forward ? s : steps - 1 - s; }
  Index next_block(Index t) const { return direction == Direction::forward ? t + 1 : t; }
  Index previous_block(Index t) const { return direction == Direction::forward ? t : t + 1; }

  /// The place of sample b's first step, and the place behind its last.
  Index begins(Index b) const { return direction == Direction::forward ? 0 : steps - batch.length(b, steps); }
  Index ends(Index b) const { return direction == Direction::forward ? batch.length(b, steps) : steps; }

  bool active(Index t, Index b) const { return batch.active(t, b, steps); }

  /// Whether sample b's step t starts from zeros because an episode begins (reverse: ends) there.
  bool fresh(Index t, Index b) const {
    if (direction == Direction::forward) return active(t, b) && batch.reset(t, b);
    return t + 1 < steps && active(t + 1, b) && batch.reset(t + 1, b);
  }

  /// The columns of state n after step t: H x B.
  Scalar* next(std::size_t n, Index t) { return states[n].data() + next_block(t) * batch.size * states[n].rows(); }

  /// The columns of state n that step t started from: H x B.
  const Scalar* before(std::size_t n, Index t) const {
    if (irregular()) return previous[n].data() + t * batch.size * previous[n].rows();
    return states[n].data() + previous_block(t) * batch.size * states[n].rows();
  }

  /// What W_hh sees of h at step t, H x B.
  const Scalar* fed_back(Index t) const {
    return recurrent_mask.size() == 0 ? before(0, t) : recurrent_input.data() + t * size() * recurrent_input.rows();
  }

  /// Zoneout, else null: the share of state n that step t keeps, H x B.
  const Scalar* share_kept(std::size_t n, Index t) const {
    if (kept[n].size() == 0) return nullptr;
    return kept[n].data() + (batch.dropout_seed ? t * size() * kept[n].rows() : 0);
  }

  /// What the rule made of state n at step t, before zoneout: H x B.
  Scalar* candidate(std::size_t n, Index t) {
    return candidates[n].size() == 0 ? next(n, t) : candidates[n].data() + t * size() * candidates[n].rows();
  }

  /// The outputs: of all steps, or read out; none without a whole forward pass.
  Output<Scalar> output() const {
    if (content == Content::nothing) return {nullptr, 0, 0};
    if (readout != Readout::all) return {read.data(), read.rows(), read.cols()};
    const Index first = direction == Direction::forward ? batch.size : 0;
    return {states[0].data() + first * states[0].rows(), states[0].rows(), columns()};
  }
};

}  // namespace unroll
