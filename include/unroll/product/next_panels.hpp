#pragma once

#include "unroll/product/micro_tile.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// What the tiles of a row of panels ask for while they run: the next row, an equal share each. Panels that do not fit
/// the second cache come from the third one or from memory, where the processor itself looks ahead too late.
///
/// `Part` is how many groups a tile takes (groups_of_part). All parts of a panel ask alike, each for its own groups.
template <class P, int Part>
class NextPanels {
 public:
  /// For the tiles of one row of panels of a, `tiles` side by side over the columns of b.
  template <class Scalar, class Storage>
  NextPanels(const Panels<Scalar, Storage>& a, const Columns<Scalar>& b, Range panels, Index tiles, bool backwards) {
    const Index bytes = a.count * a.stride * static_cast<Index>(sizeof(*a.data));
    if (!TileLimits<P>::asks_for_next || bytes <= second_cache) return;
    const Index steps = b.stretches.length * b.stretches.count + b.last.length * b.last.count;
    if (tiles < 2 || steps == 0) return;
    if (a.k_stride > Part * P::size) return;  // a BlockedMatrix, whose parts would each ask for all
    const Range next = next_part(panels, {a.first, a.count}, backwards);
    const Index turns = (steps + Storage::per_word - 1) / Storage::per_word;
    left_ = next.count;
    place_ = next.first * a.stride;
    step_ = (left_ * a.k_stride + tiles - 1) / tiles;
    share_ = turns * step_;
    panel_ = turns * a.k_stride;
    gap_ = a.stride - panel_;
  }

  /// Lets a tile ask for its share.
  template <class Scalar, class Storage>
  void ask(Panels<Scalar, Storage>& a) const {
    a.next = place_;
    a.next_step = left_ > 0 ? step_ : 0;
  }
  /// Goes on to the share of the next tile.
  void move_on() {
    if (left_ <= 0) return;
    place_ += share_;
    for (asked_ += share_; asked_ >= panel_; asked_ -= panel_) place_ += gap_, --left_;
  }

 private:
  Index left_ = 0;   // panels to ask for
  Index place_ = 0;  // where the share begins; this and the others in words
  Index asked_ = 0;  // of this panel
  Index step_ = 0;   // at each step of k
  Index share_ = 0;  // of a tile
  Index panel_ = 0;  // of one panel's part
  Index gap_ = 0;    // from its end to the next panel
};

}  // namespace unroll::inline UNROLL_TARGET::detail
