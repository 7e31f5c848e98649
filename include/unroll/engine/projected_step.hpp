#pragma once

#include "unroll/cells/lstm.hpp"
#include "unroll/engine/pointwise_step.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// The step of a ProjectedLstm: an Lstm's step that makes m in the place of h, and h = W_hr m.
template <class Scalar_>
struct ProjectedStep : PointwiseStep<cells::Lstm, Scalar_> {
  using Cell = cells::Lstm;
  using Scalar = Scalar_;
  static constexpr const char* name() { return "ProjectedLstm"; }
  static constexpr bool projected = true;

  struct Parameters : GateWeights<Cell, Scalar> {
    using Base = GateWeights<Cell, Scalar>;

    Matrix<Scalar> weight_hr;  ///< O x H

    Index units() const { return weight_hr.cols(); }
    Index outputs() const { return weight_hr.rows(); }

    void initialize(Random& random, Initial initial) {
      Base::initialize(random, initial);
      if (initial == Initial::pytorch)
        set_uniform(weight_hr, 1 / std::sqrt(static_cast<double>(units())), random);
      else
        set_glorot(weight_hr, units(), outputs(), random);
    }

    template <class Weights, class F>
    static void each_shape(Weights& weights, Index inputs, Index units, Index outputs, F f) {
      Base::each_shape(weights, inputs, units, outputs, f);
      f("weight_hr", weights.weight_hr, outputs, units);
    }

    template <class F, class... Weights>
    static void visit(F&& f, const std::string& prefix, Weights&... weights) {
      Base::visit(f, prefix, weights...);
      f(prefix + "weight_hr", weights.weight_hr...);
    }
  };

  template <class Storage>
  struct Packed : PackedGates<Cell, Scalar, Storage> {
    using Base = PackedGates<Cell, Scalar, Storage>;

    PackedMatrix<Scalar, Storage> projection;
    BlockedMatrix<Scalar> projection_scale;  // O, one column, where the storage has scales

    void pack(const Parameters& weights, const Member& member = {}) {
      Base::pack(weights, member);
      const Index outputs = weights.outputs();
      if constexpr (std::is_same_v<Storage, Full>) {
        projection.pack(weights.weight_hr, outputs, {0, 1}, member);
      } else {
        const Vector<Scalar> scales = scales_of<Storage>(weights.weight_hr.cwiseAbs().rowwise().maxCoeff());
        projection_scale.set_column(1, outputs, scales);
        projection.pack(weights.weight_hr, outputs, {0, 1}, scales);
      }
    }
    void pack_transposed(const Parameters& weights, const Member& member = {}) {
      Base::pack_transposed(weights, member);
      projection.pack_transposed(weights.weight_hr, weights.outputs(), {0, 1}, member);
    }
  };

  struct Buffers {
    Matrix<Scalar> m;        // H x columns, and room for a whole panel of units behind them
    Matrix<Scalar> d_m;      // H x B
    Matrix<Scalar> operand;  // of late gates, which an Lstm does not have
    Index outputs = 0;       // O

    void resize(Index units, Index of_outputs, Index steps, Index batch) {
      outputs = of_outputs;
      detail::resize(m, units, steps * batch + lanes<Scalar>());
    }
    void resize_back(Index units, Index batch) { detail::resize(d_m, units, batch); }
  };
  static Index output_rows(Index, Index outputs) { return outputs; }  // dL/d W_hr m

  template <class Storage>
  static void project(const Packed<Storage>& packed, const Scalar* x, Index x_stride, Index columns,
                      BlockedMatrix<Scalar>& gates, Buffers&, Index first, const Member& member = {}) {
    packed.project(x, x_stride, columns, gates, first, member);
  }

  template <class Storage>
  static void forward(const Packed<Storage>& packed, BlockedMatrix<Scalar>& gates, Buffers& buffers,
                      const ForwardView<Scalar, 2>& view, const Scalar* x = nullptr) {
    const Index outputs = buffers.outputs, units = gates.units();
    Scalar* m = buffers.m.data() + view.first * units;
    ForwardView<Scalar, 2> inner = view;  // an Lstm's, whose h is m
    inner.before[0] = inner.next[0] = m;
    inner.kept[0] = nullptr;
    PointwiseForward<Cell, Scalar, Storage>{packed, gates, buffers.operand, inner, x}.run();
    view.member.wait();  // m is whole
    multiply<1, Scalar>(view.member.part_of(packed.projection.panels()), {m, view.size, units, 1, {units}},
                        no_sums<Scalar>(), column_sums(view.next[0], outputs, outputs), [&](const Tile& tile) {
                          on_processor<Scalar>([&]<class P>() { put_out<P>(packed, view, tile, outputs); });
                        });
  }

