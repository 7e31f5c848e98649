#pragma once

#include <array>

#include "unroll/product/edge_tile.hpp"
#include "unroll/product/next_panels.hpp"

/// Every matrix product of the library: a walk over micro-tiles.
namespace unroll::inline UNROLL_TARGET::detail {

/// The same factor from a later part on.
template <class Scalar, class Storage>
Panels<Scalar, Storage> from_part(Index part, Panels<Scalar, Storage> panels) {
  if (panels.data != nullptr) panels.data += part * panels.part_stride;  // null: no step of k
  return panels;
}
/// The same factor or sums from a later group on.
template <class Scalar, class Storage>
Panels<Scalar, Storage> from_group(Index group, Panels<Scalar, Storage> panels) {
  if (panels.data != nullptr) panels.data += panels.place_of_group(group, lanes<Scalar>());
  return panels;
}
template <class Scalar>
Sums<Scalar> from_group(Index group, Sums<Scalar> sums) {
  sums.data += group * sums.group_stride;
  return sums;
}

/// The micro-tiles by shape, for panels of P's lanes. Its functions are defined outside, so that a program of many
/// files can compile them in one of these: `extern template struct MicroTiles<Pack<float>, 4>`.
template <class P, int Packs, class Storage = Full>
struct MicroTiles {
  using Scalar = typename P::Lane;
  using Limits = TileLimits<P>;
  using Run = void (*)(const Panels<Scalar, Storage>&, const Columns<Scalar>&, const Sums<const Scalar>&,
                       const Sums<Scalar>&, Index, Index);
  /// Panels side by side in a tile of several columns, and of one column.
  static constexpr int side = (std::max)(1, Limits::rows / Packs);
  static constexpr int side_of_one = (std::max)(1, Limits::rows_of_one / Packs);
  static constexpr int columns = (std::max)(1, Limits::budget / (Packs * side));
  static constexpr int columns_of_half = (std::min)(12, Limits::budget / Packs);

  /// How many panels of one column go side by side; fewer where they would not stay in the first cache.
  static constexpr Index panels_of_one(Index panel_size) {
    return side_of_one * panel_size * static_cast<Index>(sizeof(Scalar)) > 24 * 1024 ? (std::max)(1, 4 / Packs)
                                                                                     : side_of_one;
  }

  static Run wide(Index panels, Index columns_of_tile);
  static Run half(Index columns_of_tile);
  static Run one(Index panels);

 private:
  template <class Part, int Side, int Most>
  static constexpr auto row() {  // not covered: runs at compile time
    return array_of<Most>(
        []<int c>() -> Run { return compiled_for<P, &MicroTile<P, Part, Packs, Side, c + 1, Storage>::run>; });
  }
};

template <class P, int Packs, class Storage>
auto MicroTiles<P, Packs, Storage>::wide(Index panels, Index columns_of_tile) -> Run {
  static constexpr auto table = array_of<side>([]<int p>() { return row<P, p + 1, columns>(); });
  return table[static_cast<std::size_t>(panels - 1)][static_cast<std::size_t>(columns_of_tile - 1)];
}

template <class P, int Packs, class Storage>
auto MicroTiles<P, Packs, Storage>::half(Index columns_of_tile) -> Run {  // not covered: only with AVX-512
  if constexpr (halves<P>) {
    static constexpr auto table = row<typename P::Half, 1, columns_of_half>();
    return table[static_cast<std::size_t>(columns_of_tile - 1)];
  } else {
    return wide(1, columns_of_tile);
  }
}

template <class P, int Packs, class Storage>
auto MicroTiles<P, Packs, Storage>::one(Index panels) -> Run {
  static constexpr auto table = array_of<side_of_one>(
      []<int p>() -> Run { return compiled_for<P, &MicroTile<P, P, Packs, p + 1, 1, Storage>::run>; });
  return table[static_cast<std::size_t>(panels - 1)];
}

/// The micro-tiles of a product of several columns, whose left factor has `Packs` groups.
template <class P, int Packs, class Storage = Full>
using TilesOf = MicroTiles<P, groups_of_part<P>(Packs), Storage>;

/// A function of a finished tile that does nothing.
struct NothingMore {
  void operator()(const Tile&) const {}
};
inline constexpr NothingMore nothing_more;

/// A function of any type that is called with each tile whose sums are in place. Not owned.
class TileDone {
 public:
  template <class F>
  explicit TileDone(const F& f)
      : f_(&f), call_([](const void* of, const Tile& tile) { (*static_cast<const F*>(of))(tile); }) {}
  /// Does nothing.
  explicit TileDone(NothingMore) {}

  void operator()(const Tile& tile) const {
    if (call_ != nullptr) call_(f_, tile);
  }

