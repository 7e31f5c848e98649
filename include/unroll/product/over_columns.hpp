#pragma once

#include "unroll/core/parameters.hpp"
#include "unroll/product/packed_matrix.hpp"

/// Products and sums over many columns, of which the gradients of weights are made.
namespace unroll::inline UNROLL_TARGET::detail {

/// Calls f(Range) for columns of gradients part by part: few enough that what the products of a part share is still in
/// the cache, enough that the sums of the weights' gradients are not loaded and stored too often.
template <class F>
void for_each_chunk(Range columns, F f) {
  for_each_part(columns.count, 1024, [&](Range part) { f(Range{columns.first + part.first, part.count}); });
}

/// Some columns of x, `rows` x count, as the right factor of a product that walks across them.
///
/// Columns a multiple of 2 KiB apart would share a few cache sets, and hardly one would stay until the next tile: they
/// are copied to `spread`, an odd number of packs apart.
template <class Scalar>
Columns<Scalar> across(const Scalar* x, Index stride, Index rows, Range columns, Vector<Scalar>& spread,
                       const Member& member = {}) {
  x += columns.first * stride;
  if (stride * static_cast<Index>(sizeof(Scalar)) % 2048 == 0) {
    const Index lanes = detail::lanes<Scalar>();
    const Index apart = ((rows + lanes - 1) / lanes | 1) * lanes;
    member.wait();  // what was there has been used
    member.alone([&] {
      if (spread.size() < apart * columns.count) resize(spread, apart * columns.count);
    });
    const Range mine = member.part(columns.count);
    for (Index j = mine.first; j < mine.end(); ++j) std::copy_n(x + j * stride, rows, spread.data() + j * apart);
    member.wait();
    x = spread.data();
    stride = apart;
  }
  return {x, rows, 1, stride, {columns.count}};
}

/// Calls f(sum, Range) for the columns of gradients, whose sums it adds to `sum`, a value of the gradient's type. Of
/// many columns sums are made part by part, for what a float adds to the sum of all others is lost in its rounding.
template <class Gradient, class F>
void for_each_sum(Range columns, Gradient& gradient, const F& f) {
  constexpr Index least = 32 * 1024;
  if (columns.count <= least) return f(gradient, columns);
  for_each_part(columns.count, (std::max)(least, columns.count / 32 + 1), [&](Range part) {
    Gradient of_part = zeros_like(gradient);
    for_each_sum({columns.first + part.first, part.count}, of_part, f);
    for_each_tensor([](const std::string&, auto& sum, const auto& more) { sum += more; }, gradient, of_part);
  });
}

/// gradient(groups x units, i) += sum over some columns j of d(rows of the groups, j) x(i, j), for some groups of d,
/// which are the gradient's from `first_group` on; x as `across` gives it.
template <int Packs, class Scalar>
void add_outer_products(const BlockedMatrix<Scalar>& d, Range columns, Range groups, Index first_group,
                        const Columns<Scalar>& x, Matrix<Scalar>& gradient, const Member& member = {}) {
  const Index units = d.units();
  const Sums<Scalar> to{gradient.data() + first_group * units, d.lanes(), units, gradient.rows(), units, true};
  multiply<Packs>(member.part_of(d.rows(groups, columns.first)), x, no_sums<Scalar>(), to, nothing_more);
}

/// sums(groups x units) += for every row of d the terms of some columns: every 16 of them in their own type, those sums
/// in double. add(sum, panel, column, place) gives the sum with one more term, whose pack is at d.at(panel, column) +
/// place.
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
  // So many columns at a time stay in the cache for all panels, beside the weights that they meet there.
  for_each_part(columns.count, 24, [&](Range part) {
    part.first += columns.first;
    multiply<1>(member.part_of(transposed.panels()), d.operand(groups, part), no_sums<Scalar>(),
                column_sums(d_x.data() + part.first * d_x.rows(), d_x.rows(), d_x.rows()), nothing_more);
  });
}

}  // namespace unroll::inline UNROLL_TARGET::detail
