#pragma once

#include <cstring>

#include "unroll/core/parameters.hpp"
#include "unroll/product/packed_matrix.hpp"

/// Products and sums over many columns. The gradients of weights are made of them.
namespace unroll::inline UNROLL_TARGET::detail {

/// Calls f(Range) for the columns of gradients part by part. A part has few enough columns that what its products share
/// stays in the cache, and enough that the sums of the weights' gradients are not loaded and stored too often.
template <class F>
void for_each_chunk(Range columns, F f) {
  for_each_part(columns.count, 1024, [&](Range part) { f(Range{columns.first + part.first, part.count}); });
}

/// Packs some columns of x as the right factor of a product that walks across them. They have `rows` rows and are
/// `stride` apart; the left factor has `Packs` groups. In each tile the rows of a column lie side by side, then those
/// of the next column.
template <class P, int Packs, class Scalar>
UNROLL_INNER_LOOP void pack_across(const Scalar* x, Index stride, Index rows, Range columns, Index depth, Scalar* to) {
  constexpr Index full = TilesOf<P, Packs>::columns;  // a masked store of so many takes an EPYC (Zen 3) 5 ns
  for_each_part(columns.count, 32, [&](Range some) UNROLL_INLINED {  // whose rows are in the cache for all tiles
    for_each_part(rows, full, [&](Range tile) UNROLL_INLINED {
      const Scalar* from = x + (columns.first + some.first) * stride + tile.first;
      Scalar* place = to + tile.first * depth + (columns.first + some.first) * tile.count;
      for (Index j = 0; j < some.count; ++j, from += stride, place += tile.count)
        if (tile.count == full)
          std::memcpy(place, from, full * sizeof(Scalar));  // g++ makes a call of a copy_n
        else
          for (Index i = 0; i < tile.count; i += P::size)
            P::load(from + i, tile.count - i).store(place + i, tile.count - i);
    });
  });
}

/// Some columns of x as the right factor of a product that walks across them; the left factor has `panels` panels of
/// `Packs` groups. A tile uses only a part of each cache line. So the columns are packed where it would find few of
/// them in the second cache: where they are many and read for enough panels, or where they are a multiple of 2 KiB
/// apart and so share a few cache sets.
template <int Packs, class Scalar>
Columns<Scalar> across(const Input<Scalar>& x, Range columns, Index panels, Vector<Scalar>& packed,
                       const Member& member) {
  const Index rows = x.rows(), stride = x.outerStride();
  const Scalar* data = x.data() + columns.first * stride;
  constexpr Index cached = 768 * 1024 / sizeof(Scalar);
  const bool aliased = stride * static_cast<Index>(sizeof(Scalar)) % 2048 == 0;
  if (!aliased && (rows * columns.count <= cached || panels < 4)) return {data, rows, 1, stride, {columns.count}};
  member.wait();  // what was there has been used
  member.single([&] {
    if (packed.size() < rows * columns.count) resize(packed, rows * columns.count);
  });
  on_processor<Scalar>([&]<class P>() {
    pack_across<P, Packs>(data, stride, rows, member.part(columns.count), columns.count, packed.data());
  });
  member.wait();
  return {packed.data(), rows, columns.count, 1, {columns.count}, {0, 0}, true};
}

/// Calls f(sum, Range) for the columns of gradients; f adds their sums to `sum`, a value of the gradient's type. Many
/// columns are summed part by part, because what a float adds to the sum of all others is lost in its rounding.
template <class Gradient, class F>
void for_each_sum(Range columns, Gradient& gradient, const F& f) {
  constexpr Index least = 32 * 1024;
  if (columns.count <= least) return f(gradient, columns);
  for_each_part(columns.count, (std::max)(least, columns.count / 32 + 1), [&](Range part) {
    Gradient of_part = zeros_like(gradient);
    for_each_sum({columns.first + part.first, part.count}, of_part, f);
    add_scaled(gradient, of_part, 1);
  });
}

/// Adds sums in double, rounded once.
template <class Scalar>
void add_rounded(const Vector<double>& sums, Vector<Scalar>& to) {
  for (Index i = 0; i < to.size(); ++i) to[i] += static_cast<Scalar>(sums[i]);
}

/// gradient(groups x units, i) += sum over some columns j of d(rows of the groups, j) x(i, j), for some groups of d. In
/// the gradient these begin at `first_group`. `packed` is room for those columns of x.
template <int Packs, class Scalar>
void add_outer_products(const BlockedMatrix<Scalar>& d, Range columns, Range groups, Index first_group,
                        const std::type_identity_t<Input<Scalar>>& x, Vector<Scalar>& packed,
                        Eigen::Ref<std::type_identity_t<Matrix<Scalar>>> gradient, const Member& member = {}) {
  const Index units = d.units();
  const Sums<Scalar> to{gradient.data() + first_group * units, d.lanes(), units, gradient.outerStride(), units, true};
  multiply<Packs>(member.part_of(d.rows(groups, columns.first)),
                  across<Packs, Scalar>(x, columns, d.panels(), packed, member), no_sums<Scalar>(), to, nothing_more);
}

/// sums(groups x units) += the terms of some columns, for every row of d. Every 16 terms are added in their own type,
/// and those sums in double. add(sum, panel, column, place) returns the sum with one more term, whose pack is at
/// d.at(panel, column) + place.
template <class P, int Packs, class Scalar, class Add>
UNROLL_IN_A_LOOP void add_terms(const BlockedMatrix<Scalar>& d, Range columns, Vector<double>& sums,
                                const Member& member, const Add& add) {
  const Range mine = member.part(d.panels());
  for (Index panel = mine.first; panel < mine.end(); ++panel)
    for_each_part(columns.count, 16, [&](Range part) UNROLL_INLINED {
      Values<P, Packs> sum;
      unrolled<Packs>([&]<int group>() { sum[group] = P(0); });
      for (Index j = columns.first + part.first; j < columns.first + part.end(); ++j)
        unrolled<Packs>([&]<int group>() { sum[group] = add(sum[group], panel, j, group * P::size); });
      unrolled<Packs>([&]<int group>() {
        sum[group].add_to(sums.data() + group * d.units() + panel * P::size, d.units() - panel * P::size);
      });
    });
}

/// sums += sum over some columns of d.
template <int Packs, class Scalar>
void add_column_sums(const BlockedMatrix<Scalar>& d, Range columns, Vector<double>& sums, const Member& member = {}) {
  on_processor<Scalar>([&]<class P>() {
    add_terms<P, Packs>(d, columns, sums, member, [&](const P& sum, Index panel, Index j, Index place) UNROLL_INLINED {
      return sum + P::load(d.at(panel, j) + place);
    });
  });
}

/// sums += sum over some columns of d times z, number by number.
template <int Packs, class Scalar>
void add_sums_of_products(const BlockedMatrix<Scalar>& d, const BlockedMatrix<Scalar>& z, Range columns,
                          Vector<double>& sums, const Member& member = {}) {
  on_processor<Scalar>([&]<class P>() {
    add_terms<P, Packs>(d, columns, sums, member, [&](const P& sum, Index panel, Index j, Index place) UNROLL_INLINED {
      return multiply_add(P::load(d.at(panel, j) + place), P::load(z.at(panel, j) + place), sum);
    });
  });
}

/// d_x(:, j) = W^T d(:, j) for some columns j, with W's transposed panels.
template <class Scalar>
void multiply_transposed(const PackedMatrix<Scalar>& transposed, const BlockedMatrix<Scalar>& d, Range columns,
                         Range groups, Matrix<Scalar>& d_x, const Member& member = {}) {
  // So many columns at a time that reading the weights for them costs little.
  for_each_part(columns.count, 128, [&](Range part) {
    part.first += columns.first;
    multiply<1>(member.part_of(transposed.panels()), d.operand(groups, part), no_sums<Scalar>(),
                column_sums(d_x.data() + part.first * d_x.rows(), d_x.rows(), d_x.rows()), nothing_more);
  });
}

}  // namespace unroll::inline UNROLL_TARGET::detail
