#pragma once

#include <algorithm>
#include <utility>

#include "unroll/core/processor.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// Adds the sums of the second half to those of the first, until one is left.
template <class P, int... i>
UNROLL_INNER_LOOP void add_halves(P* sums, std::integer_sequence<int, i...>) {
  constexpr int half = sizeof...(i);
  ((sums[i] += sums[i + half]), ...);
  if constexpr (half > 0) add_halves(sums, std::make_integer_sequence<int, half / 2>());
}

template <class P, class Scalar, int... i>
UNROLL_INNER_LOOP Scalar sum_in_chains(const Scalar* a, const Scalar* b, Index count, Scalar start,
                                       std::integer_sequence<int, i...>) {
  constexpr int packs = sizeof...(i), chains = P::size * packs;
  P sums[] = {(static_cast<void>(i), P(0))...};
  for (; count >= chains; count -= chains, a += chains, b += chains)
    ((sums[i] = multiply_add(P::load(a + i * P::size), P::load(b + i * P::size), sums[i])), ...);
  const auto left = [&](int pack) { return (std::max)(count - pack * P::size, Index{0}); };
  if (count > 0)
    ((sums[i] = multiply_add(P::load(a + i * P::size, left(i)), P::load(b + i * P::size, left(i)), sums[i])), ...);
  add_halves(sums, std::make_integer_sequence<int, packs / 2>());
  return start + sum_by_halves(sums[0].in_register());  // g++ would keep it in memory
}

template <class P, class Scalar = typename P::Lane>
Scalar scalar_product_with(const Scalar* a, const Scalar* b, Index count, Scalar start) {
  constexpr int chains = 64 / static_cast<int>(sizeof(Scalar));
  if constexpr (halves<P>)
    if (count <= P::Half::size) return scalar_product_with<typename P::Half>(a, b, count, start);
  return sum_in_chains<P>(a, b, count, start, std::make_integer_sequence<int, chains / P::size>());
}

/// start + a b of `count` numbers each.
///
/// A single output would have one chain of multiply-adds, each of which waits for the one before, and would fill one
/// lane of a pack. Here it has a cache line of chains: the k-th product goes to chain k modulo their number, and the
/// sums of the chains are added by halves. So the bits do not depend on the width of a register, as in every other
/// product.
template <class Scalar>
EIGEN_ALWAYS_INLINE Scalar scalar_product(const Scalar* a, const Scalar* b, Index count, Scalar start) {
  Scalar sum;
  with_packs<Scalar>([&]<class P>() { sum = compiled<P, &scalar_product_with<P>>(a, b, count, start); });
  return sum;
}

}  // namespace unroll::inline UNROLL_TARGET::detail
