#pragma once

#include <type_traits>

#include "unroll/cells/cell.hpp"
#include "unroll/core/rational.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

/// A rule's value whose sigmoid and tanh are right to `digits` digits. All else is as V does it.
template <class V, int digits>
struct Approximate {
  V value;

  Approximate() = default;
  UNROLL_IN_A_LOOP Approximate(V v) : value(v) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  UNROLL_IN_A_LOOP Approximate(Number number) : value(number) {}

  UNROLL_IN_A_LOOP friend Approximate operator+(const Approximate& a, const Approximate& b) {
    return a.value + b.value;
  }
  UNROLL_IN_A_LOOP friend Approximate operator-(const Approximate& a, const Approximate& b) {
    return a.value - b.value;
  }
  UNROLL_IN_A_LOOP friend Approximate operator*(const Approximate& a, const Approximate& b) {
    return a.value * b.value;
  }
  UNROLL_IN_A_LOOP friend Approximate operator/(const Approximate& a, const Approximate& b) {
    return a.value / b.value;
  }
  UNROLL_IN_A_LOOP friend Approximate operator-(const Approximate& a) { return -a.value; }
  UNROLL_IN_A_LOOP Approximate& operator+=(const Approximate& b) { return *this = *this + b; }
  UNROLL_IN_A_LOOP Approximate& operator-=(const Approximate& b) { return *this = *this - b; }
  UNROLL_IN_A_LOOP Approximate& operator*=(const Approximate& b) { return *this = *this * b; }

  UNROLL_IN_A_LOOP friend Approximate exp(const Approximate& a) { return exp(a.value); }
  UNROLL_IN_A_LOOP friend Approximate relu(const Approximate& a) { return relu(a.value); }
  UNROLL_IN_A_LOOP friend Approximate sigmoid(const Approximate& a) {
    return rational<RationalSigmoid<digits>>(a.value);
  }
  UNROLL_IN_A_LOOP friend Approximate tanh(const Approximate& a) { return rational<RationalTanh<digits>>(a.value); }
  UNROLL_IN_A_LOOP friend Approximate sqrt(const Approximate& a) { return sqrt(a.value); }
  UNROLL_IN_A_LOOP friend Approximate abs(const Approximate& a) { return abs(a.value); }
  UNROLL_IN_A_LOOP friend Approximate select_less(const Approximate& x, const Approximate& y, const Approximate& a,
                                                  const Approximate& b) {
    return select_less(x.value, y.value, a.value, b.value);
  }
};

/// Values of a rule as approximate ones, or what these hold.
template <int digits, class V, std::size_t N>
UNROLL_IN_A_LOOP std::array<Approximate<V, digits>, N> approximate(const std::array<V, N>& values) {
  return array_of<static_cast<int>(N)>([&]<int i>() { return Approximate<V, digits>(values[i]); });
}
template <class V, int digits, std::size_t N>
UNROLL_IN_A_LOOP std::array<V, N> values_of(const std::array<Approximate<V, digits>, N>& values) {
  return array_of<static_cast<int>(N)>([&]<int i>() { return values[i].value; });
}

/// What a cell with late gates has beside the others.
template <class Cell, int digits>
struct ApproximateOperand {};
template <HasLateGates Cell, int digits>
struct ApproximateOperand<Cell, digits> {
  static constexpr GateRun late_gates = Cell::late_gates;

  template <class V>
  UNROLL_IN_A_LOOP static V operand(const GateValues<Cell, V>& gates, const StateValues<Cell, V>& previous) {
    return Cell::operand(approximate<digits>(gates), approximate<digits>(previous)).value;
  }
};

}  // namespace detail

namespace cells {

/// The rule of a cell with a cheaper sigmoid and tanh, right to 4 digits or to 5:
///
///                greatest error of tanh   of sigmoid
///   4 digits     5.8e-5                   2.9e-5
///   5 digits     1.4e-6                   7.2e-7
///
/// A layer trains with what it computes: the derivative is that of the approximation. It is a layer of its own, and its
/// file says so, because weights trained with one rule are not right to the last digits for the other.
template <class Cell, int Digits = 4>
struct Approximate : detail::ApproximateOperand<Cell, Digits> {
  static_assert(Digits == 4 || Digits == 5, "an approximate cell is right to 4 digits or to 5");
  static constexpr int digits = Digits;  ///< of its sigmoid and tanh
  static constexpr const char* name = Cell::name;
  static constexpr auto gate_names = Cell::gate_names;
  static constexpr auto state_names = Cell::state_names;
  static constexpr GateRun input_gates = unroll::input_gates<Cell>();
  static constexpr GateRun recurrent_gates = unroll::recurrent_gates<Cell>();
  static constexpr auto initial_bias = [] {
    if constexpr (requires { Cell::initial_bias; })
      return Cell::initial_bias;
    else
      return std::array<double, Cell::gate_names.size()>{};
  }();

  template <class V>
  UNROLL_IN_A_LOOP static void forward(GateValues<Cell, V>& gates, StateValues<Cell, V>& state) {
    auto of_gates = detail::approximate<Digits>(gates);
    auto of_state = detail::approximate<Digits>(state);
    Cell::forward(of_gates, of_state);
    state = detail::values_of(of_state);
  }
};

}  // namespace cells

}  // namespace unroll::inline UNROLL_TARGET
