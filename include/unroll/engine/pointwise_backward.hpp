#pragma once

#include "unroll/engine/sweep.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// One step of a sweep back by a cell's rule.
template <class Sweep>
struct PointwiseBackward {
  using Cell = typename Sweep::Cell;
  using Scalar = typename Sweep::Scalar;
  static constexpr std::size_t N = Cell::state_names.size();
  static constexpr GateRun late = late_gates<Cell>();

  Sweep& sweep;

  /// Turns dL/d states after the step into dL/d states before it, for some panels of units of some samples.
  void back(const Tile& tile) {
    on_processor<Scalar>([&]<class P>() {
      back<P>(tile);
      ask_for<P>(sweep.next_panels(tile.panels), tile.columns);
    });
  }
  template <class P>
  UNROLL_INNER_LOOP void back(const Tile& tile) {
    const auto at = sweep.view();
    const Index units = gates().units();
    for (Index b = tile.columns.first; b < tile.columns.end(); ++b) {
      const bool active = sweep.is_active(b), cut = sweep.is_cut(b);
      for (Index panel = tile.panels.first; panel < tile.panels.end(); ++panel) {
        GateValues<Cell, P> d_gates;
        d_gates.fill(Scalar(0));
        if (active) {
          const Index unit = panel * P::size, count = units - unit;
          StateValues<Cell, P> d_state, d_kept;
          unrolled<N>([&]<int n>() {
            const auto arrived = at.template arrive<P>(n, b, unit, units, count, cut, sweep.square_norm());
            d_state[n] = arrived.made;
            d_kept[n] = arrived.kept;
          });
          through_rule(at, panel, b, d_state, d_gates);
          unrolled<N>([&]<int n>() { (d_state[n] + d_kept[n]).store(at.d_state[n] + b * units + unit, count); });
        }
        store_gates<Cell, P>(d_gates, errors().at(panel, late.count > 0 ? b : sweep.column() + b));
      }
    }
  }

  /// The cell's backward rule on a panel of units of a sample: d_gates becomes dL/d pre-activation, zero past the
  /// units.
  template <class P>
  UNROLL_INNER_LOOP void through_rule(const BackwardView<Scalar, N>& at, Index panel, Index b,
                                      StateValues<Cell, P>& d_state, GateValues<Cell, P>& d_gates) {
    const Index units = gates().units(), unit = panel * P::size, offset = b * units + unit, count = units - unit;
    step_backward<Cell, P>(load_gates<Cell, P>(gates().at(panel, sweep.column() + b)),
                           load_states<Cell, P>(at.before, offset, count), load_states<Cell, P>(at.made, offset, count),
                           d_state, d_gates);
    if (count < P::size)
      for (auto& d : d_gates) d = d.first(count);
  }

  /// Clips, and goes back through the late gates' operand.
  void finish() {
    if constexpr (late.count > 0) {
      sweep.clip(tape().buffers.d_late, 0, late);  // before they reach the operand
      sweep.member.wait();                         // their errors are whole
      Matrix<Scalar>& d_operand = tape().buffers.d_operand;
      multiply<1, Scalar>(
          sweep.member.part_of(tape().packed.late.panels()), tape().buffers.d_late.operand(late, {0, tape().size()}),
          no_sums<Scalar>(), column_sums(d_operand.data(), d_operand.rows(), d_operand.rows()),
          [&](const Tile& tile) { on_processor<Scalar>([&]<class P>() { through_operand<P>(tile); }); });
    }
    sweep.clip(sweep.d_gates, sweep.column(), {0, late.first});
    sweep.clip(sweep.d_gates, sweep.column(), {late.first + late.count, gate_count<Cell> - late.first - late.count});
  }

  /// Asks for what the rule will read of some panels of some samples. The forward pass wrote it a sequence ago, so it
  /// is in the third cache or in memory.
  template <class P>
  EIGEN_ALWAYS_INLINE void ask_for(Range panels, Range samples) {
    constexpr Index line = 64 / sizeof(Scalar), numbers = gate_count<Cell> * P::size;
    if (panels.count == 0) return;
    const auto at = sweep.view();
    for (Index b = samples.first; b < samples.end(); ++b)
      for (Index panel = panels.first; panel < panels.end(); ++panel) {
        const Index unit = panel * P::size, offset = b * gates().units() + unit;
        if (at.d_y != nullptr) prefetch<2>(at.d_y + b * at.d_y_stride + unit);
        for (std::size_t n = 0; n < N; ++n) prefetch<2>(at.before[n] + offset), prefetch<2>(at.made[n] + offset);
        const Scalar* values = gates().at(panel, sweep.column() + b);
        for (Index i = 0; i < numbers; i += line) prefetch<2>(values + i);
      }
  }

 private:
  auto& tape() const { return sweep.tape; }
  BlockedMatrix<Scalar>& gates() const { return sweep.tape.gates; }
  BlockedMatrix<Scalar>& errors() const {
    if constexpr (late.count > 0)
      return tape().buffers.d_late;
    else
      return sweep.d_gates;
  }

  /// The share that came through the late gates' operand: d_operand = W_late^T d_late.
  template <class P>
  UNROLL_INNER_LOOP void through_operand(const Tile& tile) {
    for (Index b = tile.columns.first; b < tile.columns.end(); ++b)
      for (Index i = tile.panels.first; i < tile.panels.end(); ++i) through_operand<P>(i, b);
  }
  template <class P>
  UNROLL_INNER_LOOP void through_operand(Index panel, Index b) {
    const Index unit = panel * P::size, count = gates().units() - unit, offset = b * gates().units() + unit;
    auto d_gates = load_gates<Cell, P>(tape().buffers.d_late.at(panel, b));
    if (sweep.is_active(b)) {
      const auto at = sweep.view();
      auto d_state = load_states<Cell, P>(at.d_state, offset, count);
      auto d_operand = P::load(tape().buffers.d_operand.data() + offset, count);
      if (tape().dropout.on()) d_operand = d_operand * P::load(tape().dropout.mask.data() + offset, count);
      operand_backward<Cell, P>(load_gates<Cell, P>(gates().at(panel, sweep.column() + b)),
                                load_states<Cell, P>(at.before, offset, count), d_operand, d_state, d_gates);
      for (auto& d : d_gates) d = d.first(count);
      unrolled<N>([&]<int n>() { d_state[n].store(at.d_state[n] + offset, count); });
    }
    store_gates<Cell, P>(d_gates, sweep.d_gates.at(panel, sweep.column() + b));
  }
};

}  // namespace unroll::inline UNROLL_TARGET::detail
