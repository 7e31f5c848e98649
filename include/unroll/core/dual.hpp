#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>

#include "unroll/core/activations.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A value and its partial derivatives by N variables (forward-mode differentiation: Clifford 1873, Wengert 1964).
///
/// A rule that runs on V runs on Dual<V, N> unchanged and carries its exact Jacobian along.
template <class V, std::size_t N>
struct Dual {
  V value;                   ///< of the function
  std::array<V, N> partial;  ///< its derivatives by the N variables

  Dual() = default;
  /// A constant: its derivatives are zero.
  UNROLL_IN_A_LOOP Dual(V v) : value(v) { partial.fill(V(0)); }
  /// A constant, so that a rule may say 1 - z.
  template <class Number>
    requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, V>)
  UNROLL_IN_A_LOOP Dual(Number number) : Dual(constant(number)) {}

  /// The i-th of the N variables.
  UNROLL_IN_A_LOOP static Dual variable(V v, std::size_t i) {
    Dual result(v);
    result.partial[i] = V(1);
    return result;
  }

  /// f(a), from the value and the slope of f at a.value (the chain rule).
  UNROLL_IN_A_LOOP static Dual chain(V value, const Dual& a, V slope) {
    Dual result;
    result.value = value;
    for (std::size_t i = 0; i < N; ++i) result.partial[i] = slope * a.partial[i];
    return result;
  }

  UNROLL_IN_A_LOOP friend Dual operator+(const Dual& a, const Dual& b) {
    Dual result;
    result.value = a.value + b.value;
    for (std::size_t i = 0; i < N; ++i) result.partial[i] = a.partial[i] + b.partial[i];
    return result;
  }
  UNROLL_IN_A_LOOP friend Dual operator-(const Dual& a, const Dual& b) {
    Dual result;
    result.value = a.value - b.value;
    for (std::size_t i = 0; i < N; ++i) result.partial[i] = a.partial[i] - b.partial[i];
    return result;
  }
  UNROLL_IN_A_LOOP friend Dual operator*(const Dual& a, const Dual& b) {
    return combine(a.value * b.value, a, b.value, b, a.value);
  }
  UNROLL_IN_A_LOOP friend Dual operator/(const Dual& a, const Dual& b) {
    const V quotient = a.value / b.value;
    return combine(quotient, a, V(1) / b.value, b, -quotient / b.value);
  }
  UNROLL_IN_A_LOOP friend Dual operator-(const Dual& a) { return chain(-a.value, a, V(-1)); }
  UNROLL_IN_A_LOOP Dual& operator+=(const Dual& b) { return *this = *this + b; }
  UNROLL_IN_A_LOOP Dual& operator-=(const Dual& b) { return *this = *this - b; }
  UNROLL_IN_A_LOOP Dual& operator*=(const Dual& b) { return *this = *this * b; }

  UNROLL_IN_A_LOOP friend Dual exp(const Dual& a) {
    const V e = exp(a.value);
    return chain(e, a, e);
  }
  UNROLL_IN_A_LOOP friend Dual sigmoid(const Dual& a) {
    const V s = sigmoid(a.value);
    return chain(s, a, s * (V(1) - s));
  }
  UNROLL_IN_A_LOOP friend Dual tanh(const Dual& a) {
    const V t = tanh(a.value);
    return chain(t, a, V(1) - t * t);
  }
  /// The slope at 0 is 0, as in PyTorch.
  UNROLL_IN_A_LOOP friend Dual relu(const Dual& a) {
    return chain(relu(a.value), a, select_less(V(0), a.value, V(1), V(0)));
  }
  UNROLL_IN_A_LOOP friend Dual sqrt(const Dual& a) {
    using std::sqrt;
    const V root = sqrt(a.value);
    return chain(root, a, constant(0.5) / root);
  }
  /// The slope at 0 is 0, as in PyTorch.
  UNROLL_IN_A_LOOP friend Dual abs(const Dual& a) {
    using std::abs;
    const V slope = select_less(V(0), a.value, V(1), select_less(a.value, V(0), V(-1), V(0)));
    return chain(abs(a.value), a, slope);
  }
  /// x < y ? a : b, with the derivatives of the one that is taken.
  UNROLL_IN_A_LOOP friend Dual select_less(const Dual& x, const Dual& y, const Dual& a, const Dual& b) {
    Dual result(select_less(x.value, y.value, a.value, b.value));
    for (std::size_t i = 0; i < N; ++i) result.partial[i] = select_less(x.value, y.value, a.partial[i], b.partial[i]);
    return result;
  }

 private:
  template <class Number>
  UNROLL_IN_A_LOOP static V constant(Number number) {
    if constexpr (std::is_arithmetic_v<V>)
      return static_cast<V>(number);
    else
      return V(static_cast<typename V::Lane>(number));
  }
  UNROLL_IN_A_LOOP static Dual combine(V value, const Dual& a, V slope_a, const Dual& b, V slope_b) {
    Dual result;
    result.value = value;
    for (std::size_t i = 0; i < N; ++i) result.partial[i] = slope_a * a.partial[i] + slope_b * b.partial[i];
    return result;
  }
};

}  // namespace unroll::inline UNROLL_TARGET
