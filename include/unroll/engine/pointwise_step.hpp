#pragma once

#include "unroll/engine/pointwise_backward.hpp"
#include "unroll/engine/pointwise_forward.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// The step of a cell, forward and back: one product with h, and the cell's rule on each finished tile. A cell with
/// late gates has a second product, with their operand.
///
/// What the step of any layer defines:
///   name, Cell                    the rule whose gates and states it has
///   projected                     whether h has other rows than there are units
///   takes_input                   whether `forward` also projects the inputs of a stream's samples
///   Parameters                    its weights: initialize, each_shape, visit, units(), outputs()
///   Packed<Storage>               its weights, packed: pack, pack_transposed
///   Buffers                       its own buffers in a tape; `resize` is called before each forward pass
///   output_rows(units, outputs)   rows of dL/d what its output's weights compute, kept for all columns; 0: none
///   project, forward              the product with the input for some columns, and one step forward
///   back, finish_back             one step of a sweep (engine/sweep.hpp): on each finished tile of dL/dh, and after
///                                 all of them
///   errors_of_*                   where dL/d the two products lie after a sweep
///   begin_gradients, add_gradients, finish_gradients    the gradients of weights that not every layer has
template <class Cell_, class Scalar_>
struct PointwiseStep {
  static_assert(check_cell<Cell_>());  // before anything asks the cell

  using Cell = Cell_;
  using Scalar = Scalar_;
  using Parameters = GateWeights<Cell, Scalar>;
  template <class Storage>
  using Packed = PackedGates<Cell, Scalar, Storage>;
  static constexpr GateRun late = late_gates<Cell>();
  static constexpr const char* name() { return Cell::name; }
  static constexpr bool projected = false;

  struct Buffers {
    Matrix<Scalar> operand;        // late gates only: H x columns
    BlockedMatrix<Scalar> d_late;  // late gates only: one step's, B columns
    Matrix<Scalar> d_operand;      // late gates only: H x B

    void resize(Index units, Index, Index steps, Index batch) {
      if (late.count > 0) detail::resize(operand, units, steps * batch);
    }
    void resize_back(Index units, Index batch) {
      if (late.count == 0) return;
      d_late.resize(gate_count<Cell>, units, 1, batch);
      detail::resize(d_operand, units, batch);
    }
  };
  static Index output_rows(Index, Index) { return 0; }

  static constexpr bool takes_input = late.count == 0;

  template <class Storage>
  static void project(const Packed<Storage>& packed, const Scalar* x, Index x_stride, Index columns,
                      BlockedMatrix<Scalar>& gates, Buffers&, Index first, const Member& member = {}) {
    packed.project(x, x_stride, columns, gates, first, member);
  }
  template <class Storage>
  EIGEN_ALWAYS_INLINE static void forward(const Packed<Storage>& packed, BlockedMatrix<Scalar>& gates, Buffers& buffers,
                                          const ForwardView<Scalar, state_count<Cell>>& view,
                                          const Scalar* x = nullptr) {
    PointwiseForward<Cell, Scalar, Storage>{packed, gates, buffers.operand, view, x}.run();
  }

  template <class Sweep>
  static void back(Sweep& sweep, const Tile& tile) {
    PointwiseBackward<Sweep>{sweep}.back(tile);
  }
  template <class Sweep>
  static void finish_back(Sweep& sweep) {
    PointwiseBackward<Sweep>{sweep}.finish();
  }
  /// dL/d the gates that h fed at the step whose gates begin at `column`.
  template <class Sweep>
  static Columns<Scalar> errors_of_h(const Sweep& sweep, Index column) {
    return sweep.d_gates.operand(early_gates<Cell>(), {column, sweep.tape.size()});
  }

  template <class Tape>
  static const BlockedMatrix<Scalar>& errors_of_input(const Tape& tape) {
    return tape.gates;
  }
  template <class Tape>
  static const BlockedMatrix<Scalar>& errors_of_recurrent(const Tape& tape) {
    return tape.gates;
  }
  template <class Tape>
  static void begin_gradients(Tape&, Range, const Member&) {}
  template <class Tape>
  static void add_gradients(Tape& tape, Range columns, Parameters& sum, const Member& member) {
    if constexpr (late.count > 0)
      add_outer_products<late.count>(tape.gates, columns, late, early_gates<Cell>().count, tape.buffers.operand,
                                     tape.packed_x, sum.weight_hh, member);
  }
  template <class Tape>
  static void finish_gradients(const Tape&, Parameters&) {}
};

}  // namespace unroll::inline UNROLL_TARGET::detail
