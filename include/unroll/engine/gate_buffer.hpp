#pragma once

#include "unroll/cells/cell.hpp"
#include "unroll/core/memory.hpp"
#include "unroll/engine/kernel.hpp"
#include "unroll/engine/team.hpp"

namespace unroll::detail {

/// The number of blocks of Pack::size units that cover `units`.
template <class Scalar>
constexpr Index block_count(Index units) {
  return (units + Pack<Scalar>::size - 1) / Pack<Scalar>::size;
}

/// The gates of many columns, block by block of units: a block's columns follow one another, each with the block's
/// gates side by side, Pack::size lanes each. So a block is at once what a tile of the forward product writes and a
/// panel of the product over all columns.
template <class Scalar>
class GateBuffer {
 public:
  static constexpr Index lanes = Pack<Scalar>::size;

  /// `steps` steps of `batch` columns; what was there is lost where the shape changes.
  void resize(Index gates, Index units, Index steps, Index batch) {
    gates_ = gates;
    units_ = units;
    columns_ = steps * batch;
    // An odd number of steps: at a power of two the same step of all blocks would fall into the same cache sets.
    block_stride_ = (steps | 1) * batch * gates * lanes;
    detail::resize(data_, blocks() * block_stride_);
  }

  Index gates() const { return gates_; }
  Index units() const { return units_; }
  Index columns() const { return columns_; }
  Index blocks() const { return block_count<Scalar>(units_); }
  /// How many of a block's lanes are units.
  Index count(Index block) const { return (std::min)(lanes, units_ - block * lanes); }

  /// gates x lanes
  Scalar* at(Index block, Index column) { return data_.data() + block * block_stride_ + column * gates_ * lanes; }
  const Scalar* at(Index block, Index column) const {
    return data_.data() + block * block_stride_ + column * gates_ * lanes;
  }
  Scalar value(int gate, Index unit, Index column) const {
    return at(unit / lanes, column)[gate * lanes + unit % lanes];
  }

  void set_zero() { data_.setZero(); }
  /// One column, from values gate by gate; zero in the lanes past the last unit.
  void set_column(Index gates, Index units, const Vector<Scalar>& values) {
    resize(gates, units, 1, 1);
    for (Index block = 0; block < blocks(); ++block)
      for (Index gate = 0; gate < gates; ++gate)
        Pack<Scalar>::load(values.data() + gate * units + block * lanes, count(block))
            .store(at(block, 0) + gate * lanes);
  }
  /// Adds the columns [first, first + count) of another buffer of this shape.
  void add(const GateBuffer& other, Index first, Index count) {
    for (Index block = 0; block < blocks(); ++block)
      Eigen::Map<Vector<Scalar>>(at(block, first), count * gates_ * lanes) +=
          Eigen::Map<const Vector<Scalar>>(other.at(block, first), count * gates_ * lanes);
  }
  void swap(GateBuffer& other) { std::swap(*this, other); }

  /// The gates from `gate` on in the columns from `column` on, as sums of a product.
  Sums<Scalar> sums(int gate, Index column) {
    return {at(0, column) + gate * lanes, block_stride_, lanes, gates_ * lanes, blocks() * lanes};
  }
  Sums<const Scalar> sums(int gate, Index column) const {
    return {at(0, column) + gate * lanes, block_stride_, lanes, gates_ * lanes, blocks() * lanes};
  }
  /// A run of gates in `count` columns as the right factor of a product over gates and units: block by block, gate by
  /// gate, the last block's units alone.
  Columns<Scalar> operand(GateRun run, Index column, Index count) const {
    return {at(0, column) + run.first * lanes,
            count,
            gates_ * lanes,
            1,
            {run.count * lanes, units_ / lanes, block_stride_},
            {units_ % lanes, units_ % lanes != 0 ? run.count : 0, lanes}};
  }
  /// The same as the left factor of a product over the columns from `column` on.
  Blocks<Scalar> rows(GateRun run, Index column) const {
    return {at(0, column) + run.first * lanes, blocks(), block_stride_, gates_ * lanes, units_};
  }

 private:
  Vector<Scalar> data_;
  Index gates_ = 0;
  Index units_ = 0;
  Index columns_ = 0;
  Index block_stride_ = 0;
};

}  // namespace unroll::detail
