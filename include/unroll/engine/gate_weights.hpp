#pragma once

#include "unroll/cells/cell.hpp"
#include "unroll/engine/initializers.hpp"
#include "unroll/product/over_columns.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

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

  /// Calls f(name, tensor, rows, columns) with the shapes that the sizes ask for.
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

/// The packed weights, for the way forward or back; in a tape both use the same memory. A storage may have a scale for
/// each gate of a unit: bias and weights are divided by it, and the pre-activation is multiplied by it.
template <class Cell, class Scalar, class Storage = Full>
struct PackedGates {
  static constexpr GateRun in = input_gates<Cell>(), recurrent = recurrent_gates<Cell>();

  BlockedMatrix<Scalar> bias;           // one column
  BlockedMatrix<Scalar> scale;          // one column, where the storage has scales
  PackedMatrix<Scalar, Storage> input;  // of weight_ih
  PackedMatrix<Scalar, Storage> early;  // of weight_hh
  PackedMatrix<Scalar, Storage> late;

  void pack(const GateWeights<Cell, Scalar>& weights, const Member& member = {}) {
    const Index units = weights.bias.size() / gate_count<Cell>;
    if constexpr (std::is_same_v<Storage, Full>) {
      pack_each(weights, [&](auto& packed, const auto& matrix, Range gates, GateRun) {
        packed.pack(matrix, units, gates, member);
      });
      member.single([&] { bias.set_column(gate_count<Cell>, units, weights.bias); });
    } else {
      Vector<Scalar> largest = Vector<Scalar>::Zero(gate_count<Cell> * units);
      const auto include = [&](GateRun run, const Matrix<Scalar>& weight) {
        auto rows = largest.segment(run.first * units, run.count * units);
        rows = rows.cwiseMax(weight.cwiseAbs().rowwise().maxCoeff()).eval();
      };
      include(in, weights.weight_ih);
      include(recurrent, weights.weight_hh);
      const Vector<Scalar> scales = scales_of<Storage>(largest);
      pack_each(weights, [&](auto& packed, const auto& matrix, Range gates, GateRun run) {
        packed.pack(matrix, units, gates, scales.segment(run.first * units, run.count * units));
      });
      scale.set_column(gate_count<Cell>, units, scales);
      bias.set_column(gate_count<Cell>, units, quotients(weights.bias, scales));
    }
  }

  /// Packs the transposes, for the way back.
  void pack_transposed(const GateWeights<Cell, Scalar>& weights, const Member& member = {}) {
    const Index units = weights.bias.size() / gate_count<Cell>;
    pack_each(weights, [&](auto& packed, const auto& matrix, Range gates, GateRun) {
      packed.pack_transposed(matrix, units, gates, member);
    });
  }

  /// gates(:, j) = bias + W_ih x(:, j) for `columns` columns from `first` on. Gates that the input does not feed get
  /// their bias alone.
  void project(const Scalar* x, Index x_stride, Index columns, BlockedMatrix<Scalar>& gates, Index first,
               const Member& member = {}) const {
    Sums<const Scalar> from = bias.sums(in.first, 0);
    from.column_stride = 0;
    multiply<in.count, Scalar>(member.part_of(input.panels()), {x, columns, x_stride, 1, {input.depth()}}, from,
                               gates.sums(in.first, first), nothing_more);
    const Range mine = member.part(gates.panels());
    const Index lanes = gates.lanes();
    for (int gate = 0; gate < gate_count<Cell>; ++gate) {
      if (gate >= in.first && gate < in.first + in.count) continue;
      for (Index panel = mine.first; panel < mine.end(); ++panel)
        for (Index j = first; j < first + columns; ++j)
          std::copy_n(bias.at(panel, 0) + gate * lanes, lanes, gates.at(panel, j) + gate * lanes);
    }
  }

 private:
  /// Calls f(packed, weight, groups of the weight, the gates that these are) for each of the three.
  template <class F>
  void pack_each(const GateWeights<Cell, Scalar>& weights, F f) {
    constexpr GateRun early_run = early_gates<Cell>(), late_run = late_gates<Cell>();
    f(input, weights.weight_ih, Range{0, in.count}, in);
    if (early_run.count > 0) f(early, weights.weight_hh, Range{0, early_run.count}, early_run);
    if (late_run.count > 0) f(late, weights.weight_hh, Range{early_run.count, late_run.count}, late_run);
  }
};

}  // namespace unroll::inline UNROLL_TARGET::detail
