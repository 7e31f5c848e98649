#pragma once

#include <concepts>

#include "unroll/core/processor.hpp"

/// exp, sigmoid, tanh and relu of a Pack and of a number.
///
/// All use e^r = (R + r) / (R - r), where R = r coth(r / 2) is even in r, after x = n ln 2 + r with |r| <= ln 2 / 2 (W.
/// J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980, chapter 6). Each takes one division, no
/// table and no branch. The errors are measured with and without fused multiply-add: float over all 2^32 numbers,
/// double over 10^8 of them. Every lane and the overload for a number give the same bits, because every product that is
/// added to something is in `multiply_add`, so a compiler finds nothing to contract.
///
/// A compiler that may reorder sums would replace (x + to_exponent) - to_exponent by x, or first multiply both by a
/// number. `in_register` hides from it what a sum is made of.
namespace unroll::inline UNROLL_TARGET {

namespace detail {

/// The constants of the method. From `lowest` to `highest` exp neither vanishes nor overflows.
///
/// ln 2 is given whole and in two parts; n times the first part is exact. `quotient<k>` is (R(kq) - 2) / (k q^2) in u =
/// q^2. They are minimax polynomials from the Remez exchange in 60 digits, with errors of 4e-9 (float) and 2e-18
/// (double) of R.
template <class Scalar>
struct Exponential;

template <>
struct Exponential<float> {
  static constexpr float lowest = -105, highest = 89, sigmoid_is_one = 18, tanh_is_one = 9.5f;
  static constexpr float log2_e = 0x1.715476p0f, ln2 = 0x1.62e43p-1f, ln2_high = 0x1.62e4p-1f,
                         ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float to_exponent = 0x1.8p23f + 127;  // a sum with it is an integer in the last bits, plus the bias
  static constexpr float shift = 64, two_to_shift = 0x1p64f;

  template <int k, class P>
  UNROLL_IN_A_LOOP static P quotient(const P& u) {
    return multiply_add(P(-0x1.6aa48cp-9f * (k * k * k)), u, P(0x1.55551ep-3f * k));
  }
};

template <>
struct Exponential<double> {
  static constexpr double lowest = -746, highest = 710, sigmoid_is_one = 38, tanh_is_one = 20;
  static constexpr double log2_e = 0x1.71547652b82fep0, ln2 = 0x1.62e42fefa39efp-1;
  static constexpr double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;
  static constexpr double to_exponent = 0x1.8p52 + 1023;
  static constexpr double shift = 512, two_to_shift = 0x1p512;

