#pragma once

#include "unroll/engine/initializers.hpp"
#include "unroll/engine/narrow_panels.hpp"

namespace unroll::detail {

/// The weights of a cell's gates, for I inputs, H units and O outputs, which are fed back.
template <class Cell, class Scalar>
struct GateWeights {
  Matrix<Scalar> weight_ih;  ///< (gates of the input x H) x I
  Matrix<Scalar> weight_hh;  ///< (recurrent gates x H) x O
  Vector<Scalar> bias;       ///< G x H

  Index units() const { return weight_hh.cols(); }
  Index outputs() const { return weight_hh.cols(); }

  /// Draws them anew.
  void initialize(Random& random, Initial initial) {
    const Index units = bias.size() / gate_count<Cell>;
    if (initial == Initial::pytorch) {
      const double limit = 1 / std::sqrt(static_cast<double>(units));
      set_uniform(weight_ih, limit, random);
      set_uniform(weight_hh, limit, random);
      set_uniform(bias, limit, random);
      return;
    }
    set_glorot(weight_ih, weight_ih.cols(), units, random);
    if (units == weight_hh.cols())
      set_orthogonal(weight_hh, random);
    else
      set_glorot(weight_hh, weight_hh.cols(), units, random);
    bias.setZero();
    if constexpr (requires { Cell::initial_bias; })
      for (Index gate = 0; gate < gate_count<Cell>; ++gate)
        bias.segment(gate * units, units)
            .setConstant(static_cast<Scalar>(Cell::initial_bias[static_cast<std::size_t>(gate)]));
  }

  /// f(name, tensor, rows, columns): the shapes that the sizes ask for.
  template <class Weights, class F>
  static void each_shape(Weights& weights, Index inputs, Index units, Index outputs, F f) {
    f("weight_ih", weights.weight_ih, input_gates<Cell>().count * units, inputs);
    f("weight_hh", weights.weight_hh, recurrent_gates<Cell>().count * units, outputs);
    f("bias", weights.bias, gate_count<Cell> * units, 1);
  }

  template <class F, class... Weights>
  static void visit(F&& f, const std::string& prefix, Weights&... weights) {
    f(prefix + "weight_ih", weights.weight_ih...);
    if constexpr (recurrent_gates<Cell>().count > 0) f(prefix + "weight_hh", weights.weight_hh...);
    f(prefix + "bias", weights.bias...);
  }
};

/// The same as the kernel reads them, for the way forward or back: in a tape both use the same memory. In int8 a unit's
/// gate is computed in units of its scale: bias and weights are divided by it, and the rule's input multiplied.
template <class Cell, class Scalar, class Weight = Scalar>
struct PackedGates {
  static constexpr bool scaled = std::is_integral_v<Weight>;
  static constexpr GateRun in = input_gates<Cell>(), recurrent = recurrent_gates<Cell>();
  static constexpr int early_count = early_gates<Cell>().count, late_count = late_gates<Cell>().count;

  GateBuffer<Scalar> bias;         // one column
  GateBuffer<Scalar> scale;        // one column, int8 only
  PanelsOf<Scalar, Weight> input;  // of weight_ih
  PanelsOf<Scalar, Weight> early;  // of weight_hh
  PanelsOf<Scalar, Weight> late;

  void pack(const GateWeights<Cell, Scalar>& weights, const Member& member = {}) {
    const Index units = weights.bias.size() / gate_count<Cell>;
    if constexpr (std::is_same_v<Weight, Scalar>) {
      input.pack_rows(weights.weight_ih, units, 0, in.count, member);
      if (early_count > 0) early.pack_rows(weights.weight_hh, units, 0, early_count, member);
      if (late_count > 0) late.pack_rows(weights.weight_hh, units, early_count, late_count, member);
      member.alone([&] { bias.set_column(gate_count<Cell>, units, weights.bias); });
    } else {
      Vector<Scalar> scales = Vector<Scalar>::Ones(gate_count<Cell> * units);
      if (scaled) {
        Vector<Scalar> largest = Vector<Scalar>::Zero(scales.size());
        const auto include = [&](GateRun run, const Matrix<Scalar>& weight) {
          auto rows = largest.segment(run.first * units, run.count * units);
          rows = rows.cwiseMax(weight.cwiseAbs().rowwise().maxCoeff()).eval();
        };
        include(in, weights.weight_ih);
        include(recurrent, weights.weight_hh);
        scales = scales_of(largest);
        scale.set_column(gate_count<Cell>, units, scales);
      }
      input.pack_rows(weights.weight_ih, units, 0, in.count, scales.segment(in.first * units, in.count * units));
      const Vector<Scalar> of_recurrent = scales.segment(recurrent.first * units, recurrent.count * units);
      if (early_count > 0) early.pack_rows(weights.weight_hh, units, 0, early_count, of_recurrent);
      if (late_count > 0) late.pack_rows(weights.weight_hh, units, early_count, late_count, of_recurrent);
      bias.set_column(gate_count<Cell>, units, weights.bias.cwiseQuotient(scales));
    }
  }

  /// Whether `pack` made these from these very weights.
  bool packed_from(const GateWeights<Cell, Scalar>& weights) const {
    return input.packed_from(weights.weight_ih) && (early_count == 0 || early.packed_from(weights.weight_hh));
  }

  /// For the way back: the transposes.
  void pack_transposed(const GateWeights<Cell, Scalar>& weights, const Member& member = {}) {
    const Index units = weights.bias.size() / gate_count<Cell>;
    input.pack_transposed(weights.weight_ih, units, 0, in.count, member);
    if (early_count > 0) early.pack_transposed(weights.weight_hh, units, 0, early_count, member);
    if (late_count > 0) late.pack_transposed(weights.weight_hh, units, early_count, late_count, member);
  }

  /// gates(:, j) = bias + W_ih x(:, j) for `columns` columns from `first` on, for the gates that the input feeds; the
  /// others get their bias alone.
  void project(const Scalar* x, Index x_stride, Index columns, GateBuffer<Scalar>& gates, Index first,
               const Member& member = {}) const {
    Sums<const Scalar> from = bias.sums(in.first, 0);
    from.column_stride = 0;
    multiply<in.count, Scalar>(member.part_of(input.blocks()), {x, columns, x_stride, 1, {input.depth()}}, from,
                               gates.sums(in.first, first), nothing_more);
    const Range mine = member.part(gates.blocks());
    for (int gate = 0; gate < gate_count<Cell>; ++gate) {
      if (gate >= in.first && gate < in.first + in.count) continue;
      for (Index block = mine.first; block < mine.first + mine.count; ++block)
        for (Index j = first; j < first + columns; ++j)
          Pack<Scalar>::load(bias.at(block, 0) + gate * gates.lanes).store(gates.at(block, j) + gate * gates.lanes);
    }
  }
};

}  // namespace unroll::detail
