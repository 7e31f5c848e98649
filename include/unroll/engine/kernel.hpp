#pragma once

#include <algorithm>
#include <utility>

#include "unroll/core/pack.hpp"

/// The register kernel: every matrix product of the library is made of these tiles.
///
/// An output is one chain of multiply-adds in the order of k, starting from what the tile was loaded with, whatever
/// the tile's shape: a sample has the same bits alone and in any batch.
namespace unroll::detail {

/// A matrix read along k: value (k, i) is data[k * k_stride + i * stride].
template <class Scalar>
struct Strided {
  const Scalar* data;
  Index k_stride;
  Index stride;
};

/// R packs of rows by C columns of sums, held in registers while k runs.
template <class Scalar, int R, int C>
struct Tile {
  Pack<Scalar> sum[C][R];

  /// sum(r, c) += a(k, r) b(k, c) for k = 0 .. depth-1; a(k, r) is the pack that starts there.
  void accumulate(Strided<Scalar> a, Strided<Scalar> b, Index depth) {
    run(a, b, depth, std::make_integer_sequence<int, R * C>());
  }

 private:
  // Unrolled by pack expansion: at -O2 g++ would leave loops over `sum` in memory.
  template <int... I>
  void run(Strided<Scalar> a, Strided<Scalar> b, Index depth, std::integer_sequence<int, I...>) {
    Pack<Scalar> s[] = {sum[I / R][I % R]...};
    for (Index k = 0; k < depth; ++k) {
      ((s[I] = multiply_add(Pack<Scalar>::load(a.data + (I % R) * a.stride), Pack<Scalar>(b.data[(I / R) * b.stride]),
                            s[I])),
       ...);
      a.data += a.k_stride;
      b.data += b.k_stride;
    }
    ((sum[I / R][I % R] = s[I]), ...);
  }
};

/// Sums that fit the registers beside a broadcast and a row of operands.
inline constexpr int tile_budget = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 24 : 12;

/// Rows in blocks of Pack::size units, each with the same run of gates side by side; the gates of a block lie
/// Pack::size apart. The walk along k may have gaps: `segments` runs of `segment` steps, `segment_stride` apart in b.
template <class Scalar>
struct Blocks {
  const Scalar* data;
  Index count;         ///< of blocks
  Index block_stride;  ///< from block to block
  Index k_stride;      ///< from k to k + 1
};

template <class Scalar>
struct Columns {
  const Scalar* data;
  Index count;
  Index stride;    ///< from column to column
  Index k_stride;  ///< from k to k + 1
  Index segment;   ///< steps of k in one run
  Index segments = 1;
  Index segment_stride = 0;  ///< from run to run
};

template <class Scalar, int Gates, int Units, int C, class Start, class Finish>
void multiply_columns(const Blocks<Scalar>& a, const Columns<Scalar>& b, Index block, Index column, Start& start,
                      Finish& finish) {
  for (; column + C <= b.count; column += C) {
    Tile<Scalar, Gates * Units, C> tile;
    start(tile, block, column);
    for (Index s = 0; s < b.segments; ++s)
      tile.accumulate({a.data + block * a.block_stride + s * b.segment * a.k_stride, a.k_stride,
                       Gates == 1 ? a.block_stride : Pack<Scalar>::size},
                      {b.data + column * b.stride + s * b.segment_stride, b.k_stride, b.stride}, b.segment);
    finish(tile, block, column);
  }
  if constexpr (C > 1) multiply_columns<Scalar, Gates, Units, C / 2>(a, b, block, column, start, finish);
}

/// Covers blocks x columns with tiles: start(tile, block, column) loads the sums, finish(tile, block, column) takes
/// them. sum[c][r] belongs to column + c and, with one gate, to block + r; else to gate r of the block.
template <int Gates, class Scalar, class Start, class Finish>
void multiply(const Blocks<Scalar>& a, const Columns<Scalar>& b, Start start, Finish finish) {
  constexpr int units = Gates == 1 ? 4 : 1;
  Index block = 0;
  for (; block + units <= a.count; block += units)
    multiply_columns<Scalar, Gates, units, std::max(1, tile_budget / (Gates * units))>(a, b, block, 0, start, finish);
  if constexpr (units > 1)
    for (; block < a.count; ++block) multiply_columns<Scalar, Gates, 1, tile_budget / 4>(a, b, block, 0, start, finish);
}

/// Calls f(gate, block, column, sum) for every pack of a tile that starts at (block, column).
template <int Gates, class Scalar, int R, int C, class F>
void for_each_sum(Tile<Scalar, R, C>& tile, Index block, Index column, F f) {
  for (int c = 0; c < C; ++c)
    for (int r = 0; r < R; ++r) f(r % Gates, block + r / Gates, column + c, tile.sum[c][r]);
}

}  // namespace unroll::detail