  template <int k, class P>
  UNROLL_IN_A_LOOP static P quotient(const P& u) {
    P w(0x1.6375ee158c0dep-25 * (k * k * k * k * k * k * k * k * k));
    w = multiply_add(w, u, P(-0x1.bbd41af4186f1p-20 * (k * k * k * k * k * k * k)));
    w = multiply_add(w, u, P(0x1.1566aaf1d7fa1p-14 * (k * k * k * k * k)));
    w = multiply_add(w, u, P(-0x1.6c16c16bebb0bp-9 * (k * k * k)));
    return multiply_add(w, u, P(0x1.555555555553ep-3 * k));
  }
};

}  // namespace detail

/// e^x = 2^n (R + r) / (R - r): 1.6 ULP (float), 1.6 ULP (double), subnormal results included.
template <class Scalar, int Lanes>
UNROLL_IN_A_LOOP Pack<Scalar, Lanes> exp(Pack<Scalar, Lanes> x) {
  using E = detail::Exponential<Scalar>;
  using P = Pack<Scalar, Lanes>;
  const P to_exponent(E::to_exponent);
  x = larger(smaller(x, P(E::highest)), P(E::lowest));
  const P shifted = multiply_add(x, P(E::log2_e), to_exponent).in_register();
  const P n = (shifted - to_exponent).in_register();
  const P r = multiply_add(n, P(-E::ln2_low), multiply_add(n, P(-E::ln2_high), x).in_register());
  const P u = r * r;
  const P sum = multiply_add(E::template quotient<1>(u), u, P(2) + r);
  const P difference = multiply_add(P(-2), r, sum);
  // 2^n may not be a normal number where e^x is one. So half of n scales the numerator, the other half the denominator.
  const P half = multiply_add(n, P(Scalar(0.5)), to_exponent).in_register();
  const P other_half = half - n;
  return sum * exponent_from_last_bits(half) / (difference * exponent_from_last_bits(other_half));
}

/// 1 / (1 + e^-x) = 2^n (R + r) / (2^n (R + r) + (R - r)): 2.3 ULP (float), 2.5 ULP (double), relative in both tails.
template <class Scalar, int Lanes>
UNROLL_IN_A_LOOP Pack<Scalar, Lanes> sigmoid(Pack<Scalar, Lanes> x) {
  using E = detail::Exponential<Scalar>;
  using P = Pack<Scalar, Lanes>;
  // Numerator and denominator are both 2^shift too large, so that 2^n is not subnormal where the result is.
  const P to_exponent(E::to_exponent + E::shift);
  x = larger(smaller(x, P(E::sigmoid_is_one)), P(E::lowest));
  const P shifted = multiply_add(x, P(E::log2_e), to_exponent).in_register();
  const P n = (shifted - to_exponent).in_register();
  const P r = multiply_add(n, P(-E::ln2_low), multiply_add(n, P(-E::ln2_high), x).in_register());
  const P u = r * r;
  const P sum = multiply_add(E::template quotient<1>(u), u, P(2) + r);
  const P difference = multiply_add(P(-2), r, sum);
  const P numerator = exponent_from_last_bits(shifted) * sum;
  return numerator / multiply_add(P(E::two_to_shift), difference, numerator);
}

/// (e^2x - 1) / (e^2x + 1) = (h (R + r) + r) / (h (R + r) + R), where 2|x| = n ln 2 + r and h = (2^n - 1) / 2:
/// 2.8 ULP (float), 3.1 ULP (double), relative near zero too; never beyond 1, odd in x, -0 kept.
template <class Scalar, int Lanes>
UNROLL_IN_A_LOOP Pack<Scalar, Lanes> tanh(Pack<Scalar, Lanes> x) {
  using E = detail::Exponential<Scalar>;
  using P = Pack<Scalar, Lanes>;
  const P to_exponent(E::to_exponent - 1);
  const P size = smaller(abs(x), P(E::tanh_is_one));
  const P shifted = multiply_add(size, P(2 * E::log2_e), to_exponent).in_register();
  const P n = (shifted - to_exponent).in_register();
  // Half of r and of R. One part of ln 2 will do: its error grows with n, but tanh's slope falls faster.
  const P r = multiply_add(n, P(-E::ln2 / 2), size);
  const P u = r * r;
  const P even = multiply_add(E::template quotient<2>(u), u, P(1));
  const P sum = even + r;
  const P h = (exponent_from_last_bits(shifted) - P(Scalar(0.5))).in_register();
  return copy_sign(multiply_add(h, sum, r) / multiply_add(h, sum, even), x);
}

/// x < 0 ? 0 : x, NaN kept.
template <class Scalar, int Lanes>
UNROLL_IN_A_LOOP Pack<Scalar, Lanes> relu(const Pack<Scalar, Lanes>& x) {
  return larger(x, Pack<Scalar, Lanes>(0));
}

/// exp of one number, with the bits of a lane of exp(Pack).
template <std::floating_point Scalar>
inline Scalar exp(Scalar x) {
  detail::on_processor<Scalar>([&]<class P>() { x = exp(P(x)).first_lane(); });
  return x;
}

/// sigmoid of one number, with the bits of a lane of sigmoid(Pack).
template <std::floating_point Scalar>
inline Scalar sigmoid(Scalar x) {
  detail::on_processor<Scalar>([&]<class P>() { x = sigmoid(P(x)).first_lane(); });
  return x;
}

/// tanh of one number, with the bits of a lane of tanh(Pack).
template <std::floating_point Scalar>
inline Scalar tanh(Scalar x) {
  detail::on_processor<Scalar>([&]<class P>() { x = tanh(P(x)).first_lane(); });
  return x;
}

/// relu of one number, with the bits of a lane of relu(Pack).
template <std::floating_point Scalar>
inline Scalar relu(Scalar x) {
  detail::on_processor<Scalar>([&]<class P>() { x = relu(P(x)).first_lane(); });
  return x;
}

}  // namespace unroll::inline UNROLL_TARGET
