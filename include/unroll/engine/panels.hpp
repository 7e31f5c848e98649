#pragma once

#include "unroll/engine/gate_buffer.hpp"

namespace unroll::detail {

/// Weights gathered as the kernel reads them: block by block of units, then k, then the gates of the block's units,
/// Pack::size lanes each; lanes past the last unit are zero.
template <class Scalar>
class Panels {
 public:
  Index depth() const { return depth_; }
  Blocks<Scalar> blocks() const { return {data_.data(), blocks_, depth_ * gates_ * lanes, gates_ * lanes}; }

  /// A weight matrix whose rows are gates x units, from its gate `first_gate` on; k runs over its columns.
  void pack_rows(const Matrix<Scalar>& weight, Index units, int first_gate, int gates) {
    resize(gates, units, weight.cols());
    Scalar* to = data_.data();
    for (Index block = 0; block < blocks_; ++block)
      for (Index k = 0; k < depth_; ++k)
        for (int gate = 0; gate < gates; ++gate, to += lanes)
          Pack<Scalar>::load(&weight((first_gate + gate) * units + block * lanes, k), units - block * lanes).store(to);
  }

  /// Its transpose: the columns become the units, and k runs over a gate buffer's rows.
  void pack_transposed(const Matrix<Scalar>& weight, Index units, int first_gate, int gates) {
    resize(1, weight.cols(), block_count<Scalar>(units) * gates * lanes);
    if (units % lanes != 0 || weight.cols() % lanes != 0) data_.setZero();
    for (Index column = 0; column < weight.cols(); ++column) {
      Scalar* to = data_.data() + column / lanes * depth_ * lanes + column % lanes;
      for (Index block = 0; block < block_count<Scalar>(units); ++block)
        for (int gate = 0; gate < gates; ++gate, to += lanes * lanes) {
          const Scalar* from = &weight((first_gate + gate) * units + block * lanes, column);
          for (Index lane = 0; lane < std::min(lanes, units - block * lanes); ++lane) to[lane * lanes] = from[lane];
        }
    }
  }

 private:
  static constexpr Index lanes = Pack<Scalar>::size;

  void resize(Index gates, Index units, Index depth) {
    gates_ = gates;
    blocks_ = block_count<Scalar>(units);
    depth_ = depth;
    const Index size = blocks_ * depth_ * gates_ * lanes;
    if (data_.size() < size) data_.resize(size);
  }

  Vector<Scalar> data_;
  Index gates_ = 0;
  Index blocks_ = 0;
  Index depth_ = 0;
};

/// The sums of rows x columns outputs that lie as in a column-major matrix with `rows` rows.
template <class Scalar>
Sums<Scalar> column_sums(Scalar* data, Index rows, Index column_stride) {
  return {data, Pack<Scalar>::size, 0, column_stride, rows};
}

/// Sums that start from nothing.
template <class Scalar>
Sums<const Scalar> no_sums() {
  alignas(64) static constexpr Scalar zeros[8 * Pack<Scalar>::size] = {};
  return {zeros, 0, 0, 0, std::numeric_limits<Index>::max() / 2};
}

inline constexpr auto nothing_more = [](Index, Index, Index, Index) {};

/// gradient(gates x units, i) += sum over the columns j of d(gate rows, j) x(i, j), for the gates of one run, which
/// are the gradient's gates from `first_gate` on.
template <int Gates, class Scalar>
void add_outer_products(const GateBuffer<Scalar>& d, GateRun run, int first_gate, const Scalar* x, Index x_stride,
                        Matrix<Scalar>& gradient) {
  const Index units = d.units();
  const Sums<Scalar> to{gradient.data() + first_gate * units, d.lanes, units, gradient.rows(), units};
  // So many columns at a time stay in the cache for all blocks.
  for_each_part(d.columns(), 256, [&](Index column, Index columns) {
    multiply<Gates, Scalar>(d.rows(run, column), {x + column * x_stride, gradient.cols(), 1, x_stride, columns},
                            constant(to), to, nothing_more);
  });
}

/// gradient(gates x units) += sum over the columns of d: its product with a column of ones.
template <class Scalar>
void add_column_sums(const GateBuffer<Scalar>& d, Vector<Scalar>& gradient) {
  static constexpr Scalar one = 1;
  for (int gate = 0; gate < d.gates(); ++gate) {
    const Sums<Scalar> to = column_sums(gradient.data() + gate * d.units(), d.units(), 0);
    multiply<1, Scalar>(d.rows({gate, 1}, 0), {&one, 1, 0, 0, d.columns()}, constant(to), to, nothing_more);
  }
}

/// d_x(:, j) = W^T d(:, j), with W's transposed panels.
template <class Scalar>
void multiply_transposed(const Panels<Scalar>& panels, const GateBuffer<Scalar>& d, GateRun run, Matrix<Scalar>& d_x) {
  // So many columns at a time stay in the cache for all blocks.
  for_each_part(d.columns(), 64, [&](Index column, Index columns) {
    multiply<1, Scalar>(panels.blocks(), d.operand(run, column, columns), no_sums<Scalar>(),
                        column_sums(d_x.data() + column * d_x.rows(), d_x.rows(), d_x.rows()), nothing_more);
  });
}

}  // namespace unroll::detail
