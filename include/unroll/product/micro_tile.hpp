#pragma once

#include <algorithm>
#include <utility>

#include "unroll/core/memory.hpp"
#include "unroll/core/processor.hpp"
#include "unroll/core/unrolled.hpp"
#include "unroll/product/operands.hpp"

/// The register tiles that every matrix product of the library is made of (docs/product.md has pictures).
///
/// Whatever the tile's shape, an output is one chain of multiply-adds in the order of k, which starts from the sum's
/// old value. So a sample has the same bits alone and in any batch.
namespace unroll::inline UNROLL_TARGET::detail {

/// What fits into the registers, for packs as wide as P.
template <class P>
struct TileLimits {
  static constexpr bool x86 = EIGEN_ARCH_i386_OR_x86_64;
  static constexpr bool many_registers = x86 ? sizeof(P) == 64 : EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32;
  /// AVX2. (AVX alone does not fuse products, and this shape suits its tiles less.)
  static constexpr bool few_but_fused = x86 && sizeof(P) == 32;
  /// SSE2 in a program for every processor. Few processors have only SSE2, so few tiles will do; they compile fast.
  static constexpr bool few_tiles = for_every_processor && sizeof(P) == 16;
  /// Registers for sums, beside those for a broadcast and a row of operands.
  static constexpr int budget = few_tiles ? 4 : many_registers ? 24 : 12;
  /// Packs in each column of a tile of several columns. 12 sums leave AVX2 four registers; three hold operands while
  /// the columns pass. SSE2 needs one register for each product, so it loads its operands anew.
  static constexpr int rows = few_tiles ? 2 : few_but_fused ? 3 : 4;
  /// Whether a full tile of one panel prefetches the operands that come from the second cache. (On an Intel Xeon that
  /// is 1.02 to 1.06 times as fast; for operands in the first cache it would cost 0.03.)
  static constexpr bool asks_ahead = x86 && sizeof(P) == 64;
  /// Whether a large tile asks for a part of the next panels (next_panels.hpp). (On an EPYC (Zen 3) 1.05 to 1.15 times
  /// as fast; for panels that stay in the second cache it would cost 0.03.)
  static constexpr bool asks_for_next = few_but_fused;
  /// Steps of k that are walked at a time. What the tiles of one part read stays in the second cache, which has 256 to
  /// 512 KiB on processors whose widest registers are AVX2's, else 1 MiB and more.
  static constexpr Index depth = few_but_fused ? 512 : 1024;
  /// Panels side by side in a tile of one column, where only more rows can hide the latency of the multiply-adds.
  static constexpr int rows_of_one = few_tiles ? 2 : 8;
};

/// How many of a product's groups are in one tile: all of them, or an equal part that fits its rows.
template <class P>
constexpr int groups_of_part(int groups) {
  int part = std::clamp(groups, 1, TileLimits<P>::rows);
  while (groups % part != 0) --part;
  return part;
}
/// The same, for this processor's registers.
template <class Scalar>
Index part_of_groups(Index groups) {
  int part = 0;
  with_packs<Scalar>([&]<class P>() { part = groups_of_part<P>(static_cast<int>(groups)); });
  return part;
}

/// A pack of operands. If `Kept`, it stays in its register for all columns; else g++ would load it for each (1.3 times
/// as long).
template <bool Kept, class P>
EIGEN_ALWAYS_INLINE P keep(P row) {
  return Kept ? row.in_register() : row;
}

/// A micro-tile's shape: `Side` panels of `Packs` packs by NR columns, in panels of the lanes of `Whole`. The sum of
/// (panel, group, column) is s[(column * Side + panel) * Stride + First + group].
///
/// Its loops run over packs of indices: g++ keeps an array in registers only where each index is a constant from the
/// start.
template <class Whole_, int Packs_, int Side_, int NR_, int Stride_ = Packs_, int First_ = 0>
struct TileShape {
  using Whole = Whole_;
  static constexpr int Packs = Packs_, Side = Side_, NR = NR_, Stride = Stride_, First = First_;
  static constexpr int Part = groups_of_part<Whole>(Packs);
  /// Whether its sums take all registers, or most of them. Only such tiles prefetch: others are few, and take as long
  /// to compile.
  static constexpr bool full = Packs * Side * NR == TileLimits<Whole>::budget && NR > 1;
  static constexpr bool large = 3 * Packs * Side * NR >= 2 * TileLimits<Whole>::budget && NR > 1;
  using Rows = std::make_integer_sequence<int, Packs * Side>;
  using Each = std::make_integer_sequence<int, NR>;
};

/// Where row r of the tile's operands lies, from those of its first panel on.
template <class Shape, int r, class Scalar, class Storage>
EIGEN_ALWAYS_INLINE Index place_of_row(const Panels<Scalar, Storage>& a) {
  constexpr int panel = r / Shape::Packs, group = r % Shape::Packs;
  return panel * a.stride + group / Shape::Part * a.part_stride + group % Shape::Part * Shape::Whole::size;
}
template <class P>
EIGEN_ALWAYS_INLINE void add_product(P row, P value, P& sum) {
  sum = multiply_add(row, value, sum);
}
/// One column of a step of k.
template <class Shape, class P, int... r>
EIGEN_ALWAYS_INLINE void add_column(const P* row, P value, P* s, std::integer_sequence<int, r...>) {
  (add_product(row[r], value, s[r / Shape::Packs * Shape::Stride + Shape::First + r % Shape::Packs]), ...);
}
/// Step j of a word of k: all rows by all columns.
template <class Shape, int j, class Word, class Scalar, class Storage, class P, int... r, int... c>
EIGEN_ALWAYS_INLINE void add_step(const Word* words, const Panels<Scalar, Storage>& a, const Scalar* x,
                                  Index column_stride, P* s, std::integer_sequence<int, r...> rows,
                                  std::integer_sequence<int, c...>) {
  constexpr bool kept = TileLimits<typename Shape::Whole>::few_but_fused && Shape::NR > 1;
  const P row[] = {keep<kept>(Storage::template decode<j, P>(words + place_of_row<Shape, r>(a)))...};
  (add_column<Shape>(row, P(x[c * column_stride]), s + c * Shape::Side * Shape::Stride, rows), ...);
}
/// Asks for the operands that a tile needs some steps later, or for a part of the next panels.
template <class Shape, class Word, class Scalar, class Storage, int... r>
EIGEN_ALWAYS_INLINE void ask_ahead(const Word* words, const Word*& next, const Panels<Scalar, Storage>& a,
                                   std::integer_sequence<int, r...>) {
  if constexpr (TileLimits<typename Shape::Whole>::asks_for_next) {
    prefetch<2>(next);
    next += a.next_step;
  } else {
    constexpr int steps = 16;
    (prefetch(words + steps * a.k_stride + place_of_row<Shape, r>(a)), ...);
  }
}
/// Asks for the columns' next stretch. It lies far away, where no processor looks ahead by itself.
template <class Scalar, int... c>
EIGEN_ALWAYS_INLINE void ask_for_stretch(const Scalar* x, Index length, Index column_stride,
                                         std::integer_sequence<int, c...>) {
  constexpr Index line = 64 / sizeof(Scalar);
  for (Index k = 0; k < length; k += line) (prefetch(x + k + c * column_stride), ...);
}
/// The steps of a word; the first `left` of them where fewer are left.
template <class Shape, bool Whole, class Storage, class Scalar, class P, int... j>
EIGEN_ALWAYS_INLINE void add_word(const typename Storage::template Word<Scalar>* words,
                                  const Panels<Scalar, Storage>& a, const Scalar* x, const Columns<Scalar>& b,
                                  Index left, P* s, std::integer_sequence<int, j...>) {
  ((Whole || j < left
        ? add_step<Shape, j>(words, a, x + j * b.k_stride, b.stride, s, typename Shape::Rows(), typename Shape::Each())
        : void()),
   ...);
}

/// The steps of a stretch.
template <class Shape, bool Ahead, class P, class Scalar, class Storage>
EIGEN_ALWAYS_INLINE void add_stretch(const typename Storage::template Word<Scalar>*& words,
                                     const typename Storage::template Word<Scalar>*& next,
                                     const Panels<Scalar, Storage>& a, const Scalar* x, const Columns<Scalar>& b,
                                     Index k, P* s) {
  constexpr int per_word = Storage::per_word;
  constexpr auto steps = std::make_integer_sequence<int, per_word>();
#if defined(__GNUC__) && !defined(__clang__)
  // Two steps a turn, for a step has few multiply-adds there beside the turn's own instructions.
  if constexpr (per_word == 1 && TileLimits<typename Shape::Whole>::few_but_fused) {
#pragma GCC unroll 2
    for (; k > 0; --k, words += a.k_stride, x += b.k_stride) {
      if constexpr (Ahead) ask_ahead<Shape>(words, next, a, typename Shape::Rows());
      add_word<Shape, true>(words, a, x, b, k, s, steps);
    }
    return;
  }
#endif
#ifdef __clang__  // it would load for eight steps ahead, run out of registers and keep sums in memory
#pragma clang loop unroll(disable)
#endif
  for (; k >= per_word; k -= per_word, words += a.k_stride, x += per_word * b.k_stride) {
    if constexpr (Ahead) ask_ahead<Shape>(words, next, a, typename Shape::Rows());
    add_word<Shape, true>(words, a, x, b, k, s, steps);
  }
  if constexpr (per_word > 1)
    if (k > 0) {
      add_word<Shape, false>(words, a, x, b, k, s, steps);
      words += a.k_stride;
    }
}

/// s += a b for a micro-tile:
///
///      a, packed: at each k the packs of panel 0, those of panel 1      b: one column under the other
///
///      k = 0   [ group 0 | group 1 | .. ]   [ group 0 | .. ]            x[0]  x[0]  ..
///      k = 1   [ group 0 | group 1 | .. ]   [ group 0 | .. ]            x[1]  x[1]  ..
///        :     \______________ MR packs ______________/                 \__ NR __/
template <class Shape, class P, class Scalar, class Storage>
EIGEN_ALWAYS_INLINE void add_products(const Panels<Scalar, Storage> a, Columns<Scalar> b, Index panel, Index column,
                                      P* s) {
  const auto *words = a.data + panel * a.stride, *next = a.data + a.next;
  const Scalar* start = b.data + column * b.stride;
  if (Shape::NR > 1 && b.packed) b.stride = 1, b.k_stride = Shape::NR;
  using Limits = TileLimits<typename Shape::Whole>;
  constexpr bool may_ask =
      (Shape::full && Limits::asks_ahead && Shape::Side == 1) || (Shape::large && Limits::asks_for_next);
  constexpr Index first_cache = 32 * 1024;
  const Index steps = b.stretches.length * b.stretches.count;
  const bool many = steps > first_cache / static_cast<Index>(sizeof(P)) / Shape::Packs;
  const bool asks = may_ask && (Limits::asks_for_next ? a.next_step != 0 : many);
  const bool asks_for_b = Shape::full && steps * b.count > first_cache / static_cast<Index>(sizeof(Scalar));
  Index length = b.stretches.length, stride = b.stretches.stride;
  for (Index left = b.stretches.count + b.last.count; left > 0; --left, start += stride) {
    if (left == b.last.count) length = b.last.length, stride = b.last.stride;
    if constexpr (Shape::full)
      if (asks_for_b && left > 1) ask_for_stretch(start + stride, length, b.stride, typename Shape::Each());
    if (asks)
      add_stretch<Shape, may_ask>(words, next, a, start, b, length, s);
    else
      add_stretch<Shape, false>(words, next, a, start, b, length, s);
  }
}

/// Where a tile's first sum lies, and the strides. They are local values, which a store cannot change.
template <class Scalar>
struct Place {
  Scalar* data;
  Index panel_stride, group_stride, column_stride;

