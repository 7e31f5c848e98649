#pragma once

#include "unroll/cells/cell.hpp"
#include "unroll/engine/kernel.hpp"

namespace unroll::detail {

/// The number of blocks of Pack::size units that cover `units`.
template <class Scalar>
constexpr Index block_count(Index units) {
  return (units + Pack<Scalar>::size - 1) / Pack<Scalar>::size;
}

/// Weights gathered as the kernel reads them: block by block of units, then k, then the gates of the block's units,
/// Pack::size lanes each; lanes past the last unit are zero.
template <class Scalar>
class Panels {
 public:
  Panels() = default;

  /// value(gate, unit, k) gives the weights of `gates` x `units` rows and `depth` columns.
  template <class Value>
  Panels(Index gates, Index units, Index depth, Value value)
      : blocks_(block_count<Scalar>(units)), k_stride_(gates * lanes), depth_(depth) {
    data_.setZero(blocks_ * depth_ * k_stride_);
    for (Index block = 0; block < blocks_; ++block)
      for (Index k = 0; k < depth_; ++k)
        for (Index gate = 0; gate < gates; ++gate)
          for (Index unit = block * lanes; unit < std::min(units, (block + 1) * lanes); ++unit)
            data_[(block * depth_ + k) * k_stride_ + gate * lanes + unit % lanes] = value(gate, unit, k);
  }

  Index depth() const { return depth_; }
  Blocks<Scalar> blocks() const { return {data_.data(), blocks_, depth_ * k_stride_, k_stride_}; }

 private:
  static constexpr Index lanes = Pack<Scalar>::size;

  Vector<Scalar> data_;
  Index blocks_ = 0;
  Index k_stride_ = 0;
  Index depth_ = 0;
};

/// The gate buffer's rows: for each block of units its gates side by side, Pack::size lanes each.
template <class Scalar>
struct GateRows {
  Index gates;
  Index units;

  static constexpr Index lanes = Pack<Scalar>::size;

  /// P, the rows of one column, padding included.
  Index size() const { return block_count<Scalar>(units) * gates * lanes; }
  Index row(Index block, Index gate) const { return (block * gates + gate) * lanes; }
  /// How many of a block's lanes are units.
  Index count(Index block) const { return std::min(lanes, units - block * lanes); }

  /// The rows of a run of gates in `columns` columns at `data`, as the operand of a product over gates and units.
  Columns<Scalar> operand(const Scalar* data, Index columns, GateRun run) const {
    if (run.count == gates) return {data, columns, size(), 1, size()};
    return {data + row(0, run.first), columns, size(), 1, run.count * lanes, block_count<Scalar>(units), gates * lanes};
  }
  /// The same rows as the left factor of a product over columns.
  Blocks<Scalar> blocks(const Scalar* data, GateRun run) const {
    return {data + row(0, run.first), block_count<Scalar>(units), gates * lanes, size()};
  }
};

/// The panels of a weight matrix whose rows are gates x units, from its gate `first_gate` on.
template <class Scalar>
Panels<Scalar> pack_rows(const Matrix<Scalar>& weight, Index units, int first_gate, int gates) {
  return Panels<Scalar>(gates, units, weight.cols(),
                        [&](Index gate, Index unit, Index k) { return weight((first_gate + gate) * units + unit, k); });
}

/// The panels of its transpose: the columns become the units, and k runs over the gate buffer's rows.
template <class Scalar>
Panels<Scalar> pack_transposed(const Matrix<Scalar>& weight, Index units, int first_gate, int gates) {
  constexpr Index lanes = Pack<Scalar>::size;
  return Panels<Scalar>(1, weight.cols(), block_count<Scalar>(units) * gates * lanes,
                        [&](Index, Index column, Index k) {
                          const Index unit = k / (gates * lanes) * lanes + k % lanes;
                          const Index gate = first_gate + k / lanes % gates;
                          return unit < units ? weight(gate * units + unit, column) : Scalar(0);
                        });
}

/// gradient(gates x units, i) += sum over the columns j of d(gate rows, j) x(i, j), for the gates of one run, which
/// are the gradient's gates from `first_gate` on.
template <int Gates, class Scalar>
void add_outer_products(const GateRows<Scalar>& rows, const Scalar* d, GateRun run, int first_gate, const Scalar* x,
                        Index x_stride, Index columns, Matrix<Scalar>& gradient) {
  const auto start = [](auto& tile, Index, Index) {
    for (auto& column : tile.sum)
      for (auto& sum : column) sum = Scalar(0);
  };
  const auto finish = [&](auto& tile, Index block, Index column) {
    for_each_sum<Gates>(tile, block, column, [&](int gate, Index b, Index c, Pack<Scalar> sum) {
      Scalar* to = gradient.data() + c * gradient.rows() + (first_gate + gate) * rows.units + b * rows.lanes;
      (Pack<Scalar>::load(to, rows.count(b)) + sum).store(to, rows.count(b));
    });
  };
  multiply<Gates, Scalar>(rows.blocks(d, run), {x, gradient.cols(), 1, x_stride, columns}, start, finish);
}

/// gradient(gates x units) += sum over the columns of d.
template <class Scalar>
void add_column_sums(const GateRows<Scalar>& rows, const Scalar* d, Index columns, Vector<Scalar>& gradient) {
  for (Index block = 0; block < block_count<Scalar>(rows.units); ++block)
    for (Index gate = 0; gate < rows.gates; ++gate) {
      Pack<Scalar> sum(0);
      for (Index j = 0; j < columns; ++j) sum += Pack<Scalar>::load(d + j * rows.size() + rows.row(block, gate));
      Scalar* to = gradient.data() + gate * rows.units + block * rows.lanes;
      (Pack<Scalar>::load(to, rows.count(block)) + sum).store(to, rows.count(block));
    }
}

/// d_x(:, j) = W^T d(:, j), with W's transposed panels.
template <class Scalar>
void multiply_transposed(const Panels<Scalar>& panels, const Columns<Scalar>& d, Matrix<Scalar>& d_x) {
  const auto start = [](auto& tile, Index, Index) {
    for (auto& column : tile.sum)
      for (auto& sum : column) sum = Scalar(0);
  };
  const auto finish = [&](auto& tile, Index block, Index column) {
    for_each_sum<1>(tile, block, column, [&](int, Index b, Index c, Pack<Scalar> sum) {
      const Index unit = b * Pack<Scalar>::size;
      sum.store(&d_x(unit, c), d_x.rows() - unit);
    });
  };
  multiply<1, Scalar>(panels.blocks(), d, start, finish);
}

}  // namespace unroll::detail
