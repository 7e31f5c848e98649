#pragma once

#include <algorithm>

#include "unroll/core/types.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// `count` things in a row.
struct Range {
  Index first;
  Index count;

  Index end() const { return first + count; }
};

/// Calls f(Range) for parts of at most `most` things that cover [0, count), as equal as can be; backwards: from the
/// last part to the first.
template <class F>
UNROLL_IN_A_LOOP void for_each_part(Index count, Index most, F f, bool backwards = false) {
  Index parts = count > 0 ? 1 : 0, size = count, larger = 0;
  if (count > most) {  // divisions cost as much as a small product
    parts = (count + most - 1) / most;
    size = count / parts, larger = count % parts;  // the first parts are larger by one
  }
  for (Index i = 0; i < parts; ++i) {
    const Index part = backwards ? parts - 1 - i : i;
    f(Range{part * size + (std::min)(part, larger), size + (part < larger ? 1 : 0)});
  }
}

/// What follows a part of `all`, at most as much again; backwards: what comes before it.
inline Range next_part(Range part, Range all, bool backwards) {
  const Index first = backwards ? (std::max)(part.first - part.count, all.first) : part.end();
  const Index end = backwards ? part.first : (std::min)(part.end() + part.count, all.end());
  return {first, end - first};
}

}  // namespace unroll::inline UNROLL_TARGET::detail
