#pragma once

#include "unroll/cells/lstm.hpp"
#include "unroll/engine/gate_weights.hpp"
#include "unroll/engine/layer_norm.hpp"
#include "unroll/engine/layer_norm_backward.hpp"
#include "unroll/engine/layer_norm_forward.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// The step of a LayerNormLstm: a product; then, column by column, two normalisations, the Lstm's rule for c, and a
/// third normalisation for h.
template <class Scalar_>
struct LayerNormStep {
  using Cell = cells::Lstm;
  using Scalar = Scalar_;
  using Buffers = LayerNormBuffers<Scalar>;
  template <class Storage>
  using Packed = PackedLayerNorm<Scalar, Storage>;
  using Parameters = LayerNormWeights<Scalar>;
  static constexpr GateRun all = {0, gate_count<Cell>};
  static constexpr const char* name() { return "LayerNormLstm"; }
  static constexpr bool projected = false;

  static Index output_rows(Index units, Index) { return units; }  // dL/d(gain_c LN(c) + bias_c)

  static constexpr bool takes_input = false;

  /// buffers.input = W_ih x
  template <class Storage>
  static void project(const Packed<Storage>& packed, const Scalar* x, Index x_stride, Index columns,
                      BlockedMatrix<Scalar>&, Buffers& buffers, Index first, const Member& member = {}) {
    member.wait();  // others may still normalise the step before, whose place this may be
    packed.project(x, x_stride, columns, buffers.input, first, member);
  }
  template <class Storage>
  static void forward(const Packed<Storage>& packed, BlockedMatrix<Scalar>& gates, Buffers& buffers,
                      const ForwardView<Scalar, 2>& view) {
    LayerNormForward<Scalar, Storage>{packed, gates, buffers, view}.run();
  }

  template <class Sweep>
  static void back(Sweep&, const Tile&) {}  // the normalisations want whole columns
  template <class Sweep>
  static void finish_back(Sweep& sweep) {
    LayerNormBackward<Sweep>{sweep}.run();
  }
  template <class Sweep>
  static Columns<Scalar> errors_of_h(const Sweep& sweep, Index) {
    return sweep.tape.buffers.d_product.operand(all, {0, sweep.tape.size()});
  }

  template <class Tape>
  static const BlockedMatrix<Scalar>& errors_of_input(const Tape& tape) {
    return tape.buffers.input;
  }
  template <class Tape>
  static const BlockedMatrix<Scalar>& errors_of_recurrent(const Tape& tape) {
    return tape.buffers.recurrent;
  }
  template <class Tape>
  static void begin_gradients(Tape& tape, Range columns, const Member& member) {
    Buffers& buffers = tape.buffers;
    const auto through = [&](BlockedMatrix<Scalar>& product, const BlockedMatrix<Scalar>& gain, Index which,
                             Vector<double>& d_gain) {
      add_sums_of_products<all.count>(tape.gates, product, columns, d_gain, member);
      member.wait();  // the normalised numbers have been used
      const Range mine = member.part(columns.count);
      on_processor<Scalar>([&]<class P>() {
        for (Index j = columns.first + mine.first; j < columns.first + mine.end(); ++j)
          normalize_back<P>(tape.gates, j, gain, product, j, buffers.factors(which, j), product, j);
      });
    };
    through(buffers.input, tape.packed.gain_ih, 0, buffers.d_gain_ih);
    through(buffers.recurrent, tape.packed.gain_hh, 1, buffers.d_gain_hh);
    add_sums_of_products<1>(tape.d_output, buffers.memory, columns, buffers.d_gain_c, member);
    add_column_sums<1>(tape.d_output, columns, buffers.d_bias_c, member);
    member.wait();  // the products' errors are whole
  }
  template <class Tape>
  static void add_gradients(Tape&, Range, Parameters&, const Member&) {}
  template <class Tape>
  static void finish_gradients(const Tape& tape, Parameters& gradient) {
    const auto add = [](Vector<Scalar>& to, const Vector<double>& sums) { to += sums.template cast<Scalar>(); };
    add(gradient.gain_ih, tape.buffers.d_gain_ih);
    add(gradient.gain_hh, tape.buffers.d_gain_hh);
    add(gradient.gain_c, tape.buffers.d_gain_c);
    add(gradient.bias_c, tape.buffers.d_bias_c);
  }
};

}  // namespace unroll::inline UNROLL_TARGET::detail
