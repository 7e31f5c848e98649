#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "unroll/core/pack.hpp"

/// The register tiles that every matrix product of the library is made of.
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

}  // namespace unroll::detail
