#pragma once

#include <array>
#include <cstddef>

#include "unroll/core/dual.hpp"
#include "unroll/core/unrolled.hpp"

/// sigmoid and tanh as quotients of polynomials: less work than core/activations.hpp, and less exact.
///
///   tanh x = x P(x^2) / Q(x^2) where |x| is below a limit; beyond it the value at the limit
///   sigmoid x = (1 + tanh(x / 2)) / 2
///
/// P and Q are minimax, from linear programs: the greatest error is as small as possible where no value exceeds 1. Both
/// functions rise everywhere. As there, every product that is added to something is in `multiply_add`.
namespace unroll::inline UNROLL_TARGET::detail {

/// tanh, right to `digits` digits.
template <int digits>
struct RationalTanh;
template <>
struct RationalTanh<4> {
  static constexpr float limit = 5.25f, middle = 0;
  static constexpr std::array p{0x1.ffdf8cp-1f, 0x1.9d1c92p-4f, 0x1.4a82b4p-11f};
  static constexpr std::array q{1.0f, 0x1.bbe616p-2f, 0x1.95d9p-7f};
};
template <>
struct RationalTanh<5> {
  static constexpr float limit = 7.125f, middle = 0;
  static constexpr std::array p{0x1.ffff52p-1f, 0x1.f72a7p-4f, 0x1.28621ap-9f, 0x1.02d238p-18f};
  static constexpr std::array q{1.0f, 0x1.d31b6ap-2f, 0x1.5808d4p-6f, 0x1.26f778p-13f};
};

/// c[0] + c[1] v + ... times a factor, v = u / 4, as a polynomial in u.
template <std::size_t N>
constexpr std::array<float, N> in_quarters(std::array<float, N> c, float factor) {  // not covered: at compile time
  for (float& each : c) {
    each *= factor;
    factor /= 4;
  }
  return c;
}
/// sigmoid, from tanh.
template <int digits>
struct RationalSigmoid {
  using Tanh = RationalTanh<digits>;
  static constexpr float limit = 2 * Tanh::limit, middle = 0.5f;
  static constexpr auto p = in_quarters(Tanh::p, 0.25f), q = in_quarters(Tanh::q, 1);
};

/// c[first] + c[first + 1] u + ...
template <int first, class Number, std::size_t N, class V>
UNROLL_IN_A_LOOP V polynomial(const std::array<Number, N>& c, const V& u) {
  V sum(c[N - 1]);
  unrolled<static_cast<int>(N) - 1 - first>([&]<int i>() { sum = multiply_add(sum, u, V(c[N - 2 - i])); });
  return sum;
}

/// The coefficients in u = x^2 of a derivative by x, where p(u) has the coefficients c: of p(x^2)' / x, from c[1] on,
/// where `odd` is 0, and of (x p(x^2))' where it is 1.
template <std::size_t N>
constexpr std::array<double, N> slopes(const std::array<float, N>& c, int odd) {  // not covered: at compile time
  std::array<double, N> result{};
  for (std::size_t i = 0; i < N; ++i) result[i] = (2 * static_cast<int>(i) + odd) * static_cast<double>(c[i]);
  return result;
}
/// middle + x P(x^2) / Q(x^2) and its slope, at x within the limit.
template <class F, class V>
struct Rational {
  V x, u, denominator;  // u = x^2

  UNROLL_IN_A_LOOP explicit Rational(const V& at)
      : x(larger(smaller(at, V(F::limit)), V(-F::limit))), u(x * x), denominator(polynomial<0>(F::q, u)) {}

  UNROLL_IN_A_LOOP V value() const {
    V numerator = multiply_add(polynomial<1>(F::p, u), x * u, x * V(F::p[0]));  // none of the three waits for another
    if constexpr (F::middle != 0) numerator = multiply_add(denominator, V(F::middle), numerator);
    return numerator / denominator;
  }
  /// ((x P)' - x P / Q Q') / Q, where the value is y.
  UNROLL_IN_A_LOOP V slope(const V& y) const {
    static constexpr auto p = slopes(F::p, 1), q = slopes(F::q, 0);
    return (polynomial<0>(p, u) - (y - V(F::middle)) * x * polynomial<1>(q, u)) / denominator;
  }
};

template <class F, class V>
UNROLL_IN_A_LOOP V rational(const V& x) {
  return Rational<F, V>(x).value();
}
/// Beyond the limit the slope is 0.
template <class F, class V, std::size_t N>
UNROLL_IN_A_LOOP Dual<V, N> rational(const Dual<V, N>& x) {
  const Rational<F, V> at(x.value);
  const V y = at.value();
  return Dual<V, N>::chain(y, x, select_less(V(F::limit), abs(x.value), V(0), at.slope(y)));
}

}  // namespace unroll::inline UNROLL_TARGET::detail
