#pragma once

#include "unroll/core/range.hpp"
#include "unroll/core/unrolled.hpp"
#include "unroll/product/storage.hpp"

#ifdef _MSC_VER
#pragma warning(push)
#pragma warning(disable : 4068)  // pragmas of other compilers
#endif

/// The register tiles that every matrix product of the library is made of (docs/product.md has pictures).
///
/// An output is one chain of multiply-adds in the order of k, starting from what the sum was before, whatever the
/// tile's shape: a sample has the same bits alone and in any batch.
namespace unroll::detail {

/// The left factor, packed. Its rows are `Packs` groups of as many units; a panel holds Pack::size units, and at each
/// k the packs of its groups side by side.
template <class Scalar, class Storage = Full>
struct Panels {
  const typename Storage::template Word<Scalar>* data;
  Index count;      ///< of panels
  Index stride;     ///< from panel to panel
  Index k_stride;   ///< from step to step of k; where a word holds several, from word to word
  Index units;      ///< of all panels; lanes behind them hold zeros
  Index first = 0;  ///< panel that is meant; the data begin with panel 0
};

/// Stretches along k: `count` of `length` steps each, `stride` apart. Words of a left factor do not cross them.
struct Stretches {
  Index length;
  Index count = 1;
  Index stride = 0;
};

/// The right factor. The walk along k may have gaps: its `stretches`, and behind them its `last` ones.
template <class Scalar>
struct Columns {
  const Scalar* data;
  Index count;
  Index stride;  ///< from column to column
  Index k_stride;
  Stretches stretches;
  Stretches last = {0, 0};
};

/// Where sums come from or go to: the pack of (panel, group, column) starts at
/// data + panel * panel_stride + group * group_stride + column * column_stride.
template <class Scalar>
struct Sums {
  Scalar* data;
  Index panel_stride;
  Index group_stride;
  Index column_stride;
  Index units;         ///< lanes of units behind these are not touched
  bool added = false;  ///< sums that go here are added to what is there
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

/// A pack of operands; `kept` in its register for all columns, where g++ would load it again for each (1.3 times as
/// long).
template <bool Kept, class P>
EIGEN_ALWAYS_INLINE P keep(P row) {
  return Kept ? row.in_register() : row;
}

/// s += a b for a micro-tile of `Side` panels, MR packs, by NR columns: the sum of (panel, group, column) is
/// s[(column * Side + panel) * Stride + First + group].
///
///      a, packed: at each k the packs of panel 0, those of panel 1      b: one column under the other
///
///      k = 0   [ group 0 | group 1 | .. ]   [ group 0 | .. ]            x[0]  x[0]  ..
///      k = 1   [ group 0 | group 1 | .. ]   [ group 0 | .. ]            x[1]  x[1]  ..
///        :     \______________ MR packs ______________/                 \__ NR __/
template <int Packs, int Side, int NR, int Stride, int First, class P, class Scalar, class Storage>
EIGEN_ALWAYS_INLINE void add_products(const Panels<Scalar, Storage>& a, const Columns<Scalar>& b, Index panel,
                                      Index column, P* s) {
  constexpr int MR = Packs * Side, lanes = Pack<Scalar>::size, per_word = Storage::per_word;
  constexpr bool kept = few_but_fused && NR > 1;
  const auto* words = a.data + panel * a.stride;
  const Scalar* start = b.data + column * b.stride;
  const Index panel_stride = a.stride, word_stride = a.k_stride;
  const Index column_stride = b.stride, x_stride = b.k_stride, last = b.last.count;
  const auto add_step = [&]<int j>(const Scalar* x) {
    P row[MR];
#pragma GCC unroll 24
    for (int c = 0; c < NR; ++c) {
      const P value(x[c * column_stride]);
#pragma GCC unroll 24
      for (int r = 0; r < MR; ++r) {
        if (c == 0)
          row[r] = keep<kept>(Storage::template decode<j, P>(words + r / Packs * panel_stride + r % Packs * lanes));
        P& sum = s[(c * Side + r / Packs) * Stride + First + r % Packs];
        sum = multiply_add(row[r], value, sum);
      }
    }
  };
  Index length = b.stretches.length, stride = b.stretches.stride;
  for (Index left = b.stretches.count + last; left > 0; --left, start += stride) {
    if (left == last) length = b.last.length, stride = b.last.stride;
    const Scalar* x = start;
    Index k = length;
#ifdef __clang__  // it would load ahead of eight steps, and put sums into memory for want of registers
#pragma clang loop unroll(disable)
#endif
    for (; k >= per_word; k -= per_word, words += word_stride)
      unrolled<per_word>([&]<int j>() { add_step.template operator()<j>(x), x += x_stride; });
    if constexpr (per_word > 1)
      if (k > 0) {
        unrolled<per_word - 1>([&]<int j>() {
          if (j < k) add_step.template operator()<j>(x), x += x_stride;
        });
        words += word_stride;
      }
  }
}

/// `Side` panels of `Packs` packs by NR columns of sums, held in registers while k runs. P is a whole pack, or half a
/// one for a panel whose second half holds no units.
template <class P, int Packs, int Side, int NR, class Storage = Full>
class MicroTile {
  using Scalar = typename P::Lane;

