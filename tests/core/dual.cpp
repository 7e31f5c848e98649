#include "unroll/core/dual.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "catch.hpp"

using unroll::Dual;
using unroll::Pack;

namespace {

/// The value types a rule runs on, and the step that suits their central differences.
template <class V>
struct Lanes;
template <>
struct Lanes<double> {
  using Scalar = double;
  static constexpr double step = 1e-3, tolerance = 1e-9;
  static std::vector<double> of(double value) { return {value}; }
  static double ramp(double first) { return first; }
};
template <class S>
struct Lanes<Pack<S>> {
  using Scalar = S;
  static constexpr double step = sizeof(Scalar) == 8 ? 1e-3 : 0.03, tolerance = sizeof(Scalar) == 8 ? 1e-9 : 1e-4;
  static std::vector<double> of(Pack<Scalar> pack) {
    Scalar values[Pack<Scalar>::size];
    pack.store(values);
    return std::vector<double>(values, values + Pack<Scalar>::size);
  }
  /// Lanes that differ.
  static Pack<Scalar> ramp(double first) {
    Scalar values[Pack<Scalar>::size];
    for (int i = 0; i < Pack<Scalar>::size; ++i) values[i] = static_cast<Scalar>(first + 0.15 * i / Pack<Scalar>::size);
    return Pack<Scalar>::load(values);
  }
};

/// f(a, b) with its derivatives as a formula, in double.
struct Known {
  double value, by_a, by_b;
};

/// Checks f's value and both partials at (a, b), lane by lane, against the formula and against central differences.
template <class V, class F, class Formula>
void check(const std::string& name, F f, Formula formula, double first_a, double first_b) {
  using L = Lanes<V>;
  using D = Dual<V, 2>;
  CAPTURE(name, first_a, first_b);
  const V a = L::ramp(first_a), b = L::ramp(first_b);
  const D result = f(D::variable(a, 0), D::variable(b, 1));

  const V h(static_cast<typename L::Scalar>(L::step));
  const auto difference = [&](auto at) {
    const auto one = L::of(at(h) - at(-h)), two = L::of(at(h + h) - at(-h - h));
    std::vector<double> slopes;
    for (std::size_t i = 0; i < one.size(); ++i) slopes.push_back((8 * one[i] - two[i]) / (12 * L::step));
    return slopes;
  };
  const auto by_a = difference([&](V step) { return f(a + step, b); });
  const auto by_b = difference([&](V step) { return f(a, b + step); });

  const auto as = L::of(a), bs = L::of(b), values = L::of(result.value), plain = L::of(f(a, b));
  const auto partial_a = L::of(result.partial[0]), partial_b = L::of(result.partial[1]);
  CHECK(values == plain);
  for (std::size_t i = 0; i < as.size(); ++i) {
    CAPTURE(i);
    const Known known = formula(as[i], bs[i]);
    const auto near = [](double expected, double error) { return Approx(expected).epsilon(error).margin(error); };
    const double rounding = sizeof(V) / as.size() == 8 ? 1e-14 : 1e-6;
    CHECK(values[i] == near(known.value, rounding));
    CHECK(partial_a[i] == near(known.by_a, rounding));
    CHECK(partial_b[i] == near(known.by_b, rounding));
    CHECK(partial_a[i] == near(by_a[i], L::tolerance));
    CHECK(partial_b[i] == near(by_b[i], L::tolerance));
  }
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

TEMPLATE_TEST_CASE("every operator carries its partial derivatives", "[dual]", double, Pack<double>, Pack<float>) {
  for (const auto& [a, b] : {std::pair(0.75, 1.5), {-1.25, 0.5}, {2.0, -3.0}, {-0.5, -4.0}}) {
    const auto run = [a = a, b = b](const char* name, auto f, auto formula) {
      check<TestType>(name, f, formula, a, b);
    };
    run("a + b", [](auto x, auto y) { return x + y; }, [](double x, double y) { return Known{x + y, 1, 1}; });
    run("a - b", [](auto x, auto y) { return x - y; }, [](double x, double y) { return Known{x - y, 1, -1}; });
    run("a * b", [](auto x, auto y) { return x * y; }, [](double x, double y) { return Known{x * y, y, x}; });
    run(
        "a / b", [](auto x, auto y) { return x / y; },
        [](double x, double y) { return Known{x / y, 1 / y, -x / (y * y)}; });
    run("-a", [](auto x, auto) { return -x; }, [](double x, double) { return Known{-x, -1, 0}; });
    run("a += b", [](auto x, auto y) { return x += y; }, [](double x, double y) { return Known{x + y, 1, 1}; });
    run("a -= b", [](auto x, auto y) { return x -= y; }, [](double x, double y) { return Known{x - y, 1, -1}; });
    run("a *= b", [](auto x, auto y) { return x *= y; }, [](double x, double y) { return Known{x * y, y, x}; });
    run("a * a", [](auto x, auto) { return x * x; }, [](double x, double) { return Known{x * x, 2 * x, 0}; });
    run("a / a", [](auto x, auto) { return x / x; }, [](double, double) { return Known{1, 0, 0}; });
  }
}

TEMPLATE_TEST_CASE("every function carries its derivative", "[dual]", double, Pack<double>, Pack<float>) {
  using std::abs, std::sqrt, unroll::exp, unroll::relu, unroll::select_less, unroll::sigmoid,
      unroll::tanh;  // for numbers
  for (const double a : {-3.0, -0.5, 0.25, 2.0}) {
    const auto run = [a](const char* name, auto f, auto formula) {
      check<TestType>(
          name, [f](auto x, auto) { return f(x); }, [formula](double x, double) { return formula(x); }, a, 1);
    };
    run("exp", [](auto x) { return exp(x); }, [](double x) { return Known{std::exp(x), std::exp(x), 0}; });
    run(
        "sigmoid", [](auto x) { return sigmoid(x); },
        [](double x) { return Known{logistic(x), logistic(x) * logistic(-x), 0}; });
    run(
        "tanh", [](auto x) { return tanh(x); },
        [](double x) { return Known{std::tanh(x), 1 / (std::cosh(x) * std::cosh(x)), 0}; });
    run("abs", [](auto x) { return abs(x); }, [](double x) { return Known{std::abs(x), x > 0 ? 1.0 : -1.0, 0}; });
    run(
        "sqrt", [](auto x) { return sqrt(x * x + 2); },
        [](double x) { return Known{std::sqrt(x * x + 2), x / std::sqrt(x * x + 2), 0}; });
    run(
        "select_less", [](auto x) { return select_less(x, decltype(x)(0.1f), 3 * x, x * x); },
        [](double x) { return x < 0.1f ? Known{3 * x, 3, 0} : Known{x * x, 2 * x, 0}; });
    run("relu", [](auto x) { return relu(x); }, [](double x) { return Known{std::max(x, 0.0), x > 0 ? 1.0 : 0.0, 0}; });
  }
}

TEMPLATE_TEST_CASE("the slopes of relu and abs at zero are zero", "[dual]", double, Pack<double>, Pack<float>) {
  using D = Dual<TestType, 1>;
  const auto variable = [](double x) { return D::variable(TestType(static_cast<float>(x)), 0); };
  const auto slope_at = [&](double x) { return Lanes<TestType>::of(relu(variable(x)).partial[0]).front(); };
  CHECK(Lanes<TestType>::of(abs(variable(0)).partial[0]).front() == 0);
  CHECK(Lanes<TestType>::of(abs(variable(-0.0)).partial[0]).front() == 0);
  CHECK(slope_at(0.0) == 0);
  CHECK(slope_at(-0.0) == 0);
  CHECK(slope_at(1e-30) == 1);
  CHECK(slope_at(-1e-30) == 0);
}

TEMPLATE_TEST_CASE("the chain rule holds through a whole cell", "[dual]", double, Pack<double>, Pack<float>) {
  using unroll::exp, unroll::sigmoid, unroll::tanh;  // for plain numbers
  const auto unit = [](auto gate, auto state) {
    const auto z = sigmoid(gate);
    return (1 - z) * tanh(gate * state) + z * state / (2 + exp(-state)) - 0.5 * gate;
  };
  const auto formula = [](double g, double s) {
    const double z = logistic(g), t = std::tanh(g * s), e = std::exp(-s), slope_z = z * (1 - z), slope_t = 1 - t * t;
    return Known{(1 - z) * t + z * s / (2 + e) - 0.5 * g,
                 -slope_z * t + (1 - z) * slope_t * s + slope_z * s / (2 + e) - 0.5,
                 (1 - z) * slope_t * g + z / (2 + e) + z * s * e / ((2 + e) * (2 + e))};
  };
  for (const auto& [g, s] : {std::pair(0.3, -0.8), {-1.1, 0.6}, {2.5, 1.5}})
    check<TestType>("unit", unit, formula, g, s);
}

TEMPLATE_TEST_CASE("a number is a constant, and a variable is its own derivative", "[dual]", double, Pack<double>,
                   Pack<float>) {
  using D = Dual<TestType, 3>;
  const auto partials = [](const D& d) {
    std::vector<double> result;
    for (const auto& partial : d.partial) result.push_back(Lanes<TestType>::of(partial).back());
    return result;
  };
  CHECK(partials(D(TestType(2))) == std::vector<double>{0, 0, 0});
  CHECK(partials(D(2)) == std::vector<double>{0, 0, 0});
  CHECK(partials(D(2.5f)) == std::vector<double>{0, 0, 0});
  CHECK(Lanes<TestType>::of(D(2.5f).value).back() == 2.5);
  CHECK(partials(D::variable(TestType(2), 0)) == std::vector<double>{1, 0, 0});
  CHECK(partials(D::variable(TestType(2), 2)) == std::vector<double>{0, 0, 1});
  CHECK(partials(3 * D::variable(TestType(2), 1) + 1) == std::vector<double>{0, 3, 0});
}
