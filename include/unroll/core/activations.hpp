#pragma once

#include <concepts>

#include "unroll/core/pack.hpp"

namespace unroll {

namespace detail {

// The minimax coefficients of (r coth(r / 2) - 2) / r^2 as a polynomial in r^2 for |r| <= ln 2 / 2: the Remez exchange
// in 60 digits, error 4e-9 (float) and 2e-18 (double). ln 2 is in two parts: n times the first is exact.
template <class S>
struct ExponentialConstants;

template <>
struct ExponentialConstants<float> {
  static constexpr float log2_e = 1.44269504f, ln2 = 0x1.62e43p-1f, ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float even[] = {0.16666625676888424779f, -0.0027667446707837535238f};
  static constexpr float to_integer = 0x1.8p23f + 127, lowest = -105, highest = 89, sigmoid_one = 18, tanh_one = 9.5f;
  static constexpr float shift = 64, two_to_shift = 0x1p64f;
};

template <>
struct ExponentialConstants<double> {
  static constexpr double log2_e = 1.4426950408889634, ln2 = 0x1.62e42fefa39efp-1;
  static constexpr double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;
  static constexpr double even[] = {0x1.555555555553ep-3, -0x1.6c16c16bebb0bp-9, 0x1.1566aaf1d7fa1p-14,
                                    -0x1.bbd41af4186f1p-20, 0x1.6375ee158c0dep-25};
  static constexpr double to_integer = 0x1.8p52 + 1023, lowest = -746, highest = 710, sigmoid_one = 38, tanh_one = 20;
  static constexpr double shift = 512, two_to_shift = 0x1p512;
};

template <int i, int scale, class S>
inline Pack<S> even_part(Pack<S> u) {
  using C = ExponentialConstants<S>;
  constexpr S power = [] {
    S p = scale;
    for (int k = 0; k < 2 * i; ++k) p *= scale;
    return p;
  }();
  constexpr S c = C::even[i] * power;
  if constexpr (i + 1 == std::size(C::even))
    return Pack<S>(c);
  else
    return multiply_add(even_part<i + 1, scale>(u), u, Pack<S>(c));
}

}  // namespace detail

template <class S>
inline Pack<S> exp(Pack<S> x) {
  using C = detail::ExponentialConstants<S>;
  using P = Pack<S>;
  x = max(min(x, P(C::highest)), P(C::lowest));
  const P n = multiply_add(x, P(C::log2_e), P(C::to_integer)) - P(C::to_integer);
  const P odd = multiply_add(n, P(-C::ln2_low), multiply_add(n, P(-C::ln2_high), x));
  const P u = odd * odd;
  const P even = multiply_add(detail::even_part<0, 1>(u), u, P(S(2)));
  const P half = multiply_add(n, P(S(0.5)), P(C::to_integer));
  const P other = (half - P(C::to_integer) - n) + P(C::to_integer);
  return (even + odd) * exponent_from_last_bits(half) / ((even - odd) * exponent_from_last_bits(other));
}

template <class S>
inline Pack<S> sigmoid(Pack<S> x) {
  using C = detail::ExponentialConstants<S>;
  using P = Pack<S>;
  x = max(min(x, P(C::sigmoid_one)), P(C::lowest));
  const P shifted = multiply_add(x, P(C::log2_e), P(C::to_integer + C::shift));
  const P n = shifted - P(C::to_integer + C::shift);
  const P odd = multiply_add(n, P(-C::ln2_low), multiply_add(n, P(-C::ln2_high), x));
  const P u = odd * odd;
  const P even = multiply_add(detail::even_part<0, 1>(u), u, P(S(2)));
  const P numerator = exponent_from_last_bits(shifted) * (even + odd);
  return numerator / multiply_add(P(C::two_to_shift), even - odd, numerator);
}

template <class S>
inline Pack<S> tanh(Pack<S> x) {
  using C = detail::ExponentialConstants<S>;
  using P = Pack<S>;
  const P a = min(abs(x), P(C::tanh_one));
  const P shifted = multiply_add(a, P(2 * C::log2_e), P(C::to_integer - 1));
  const P n = shifted - P(C::to_integer - 1);
  const P odd = multiply_add(n, P(-C::ln2 / 2), a);
  const P u = odd * odd;
  const P even = multiply_add(detail::even_part<0, 2>(u), u, P(S(1)));
  const P half = exponent_from_last_bits(shifted) - P(S(0.5)), sum = even + odd;
  return copy_sign(multiply_add(half, sum, odd) / multiply_add(half, sum, even), x);
}

template <class S>
inline Pack<S> relu(Pack<S> x) {
  return max(x, Pack<S>(S(0)));
}

template <std::floating_point S>
inline S exp(S x) {
  exp(Pack<S>(x)).store(&x, 1);
  return x;
}
template <std::floating_point S>
inline S sigmoid(S x) {
  sigmoid(Pack<S>(x)).store(&x, 1);
  return x;
}
template <std::floating_point S>
inline S tanh(S x) {
  tanh(Pack<S>(x)).store(&x, 1);
  return x;
}
template <std::floating_point S>
inline S relu(S x) {
  relu(Pack<S>(x)).store(&x, 1);
  return x;
}

}  // namespace unroll