  template <class Sweep>
  static void back(Sweep& sweep, const Tile& tile) {
    on_processor<Scalar>([&]<class P>() { back<P>(sweep, tile); });
  }
  template <class P, class Sweep>
  UNROLL_INNER_LOOP static void back(Sweep& sweep, const Tile& tile) {
    const auto at = sweep.view();
    const Index outputs = sweep.d_output.units();
    for (Index b = tile.columns.first; b < tile.columns.end(); ++b)
      for (Index panel = tile.panels.first; panel < tile.panels.end(); ++panel) {
        const Index unit = panel * P::size, count = outputs - unit;
        P d_projection(0);
        if (sweep.is_active(b)) {
          const auto [d_h, past] =
              at.template arrive<P>(0, b, unit, outputs, count, sweep.is_cut(b), sweep.square_norm());
          d_projection = d_h.first(count);
          past.store(at.d_state[0] + b * outputs + unit, count);
        }
        d_projection.store(sweep.d_output.at(panel, sweep.column() + b));
      }
  }
  /// d_m = W_hr^T d_h, and the Lstm's rule on its finished tiles.
  template <class Sweep>
  static void finish_back(Sweep& sweep) {
    auto& tape = sweep.tape;
    sweep.member.wait();  // dL/dh is whole
    Matrix<Scalar>& d_m = tape.buffers.d_m;
    multiply<1, Scalar>(sweep.member.part_of(tape.packed.projection.panels()),
                        sweep.d_output.operand({0, 1}, {sweep.column(), tape.size()}), no_sums<Scalar>(),
                        column_sums(d_m.data(), d_m.rows(), d_m.rows()), [&](const Tile& tile) {
                          on_processor<Scalar>([&]<class P>() { through_rule<P>(sweep, tile); });
                        });
    sweep.clip(sweep.d_gates, sweep.column(), {0, gate_count<Cell>});
  }
  template <class Tape>
  static void add_gradients(Tape& tape, Range columns, Parameters& sum, const Member& member) {
    add_outer_products<1>(tape.d_output, columns, {0, 1}, 0, tape.buffers.m, tape.packed_x, sum.weight_hr, member);
  }

 private:
  /// Some rows of h, finished.
  template <class P, class Storage>
  UNROLL_INNER_LOOP static void put_out(const Packed<Storage>& packed, const ForwardView<Scalar, 2>& view,
                                        const Tile& tile, Index outputs) {
    for (Index b = tile.columns.first; b < tile.columns.end(); ++b)
      for (Index panel = tile.panels.first; panel < tile.panels.end(); ++panel) {
        const Index unit = panel * P::size, offset = b * outputs + unit;
        const Index count = view.padded ? P::size : outputs - unit;
        P h = P::load(view.next[0] + offset, count);
        if constexpr (is_scaled<Storage>) h *= P::load(packed.projection_scale.at(panel, 0));
        view.leave(0, h, offset, count, view.is_past_end(b));
      }
  }

  template <class P, class Sweep>
  UNROLL_INNER_LOOP static void through_rule(Sweep& sweep, const Tile& tile) {
    auto& tape = sweep.tape;
    PointwiseBackward<Sweep> rule{sweep};
    auto at = sweep.view();
    at.before[0] = at.made[0] = tape.buffers.m.data() + sweep.column() * tape.gates.units();
    for (Index b = tile.columns.first; b < tile.columns.end(); ++b)
      for (Index panel = tile.panels.first; panel < tile.panels.end(); ++panel) {
        const Index units = tape.gates.units(), unit = panel * P::size, count = units - unit, offset = b * units + unit;
        GateValues<Cell, P> d_gates;
        d_gates.fill(Scalar(0));
        if (sweep.is_active(b)) {
          const auto [d_c, past] = at.template arrive<P>(1, b, unit, units, count, sweep.is_cut(b), nullptr);
          std::array<P, 2> d_state{P::load(tape.buffers.d_m.data() + offset, count), d_c};
          rule.template through_rule<P>(at, panel, b, d_state, d_gates);
          (d_state[1] + past).store(at.d_state[1] + offset, count);
        }
        store_gates<Cell, P>(d_gates, sweep.d_gates.at(panel, sweep.column() + b));
      }
  }
};

}  // namespace unroll::inline UNROLL_TARGET::detail