 public:
  /// to = from + a b, for the tile at (panel, column).
  [[gnu::flatten]] static EIGEN_DONT_INLINE void run(const Panels<Scalar, Storage>& a, const Columns<Scalar>& b,
                                                     const Sums<const Scalar>& from, const Sums<Scalar>& to,
                                                     Index panel, Index column) {
    P s[MR * NR];
    const Index last = to.units - (panel + Side - 1) * lanes;  // units of the tile's last panel
    const Place<const Scalar> start(from, panel, column);
    const Place<Scalar> end(to, panel, column);
    if constexpr (P::size < lanes)
      if (last >= lanes)  // what lies behind the units goes along
        for_each_sum(last, [&](int i, Index) { P::load(start[i] + P::size).store(end[i] + P::size); });
    for_each_sum(last, [&](int i, Index count) { s[i] = P::load(start[i], count); });
    add_products<Packs, Side, NR, Packs, 0>(a, b, panel, column, s);
    if (to.added) for_each_sum(last, [&](int i, Index count) { s[i] += P::load(end[i], count); });
    for_each_sum(last, [&](int i, Index count) { s[i].store(end[i], count); });
  }

 private:
  static constexpr int MR = Packs * Side;
  static constexpr Index lanes = Pack<Scalar>::size;

  /// f(i, lanes that are units) for every sum: all of them, but in the tile's last panel no more than `last`.
  template <class F>
  static EIGEN_ALWAYS_INLINE void for_each_sum(Index last, F f) {
    if (last >= P::size) {
#pragma GCC unroll 24
      for (int i = 0; i < MR * NR; ++i) f(i, P::size);
    } else {
#pragma GCC unroll 24
      for (int i = 0; i < MR * NR; ++i) f(i, i % MR / Packs == Side - 1 ? last : P::size);
    }
  }

  /// Where the tile's first sum lies, and the strides: values of our own, that a store cannot change.
  template <class S>
  struct Place {
    S* data;
    Index panel_stride, group_stride, column_stride;

    Place(const Sums<S>& sums, Index panel, Index column)
        : data(sums.data + panel * sums.panel_stride + column * sums.column_stride),
          panel_stride(sums.panel_stride),
          group_stride(sums.group_stride),
          column_stride(sums.column_stride) {}
    EIGEN_ALWAYS_INLINE S* operator[](int i) const {
      return data + i % MR / Packs * panel_stride + i / MR * column_stride + i % Packs * group_stride;
    }
  };
};

}  // namespace unroll::detail

#ifdef _MSC_VER
#pragma warning(pop)
#endif