  Place(const Sums<Scalar>& sums, Index panel, Index column)
      : data(sums.at(panel, 0, column)),
        panel_stride(sums.panel_stride),
        group_stride(sums.group_stride),
        column_stride(sums.column_stride) {}
  /// The pack of the tile's i-th sum.
  template <class Shape>
  EIGEN_ALWAYS_INLINE Scalar* at(int i) const {
    constexpr int Packs = Shape::Packs, MR = Packs * Shape::Side;
    return data + i % MR / Packs * panel_stride + i / MR * column_stride + i % Packs * group_stride;
  }
};

/// `Side` panels of `Packs` packs by NR columns of sums, held in registers while k runs. P is a whole pack, or half of
/// one for a panel whose second half holds no units. (See run_tile for a panel that has fewer units than lanes.)
template <class Whole, class P, int Packs, int Side, int NR, class Storage = Full>
class MicroTile {
  using Scalar = typename P::Lane;

 public:
  /// to = from + a b, for the tile at (panel, column).
  static void run(const Panels<Scalar, Storage>& a, const Columns<Scalar>& b, const Sums<const Scalar>& from,
                  const Sums<Scalar>& to, Index panel, Index column) {
    using Each = std::make_integer_sequence<int, Packs * Side * NR>;
    Values<P, Packs * Side * NR> s;
    const Place<const Scalar> start(from, panel, column);
    const Place<Scalar> end(to, panel, column);
    load(s, start, end, Each());
    if constexpr (Shape::full)
      if (to.added) ask_for(end, Each());
    add_products<Shape>(a, b, panel, column, s);
    if (to.added) add(s, end, Each());
    store(s, end, Each());
  }

