#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "unroll/core/pack.hpp"

/// The register kernel: every matrix product of the library is made of these tiles.
///
/// An output is one chain of multiply-adds in the order of k, starting from what the sum was before, whatever the
/// tile's shape: a sample has the same bits alone and in any batch.
namespace unroll::detail {

/// The left factor, rows in blocks of Pack::size units. A block's gates lie side by side, Pack::size apart.
template <class Scalar>
struct Blocks {
  const Scalar* data;
  Index count;   ///< of blocks
  Index stride;  ///< from block to block
  Index k_stride;
  Index units;      ///< of all blocks; lanes behind them hold zeros
  Index first = 0;  ///< block that is meant; the data begin with block 0
};

/// Runs along k: `count` of `length` steps each, `stride` apart.
struct Runs {
  Index length;
  Index count = 1;
  Index stride = 0;
};

/// The right factor. The walk along k may have gaps: its `runs`, and behind them its `last` ones.
template <class Scalar>
struct Columns {
  const Scalar* data;
  Index count;
  Index stride;  ///< from column to column
  Index k_stride;
  Runs runs;
  Runs last = {0, 0};
};

/// Where sums come from or go to: the pack of (block, gate, column) starts at
/// data + block * block_stride + gate * gate_stride + column * column_stride.
template <class Scalar>
struct Sums {
  Scalar* data;
  Index block_stride;
  Index gate_stride;
  Index column_stride;
  Index units;         ///< lanes of units behind these are not touched
  bool added = false;  ///< sums that go here are added to what is there
};

template <class Scalar>
Sums<const Scalar> constant(const Sums<Scalar>& sums) {
  return {sums.data, sums.block_stride, sums.gate_stride, sums.column_stride, sums.units};
}

inline constexpr bool many_registers = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32;
#ifdef EIGEN_VECTORIZE_FMA
inline constexpr bool few_but_fused = !many_registers;  ///< AVX2
#else
inline constexpr bool few_but_fused = false;
#endif

/// Registers for sums, beside those for a broadcast and a row of operands.
inline constexpr int tile_budget = many_registers ? 24 : 12;

/// Packs in each column of a tile of several columns. 12 sums leave AVX2 four registers: three for operands that stay
/// while the columns pass. SSE2 needs one for each product, and loads its operands anew.
inline constexpr int tile_rows = few_but_fused ? 3 : 4;

/// How many of a product's gates are in one tile: all of them, or an equal part that fits its rows.
constexpr int gates_at_once(int gates) {
  int part = (std::min)(gates, tile_rows);
  while (gates % part != 0) --part;
  return part;
}

/// The same factor or sums from a later gate on.
template <class Scalar>
Blocks<Scalar> from_gate(int gate, Blocks<Scalar> blocks) {
  blocks.data += gate * Pack<Scalar>::size;
  return blocks;
}
template <class Scalar>
Sums<Scalar> from_gate(int gate, Sums<Scalar> sums) {
  sums.data += gate * sums.gate_stride;
  return sums;
}

/// A pack of operands; `kept` in its register for all columns, where g++ would load it again for each (1.3 times as
/// long).
template <bool Kept, class P>
EIGEN_ALWAYS_INLINE P load_row(const typename P::Lane* from) {
  const auto row = P::load(from);
  return Kept ? row.in_register() : row;
}

// Unrolled by pack expansion: at -O2 g++ would leave loops over the sums in memory.
template <int Gates, int Units, int Stride, int First, class P, class Scalar, int... J>
EIGEN_ALWAYS_INLINE void add_products(const Blocks<Scalar>& a, const Columns<Scalar>& b, Index block, Index column,
                                      P* s, std::integer_sequence<int, J...>) {
  constexpr int R = Gates * Units;
  constexpr bool kept = few_but_fused && sizeof...(J) > R;
  P row[R];
  const Scalar* pa = a.data + block * a.stride;
  const Scalar* pb = b.data + column * b.stride;
  const Index unit_stride = a.stride, k_stride = a.k_stride;
  const Index column_stride = b.stride, x_stride = b.k_stride, last = b.last.count;
  Index length = b.runs.length, stride = b.runs.stride;
  for (Index left = b.runs.count + last; left > 0; --left, pb += stride) {
    if (left == last) length = b.last.length, stride = b.last.stride;
    const Scalar* x = pb;
#ifdef __clang__  // it would load ahead of eight steps, and put sums into memory for want of registers
#pragma clang loop unroll(disable)
#endif
    for (Index k = 0; k < length; ++k, pa += k_stride, x += x_stride)
      (((J < R ? void(row[J % R] =
                          load_row<kept, P>(pa + J / Gates % Units * unit_stride + J % Gates * Pack<Scalar>::size))
               : void()),
        s[J / Gates * Stride + First + J % Gates] =
            multiply_add(row[J % R], P(x[J / R * column_stride]), s[J / Gates * Stride + First + J % Gates])),
       ...);
  }
}

/// s += a b for `Units` blocks by C columns of sums: the pack of (unit, gate, column) of the product is
/// s[(column * Units + unit) * Stride + First + gate].
template <int Gates, int Units, int C, int Stride, int First, class P, class Scalar>
EIGEN_ALWAYS_INLINE void add_products(const Blocks<Scalar>& a, const Columns<Scalar>& b, Index block, Index column,
                                      P* s) {
  add_products<Gates, Units, Stride, First>(a, b, block, column, s,
                                            std::make_integer_sequence<int, Gates * Units * C>());
}

/// `Units` blocks of `Gates` packs by C columns of sums, held in registers while k runs. P is a whole pack, or half a
/// one for a block whose second half holds no units.
template <class P, int Gates, int Units, int C>
class Tile {
  using Scalar = typename P::Lane;

