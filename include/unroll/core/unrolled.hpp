#pragma once

#include <array>
#include <utility>

#include "unroll/core/types.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// T[N], where N is an int.
template <class T, int N>
using Values = T[static_cast<std::size_t>(N)];

// These are functions although lambdas would be shorter: g++ makes clones of lambdas and does not inline all of them.
template <class F, int... Each>
UNROLL_INNER_LOOP void unrolled(F& f, std::integer_sequence<int, Each...>) {
  (f.template operator()<Each>(), ...);
}
template <class F, int... Each>
UNROLL_INNER_LOOP constexpr auto array_of(F& f, std::integer_sequence<int, Each...>) {
  using Value = decltype(f.template operator()<0>());
  return std::array<Value, sizeof...(Each)> { {f.template operator()<Each>()...} };
}

/// Calls f<0>(), f<1>(), ..., f<N - 1>() of a lambda [&]<int i>() { ... }. Compilers keep an array in registers where
/// all of its indices are constants.
template <int N, class F>
EIGEN_ALWAYS_INLINE void unrolled(F&& f) {
  unrolled(f, std::make_integer_sequence<int, N>());
}

/// {f<0>(), f<1>(), ..., f<N - 1>()}, the same way.
template <int N, class F>
EIGEN_ALWAYS_INLINE constexpr auto array_of(F&& f) {
  return array_of(f, std::make_integer_sequence<int, N>());
}

}  // namespace unroll::inline UNROLL_TARGET::detail
