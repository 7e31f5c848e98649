#pragma once

#include "unroll/engine/tile.hpp"

/// Every matrix product of the library: a walk over tiles.
namespace unroll::detail {

/// The tiles by shape. Its functions are defined outside, so that a program of many files can keep them in one:
/// `extern template struct Tiles<float, 4>`.
template <class Scalar, int Gates>
struct Tiles {
  using Run = void (*)(const Blocks<Scalar>&, const Columns<Scalar>&, const Sums<const Scalar>&, const Sums<Scalar>&,
                       Index, Index);
  /// Blocks side by side in a tile of several columns, and of one column, where the latency of the multiply-adds must
  /// be hidden by more rows.
  static constexpr int units = (std::max)(1, tile_rows / Gates);
  static constexpr int units_of_one = (std::max)(1, 8 / Gates);
  static constexpr int columns = (std::max)(1, tile_budget / (Gates * units));
  /// Half a register of 512 bits takes half the time where the processor works on 256 at a time, as Zen 4 does.
  static constexpr bool halves = sizeof(Pack<Scalar>) == 64;
  static constexpr int columns_of_half = (std::min)(12, tile_budget / Gates);

  /// How many blocks of one column go side by side: where they would not stay in the first cache, fewer.
  static constexpr Index blocks_of_one(Index block_size) {
    return units_of_one * block_size * static_cast<Index>(sizeof(Scalar)) > 24 * 1024 ? (std::max)(1, 4 / Gates)
                                                                                      : units_of_one;
  }

  static Run wide(Index blocks, Index columns_of_tile);
  static Run half(Index columns_of_tile);
  static Run one(Index blocks);

 private:
  template <class P, int Units, int... C>
  static constexpr auto row(std::integer_sequence<int, C...>) {
    return std::array<Run, sizeof...(C)>{&Tile<P, Gates, Units, C + 1>::run...};
  }
  template <int... U>
  static constexpr auto rows(std::integer_sequence<int, U...>) {
    return std::array<std::array<Run, columns>, sizeof...(U)>{
        row<Pack<Scalar>, U + 1>(std::make_integer_sequence<int, columns>())...};
  }
  template <int... U>
  static constexpr auto of_one(std::integer_sequence<int, U...>) {
    return std::array<Run, sizeof...(U)>{&Tile<Pack<Scalar>, Gates, U + 1, 1>::run...};
  }
};

template <class Scalar, int Gates>
auto Tiles<Scalar, Gates>::wide(Index blocks, Index columns_of_tile) -> Run {
  static constexpr auto table = rows(std::make_integer_sequence<int, units>());
  return table[static_cast<std::size_t>(blocks - 1)][static_cast<std::size_t>(columns_of_tile - 1)];
}

template <class Scalar, int Gates>
auto Tiles<Scalar, Gates>::half(Index columns_of_tile) -> Run {
  if constexpr (halves) {
    static constexpr auto table =
        row<Pack<Scalar, Pack<Scalar>::size / 2>, 1>(std::make_integer_sequence<int, columns_of_half>());
    return table[static_cast<std::size_t>(columns_of_tile - 1)];
  } else {
    return wide(1, columns_of_tile);
  }
}

template <class Scalar, int Gates>
auto Tiles<Scalar, Gates>::one(Index blocks) -> Run {
  static constexpr auto table = of_one(std::make_integer_sequence<int, units_of_one>());
  return table[static_cast<std::size_t>(blocks - 1)];
}

/// Calls f(first, count) for parts of at most `most` that cover [0, count), as equal as can be.
template <class F>
void for_each_part(Index count, Index most, F f, bool backwards = false) {
  if (count <= most) {
    if (count > 0) f(Index(0), count);
    return;
  }
  const Index parts = (count + most - 1) / most;
  const Index size = count / parts, larger = count % parts;  // the first parts are larger by one
  for (Index i = 0; i < parts; ++i) {
    const Index part = backwards ? parts - 1 - i : i;
    f(part * size + (std::min)(part, larger), size + (part < larger ? 1 : 0));
  }
}

/// to = from + a b; done(block, blocks, column, columns) when a tile's sums are in place.
///
/// backwards: from the last block to the first. Weights that are read again and again, forwards and backwards by turns,
/// are found in the cache as far as it reaches; always forwards, none of them would be.
///
/// Inlined, for a stream calls it for one column of a small layer: every call costs as much as a few units.
template <int Gates, class Scalar, class Done>
EIGEN_ALWAYS_INLINE void multiply(const Blocks<Scalar>& a, const Columns<Scalar>& b, const Sums<const Scalar>& from,
                                  const Sums<Scalar>& to, Done done, bool backwards = false) {
  if (b.count == 1) {
    using T = Tiles<Scalar, Gates>;
    for_each_part(
        a.count, T::blocks_of_one(a.stride),
        [&](Index block, Index blocks) {
          block += a.first;
          T::one(blocks)(a, b, from, to, block, 0);
          done(block, blocks, 0, 1);
        },
        backwards);
    return;
  }
  constexpr int part = gates_at_once(Gates);
  constexpr Index lanes = Pack<Scalar>::size;
  using T = Tiles<Scalar, part>;
  const auto run_row = [&](Index block, Index blocks, Index most, auto tile) {
    for_each_part(b.count, most, [&](Index column, Index columns) {
      for (int gate = 0; gate < Gates; gate += part)
        tile(columns)(from_gate(gate, a), b, from_gate(gate, from), from_gate(gate, to), block, column);
      done(block, blocks, column, columns);
    });
  };
  const Index last = a.first + a.count - 1;
  const bool half = T::halves && a.count > 0 && a.units - last * lanes <= lanes / 2;
  if (half) run_row(last, 1, T::columns_of_half, [](Index columns) { return T::half(columns); });
  for_each_part(
      a.count - (half ? 1 : 0), T::units,
      [&](Index block, Index blocks) {
        run_row(a.first + block, blocks, T::columns, [blocks](Index columns) { return T::wide(blocks, columns); });
      },
      backwards);
}

}  // namespace unroll::detail