 private:
  using Shape = TileShape<Whole, Packs, Side, NR>;

  template <int... i>
  static EIGEN_ALWAYS_INLINE void load(P* s, const Place<const Scalar>& from, const Place<Scalar>& to,
                                       std::integer_sequence<int, i...>) {
    if constexpr (P::size < Whole::size)  // what lies behind the units is copied; not covered: only with AVX-512
      (P::load(from.template at<Shape>(i) + P::size).store(to.template at<Shape>(i) + P::size), ...);
    ((s[i] = P::load(from.template at<Shape>(i))), ...);
  }
  template <int... i>
  static EIGEN_ALWAYS_INLINE void ask_for(const Place<Scalar>& to, std::integer_sequence<int, i...>) {
    (prefetch(to.template at<Shape>(i)), ...);
  }
  template <int... i>
  static EIGEN_ALWAYS_INLINE void add(P* s, const Place<Scalar>& to, std::integer_sequence<int, i...>) {
    ((s[i] += P::load(to.template at<Shape>(i))), ...);
  }
  template <int... i>
  static EIGEN_ALWAYS_INLINE void store(const P* s, const Place<Scalar>& to, std::integer_sequence<int, i...>) {
    (s[i].store(to.template at<Shape>(i)), ...);
  }
};

}  // namespace unroll::inline UNROLL_TARGET::detail