 public:
  /// to = from + a b, for the tile at (block, column).
  static EIGEN_DONT_INLINE void run(const Blocks<Scalar>& a, const Columns<Scalar>& b, const Sums<const Scalar>& from,
                                    const Sums<Scalar>& to, Index block, Index column) {
    run(a, b, from, to, block, column, std::make_integer_sequence<int, Gates * Units * C>());
  }

 private:
  static constexpr int R = Gates * Units;
  static constexpr Index lanes = Pack<Scalar>::size;

  /// Where the tile's first sum lies, and the strides: values of our own, that a store cannot change.
  template <class S>
  struct Place {
    S* data;
    Index block_stride, gate_stride, column_stride;

    Place(const Sums<S>& sums, Index block, Index column)
        : data(sums.data + block * sums.block_stride + column * sums.column_stride),
          block_stride(sums.block_stride),
          gate_stride(sums.gate_stride),
          column_stride(sums.column_stride) {}
    EIGEN_ALWAYS_INLINE S* operator[](int i) const {
      return data + i % R / Gates * block_stride + i / R * column_stride + i % Gates * gate_stride;
    }
  };
  static constexpr bool is_last(int i) { return i % R / Gates == Units - 1; }

  template <int... J>
  static EIGEN_ALWAYS_INLINE void run(const Blocks<Scalar>& a, const Columns<Scalar>& b, const Sums<const Scalar>& from,
                                      const Sums<Scalar>& to, Index block, Index column,
                                      std::integer_sequence<int, J...>) {
    P s[R * C];
    const Index last = to.units - (block + Units - 1) * lanes;  // units of the tile's last block
    const Place<const Scalar> start(from, block, column);
    const Place<Scalar> end(to, block, column);
    if constexpr (P::size < lanes)
      if (last >= lanes)  // what lies behind the units goes along
        (P::load(start[J] + P::size).store(end[J] + P::size), ...);
    if (last >= P::size)
      ((s[J] = P::load(start[J])), ...);
    else
      ((s[J] = is_last(J) ? P::load(start[J], last) : P::load(start[J])), ...);
    add_products<Gates, Units, C, Gates, 0>(a, b, block, column, s);
    if (last >= P::size) {
      if (to.added) ((s[J] += P::load(end[J])), ...);
      (s[J].store(end[J]), ...);
    } else {
      if (to.added) ((s[J] += is_last(J) ? P::load(end[J], last) : P::load(end[J])), ...);
      ((is_last(J) ? s[J].store(end[J], last) : s[J].store(end[J])), ...);
    }
  }
};

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