 private:
  const void* f_ = nullptr;
  void (*call_)(const void*, const Tile&) = nullptr;
};

/// The walk over tiles of P's lanes of one column.
template <class P, int Packs, class Scalar, class Storage, class Done>
EIGEN_ALWAYS_INLINE void walk_column(const Panels<Scalar, Storage>& a, const Columns<Scalar>& b,
                                     const Sums<const Scalar>& from, const Sums<Scalar>& to, const Done& done,
                                     bool backwards) {
  using T = MicroTiles<P, Packs, Storage>;
  for_each_part(
      a.count, T::panels_of_one(a.stride),
      [&](Range panels) {
        panels.first += a.first;
        const Tile tile{panels, {0, 1}};
        run_tile<P, Packs>(T::one(panels.count), a, b, from, to, tile);
        done(tile);
      },
      backwards);
}

/// What the tiles of a part take.
template <class Scalar, class Storage>
struct PartOperands {
  Panels<Scalar, Storage> a;
  Sums<const Scalar> from;
  Sums<Scalar> to;
};

/// The same for several columns.
template <class P, int Packs, class Scalar, class Storage>
void walk_tiles(const Panels<Scalar, Storage>& a, const Columns<Scalar>& b, const Sums<const Scalar>& from,
                const Sums<Scalar>& to, const TileDone& done, bool backwards) {
  constexpr int part = groups_of_part<P>(Packs);
  using T = TilesOf<P, Packs, Storage>;
  auto parts = array_of<Packs / part>([&]<int i>() -> PartOperands<Scalar, Storage> {
    return {from_part(i, a), from_group(i * part, from), from_group(i * part, to)};
  });
  const auto run_row = [&](Range panels, Index most, auto tile_of) {
    NextPanels<P, part> next(a, b, panels, (b.count + most - 1) / most, backwards);
    for_each_part(b.count, most, [&](Range columns) {
      const Tile tile{panels, columns};
      for (auto& of : parts) {
        next.ask(of.a);
        run_tile<P, part>(tile_of(columns.count), of.a, b, of.from, of.to, tile);
      }
      next.move_on();
      done(tile);
    });
  };
  const Index last = a.first + a.count - 1;
  const bool half = halves<P> && a.count > 0 && a.units - last * P::size <= P::size / 2;
  if (half)
    run_row({last, 1}, b.packed ? T::columns : T::columns_of_half, [](Index columns) { return T::half(columns); });
  for_each_part(
      a.count - (half ? 1 : 0), T::side,
      [&](Range panels) {
        panels.first += a.first;
        run_row(panels, T::columns, [&](Index columns) { return T::wide(panels.count, columns); });
      },
      backwards);
}

/// Calls f(a, b, first, last) for parts of k. They are so short that what a tile reads of both factors stays in the
/// second cache for the next tile. `first` and `last` say whether it is the first part and the last one. If `whole`,
/// all of k is one part.
template <class P, class Scalar, class Storage, class F>
EIGEN_ALWAYS_INLINE void for_each_depth(const Panels<Scalar, Storage>& a, const Columns<Scalar>& b, bool whole,
                                        const F& f) {
  constexpr Index most = TileLimits<P>::depth, per_word = Storage::per_word;
  const Index length = b.stretches.length, count = b.stretches.count;
  if (length * count <= most || whole) return f(a, b, true, true);
  const bool one = count == 1 && b.last.count == 0;  // a single stretch is cut; several are shared out
  const Index unit = one ? per_word : length, words = (unit + per_word - 1) / per_word;
  const Index units = one ? (length + per_word - 1) / per_word : count;
  for_each_part(units, (std::max)(most / unit, Index{1}), [&](Range part) {
    Panels<Scalar, Storage> a_part = a;
    Columns<Scalar> b_part = b;
    const bool last = part.end() == units;
    a_part.data += part.first * words * a.k_stride;
    if (one) {
      b_part.data += part.first * unit * b.k_stride;
      b_part.stretches.length = (std::min)(part.count * unit, length - part.first * unit);
    } else {
      b_part.data += part.first * b.stretches.stride;
      b_part.stretches.count = part.count;
    }
    if (!last) b_part.last.count = 0;
    f(a_part, b_part, part.first == 0, last);
  });
}

/// `multiply` for several columns. Sums that are added to others are computed over all of k at once, because a part
/// would start from what the part before left.
template <int Packs, class Scalar, class Storage>
EIGEN_DONT_INLINE void multiply_columns(const Panels<Scalar, Storage>& a, const Columns<Scalar>& b,
                                        const Sums<const Scalar>& from, const Sums<Scalar>& to, const TileDone& done,
                                        bool backwards) {
  if (b.count == 0) return;  // the sums may be nowhere
  with_packs<Scalar>([&]<class P>() {
    for_each_depth<P>(a, b, to.added, [&](const auto& a_part, const auto& b_part, bool first, bool last) {
      walk_tiles<P, Packs>(a_part, b_part, first ? from : constant(to), to, last ? done : TileDone(nothing_more),
                           backwards);
    });
  });
}

/// to = from + a b; done(tile) when a tile's sums are in place.
///
/// backwards: from the last panel to the first. If weights are read again and again, forwards and backwards by turns,
/// the cache still holds as many of them as fit; always forwards, it would hold none that come next.
///
/// The product of one column is inlined, because a stream of a small layer calls it: every call costs as much as a few
/// units.
template <int Packs, class Scalar, class Storage, class Done>
EIGEN_ALWAYS_INLINE void multiply(const Panels<Scalar, Storage>& a, const Columns<Scalar>& b,
                                  const Sums<const Scalar>& from, const Sums<Scalar>& to, const Done& done,
                                  bool backwards = false) {
  if (b.count != 1) return multiply_columns<Packs>(a, b, from, to, TileDone(done), backwards);
  if constexpr (for_every_processor)
    with_packs<Scalar>([&]<class P>() { walk_column<P, Packs>(a, b, from, to, done, backwards); });
  else  // no lambda: at -Os g++ would not know inside it that there is one column
    walk_column<Pack<Scalar>, Packs>(a, b, from, to, done, backwards);
}

}  // namespace unroll::inline UNROLL_TARGET::detail
