#pragma once

#include "unroll/core/memory.hpp"
#include "unroll/core/team.hpp"
#include "unroll/product/multiply.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// The number of panels of Pack::size units that cover `units`.
template <class Scalar>
Index panel_count(Index units) {
  return (units + lanes<Scalar>() - 1) / lanes<Scalar>();
}

/// A matrix whose rows are groups of equally many units (an LSTM's gates, say), in panels of Pack::size units. The
/// columns of a panel follow one another; in each the packs of the groups lie side by side.
///
///      panel 0   column 0 [ group 0 | group 1 | .. ]  column 1 [ group 0 | group 1 | .. ]  ..
///      panel 1   column 0 [ group 0 | group 1 | .. ]  ..
///
/// So a panel can be what a tile of a product writes; with the columns as k it is also a panel of the product over all
/// columns.
template <class Scalar>
class BlockedMatrix {
 public:
  /// The number of units in a panel, and so the distance from group to group.
  static Index lanes() { return detail::lanes<Scalar>(); }

  /// `steps` steps of `batch` columns; what was there is lost where the shape changes.
  void resize(Index groups, Index units, Index steps, Index batch) {
    groups_ = groups;
    units_ = units;
    columns_ = steps * batch;
    panels_ = panel_count<Scalar>(units);
    // An odd number of steps: at a power of two the same step of all panels would fall into the same cache sets.
    column_stride_ = groups * lanes();
    panel_stride_ = (steps | 1) * batch * column_stride_;
    data_.resize(panels_ * panel_stride_);
  }

  Index groups() const { return groups_; }
  Index units() const { return units_; }
  Index columns() const { return columns_; }
  Index panels() const { return panels_; }
  Index bytes() const { return data_.size() * static_cast<Index>(sizeof(Scalar)); }
  /// How many of a panel's lanes are units.
  Index count(Index panel) const { return (std::min)(lanes(), units_ - panel * lanes()); }

  /// groups x lanes
  Scalar* at(Index panel, Index column) { return data_.data() + panel * panel_stride_ + column * column_stride_; }
  const Scalar* at(Index panel, Index column) const {
    return data_.data() + panel * panel_stride_ + column * column_stride_;
  }
  Scalar value(int group, Index unit, Index column) const {
    return at(unit / lanes(), column)[group * lanes() + unit % lanes()];
  }

  void set_zero() { data_.set_zero(); }
  /// One column, from values group by group; zero in the lanes past the last unit.
  void set_column(Index groups, Index units, const Vector<Scalar>& values) {
    resize(groups, units, 1, 1);
    set_zero();
    for (Index group = 0; group < groups; ++group)
      for (Index panel = 0; panel < panels(); ++panel)
        std::copy_n(values.data() + group * units + panel * lanes(), count(panel), at(panel, 0) + group * lanes());
  }
  /// Copies some columns, `stride` apart, into the member's panels of a matrix of one group; zeros unless there(j).
  template <class There>
  void set_columns(Range columns, const Scalar* from, Index stride, const Member& member, There there) {
    on_processor<Scalar>([&]<class P>() {
      const Range mine = member.part(panels());
      for (Index j = columns.first; j < columns.end(); ++j)
        for (Index panel = mine.first; panel < mine.end(); ++panel)
          (there(j) ? P::load(from + j * stride + panel * P::size, units_ - panel * P::size) : P(0))
              .store(at(panel, j));
    });
  }
  /// Adds some columns of another matrix of this shape.
  void add(const BlockedMatrix& other, Range columns) {
    const Index size = columns.count * column_stride_;
    for (Index panel = 0; panel < panels(); ++panel)
      Eigen::Map<Vector<Scalar>>(at(panel, columns.first), size) +=
          Eigen::Map<const Vector<Scalar>>(other.at(panel, columns.first), size);
  }
  void swap(BlockedMatrix& other) { std::swap(*this, other); }

  /// The groups from `group` on in the columns from `column` on, as sums of a product.
  Sums<Scalar> sums(int group, Index column) {
    return {at(0, column) + group * lanes(), panel_stride_, lanes(), column_stride_, panels() * lanes()};
  }
  Sums<const Scalar> sums(int group, Index column) const {
    return {at(0, column) + group * lanes(), panel_stride_, lanes(), column_stride_, panels() * lanes()};
  }
  /// Some groups of some columns as the right factor of a product over groups and units. The order is panel by panel,
  /// group by group; of the last panel only the units count.
  Columns<Scalar> operand(Range groups, Range columns) const {
    return {at(0, columns.first) + groups.first * lanes(),
            columns.count,
            column_stride_,
            1,
            {groups.count * lanes(), units_ / lanes(), panel_stride_},
            {units_ % lanes(), units_ % lanes() != 0 ? groups.count : 0, lanes()}};
  }
  /// The same as the left factor of a product over the columns from `column` on.
  Panels<Scalar> rows(Range groups, Index column) const {
    const Index part_stride = part_of_groups<Scalar>(groups.count) * lanes();
    return {at(0, column) + groups.first * lanes(), panels(), panel_stride_, part_stride, column_stride_, units_};
  }

 private:
  Buffer<Scalar> data_;
  Index groups_ = 0;
  Index units_ = 0;
  Index columns_ = 0;
  Index panels_ = 0;
  Index column_stride_ = 0;  // groups x lanes
  Index panel_stride_ = 0;
};

}  // namespace unroll::inline UNROLL_TARGET::detail
