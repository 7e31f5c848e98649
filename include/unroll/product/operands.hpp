#pragma once

#include "unroll/core/range.hpp"
#include "unroll/product/storage.hpp"

/// What a product reads and writes: a packed left factor, the columns of a right factor, and sums.
namespace unroll::inline UNROLL_TARGET::detail {

/// The left factor, packed. Its rows are `Packs` groups of equally many units. A panel holds Pack::size units, in parts
/// of as many groups as a tile takes (see groups_of_part). At each k the packs of a part's groups lie side by side.
template <class Scalar, class Storage = Full>
struct Panels {
  const typename Storage::template Word<Scalar>* data;
  Index count;        ///< of panels
  Index stride;       ///< from panel to panel
  Index part_stride;  ///< from part to part of a panel
  Index k_stride;     ///< from step to step of k; where a word holds several, from word to word
  Index units;        ///< of all panels; lanes behind them hold zeros
  Index first = 0;    ///< the first panel that is used; the data begin with panel 0
  /// What a tile asks for while it runs, for the tiles that come next: `next_step` words at each step of k, from
  /// data + next on; 0: nothing.
  Index next = 0;
  Index next_step = 0;

  /// Where a group begins in a panel, for packs of so many lanes.
  Index place_of_group(Index group, Index lanes) const {
    const Index part = k_stride / lanes;
    return group / part * part_stride + group % part * lanes;
  }
};

/// Stretches along k: `count` of `length` steps each, `stride` apart. Words of a left factor do not cross them.
struct Stretches {
  Index length;
  Index count = 1;
  Index stride = 0;
};

/// The right factor. The walk along k may have gaps: it goes along the `stretches`, then along the `last` ones.
template <class Scalar>
struct Columns {
  const Scalar* data;
  Index count;
  Index stride;  ///< from column to column
  Index k_stride;
  Stretches stretches;
  Stretches last = {0, 0};
  /// Packed: at each k the columns of a tile lie side by side, and the tiles lie one behind the other. The stride is
  /// then the depth, and k_stride is that of a tile of one column.
  bool packed = false;
};

/// Where sums come from or go to, as packs of (panel, group, column).
template <class Scalar>
struct Sums {
  Scalar* data;
  Index panel_stride;
  Index group_stride;
  Index column_stride;
  Index units;         ///< lanes of units behind these are not touched
  bool added = false;  ///< sums that go here are added to what is there

  Scalar* at(Index panel, Index group, Index column) const {
    return data + panel * panel_stride + group * group_stride + column * column_stride;
  }
};

template <class Scalar>
Sums<const Scalar> constant(const Sums<Scalar>& sums) {
  return {sums.data, sums.panel_stride, sums.group_stride, sums.column_stride, sums.units};
}

/// A part of a product.
struct Tile {
  Range panels;
  Range columns;
};

}  // namespace unroll::inline UNROLL_TARGET::detail
