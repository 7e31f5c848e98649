#include "unroll/core/rational.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "unroll/core/processor.hpp"

using namespace unroll;

namespace {

/// Every 1009th float from 2^-14 to beyond the limits in both directions, in rising order, then what lies at the ends.
template <class Scalar>
std::vector<Scalar> samples() {
  std::vector<Scalar> xs;
  const auto last = std::bit_cast<std::uint32_t>(20.0f);
  for (std::uint32_t bits = std::bit_cast<std::uint32_t>(0x1p-14f); bits < last; bits += 1009)
    xs.push_back(-std::bit_cast<float>(last - (bits - std::bit_cast<std::uint32_t>(0x1p-14f))));
  const std::size_t negative = xs.size();
  xs.push_back(0);
  for (std::size_t i = negative; i > 0; --i) xs.push_back(-xs[i - 1]);
  return xs;
}

/// A function's values, a pack at a time.
template <class F, class Scalar>
std::vector<Scalar> values(const std::vector<Scalar>& xs) {
  std::vector<Scalar> ys(xs.size());
  const auto size = static_cast<Index>(xs.size());
  detail::on_processor<Scalar>([&]<class P>() {
    for (Index i = 0; i < size; i += P::size)
      detail::rational<F>(P::load(xs.data() + i, size - i)).store(ys.data() + i, size - i);
  });
  return ys;
}

template <class F, class Scalar>
Scalar value(Scalar x) {
  return values<F>(std::vector<Scalar>{x})[0];
}

/// Its value and slope, by a dual number of one variable.
template <class F>
std::pair<double, double> value_and_slope(double x) {
  std::pair<double, double> result;
  detail::on_processor<double>([&]<class P>() {
    const auto y = detail::rational<F>(Dual<P, 1>::variable(P(x), 0));
    result = {y.value.first_lane(), y.partial[0].first_lane()};
  });
  return result;
}

template <int digits, class Scalar>
void check_errors(double of_tanh, double of_sigmoid) {
  const auto xs = samples<Scalar>();
  const auto tanh = values<detail::RationalTanh<digits>>(xs), sigmoid = values<detail::RationalSigmoid<digits>>(xs);
  double tanh_error = 0, sigmoid_error = 0;
  std::size_t not_odd = 0, beyond = 0, falls = 0;
  const double rounding = 4 * static_cast<double>(std::numeric_limits<Scalar>::epsilon());
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const auto x = static_cast<double>(xs[i]);
    tanh_error = std::max(tanh_error, std::abs(static_cast<double>(tanh[i]) - std::tanh(x)));
    sigmoid_error = std::max(sigmoid_error, std::abs(static_cast<double>(sigmoid[i]) - 1 / (1 + std::exp(-x))));
    not_odd += tanh[i] != -tanh[xs.size() - 1 - i];
    beyond += !(std::abs(tanh[i]) < 1) || !(sigmoid[i] > 0 && sigmoid[i] < 1);
    if (i > 0)
      falls += static_cast<double>(tanh[i - 1]) > static_cast<double>(tanh[i]) + rounding ||
               static_cast<double>(sigmoid[i - 1]) > static_cast<double>(sigmoid[i]) + rounding;
  }
  CHECK(tanh_error <= of_tanh);
  CHECK(tanh_error >= 0.8 * of_tanh);  // what is said is not too much
  CHECK(sigmoid_error <= of_sigmoid);
  CHECK(sigmoid_error >= 0.8 * of_sigmoid);
  CHECK(not_odd == 0);
  CHECK(beyond == 0);
  CHECK(falls == 0);
}

}  // namespace

TEST_CASE("the greatest errors are as said, tanh is odd, nothing is beyond one, and both rise", "[rational]") {
  check_errors<4, float>(5.8e-5, 2.9e-5);
  check_errors<5, float>(1.4e-6, 7.2e-7);
  check_errors<4, double>(5.8e-5, 2.9e-5);
  check_errors<5, double>(1.2e-6, 6e-7);
}

TEMPLATE_TEST_CASE("infinity is beyond the limit, and NaN stays", "[rational]", float, double) {
  using Tanh = detail::RationalTanh<4>;
  using Sigmoid = detail::RationalSigmoid<4>;
  constexpr TestType infinity = std::numeric_limits<TestType>::infinity();
  CHECK(value<Tanh>(infinity) == value<Tanh>(TestType(Tanh::limit)));
  CHECK(value<Tanh>(-infinity) == value<Tanh>(TestType(-Tanh::limit)));
  CHECK(value<Sigmoid>(infinity) == value<Sigmoid>(TestType(Sigmoid::limit)));
  CHECK(std::isnan(value<Tanh>(std::numeric_limits<TestType>::quiet_NaN())));
  CHECK(std::isnan(value<Sigmoid>(std::numeric_limits<TestType>::quiet_NaN())));
  CHECK(value<Tanh>(TestType(0)) == 0);
  CHECK(value<Sigmoid>(TestType(0)) == TestType(0.5));
}

TEMPLATE_TEST_CASE("slopes are those of central differences, and 0 beyond the limit", "[rational]",
                   detail::RationalTanh<4>, detail::RationalTanh<5>, detail::RationalSigmoid<4>,
                   detail::RationalSigmoid<5>) {
  constexpr double step = 1e-4;
  for (double x = -20.03; x < 20; x += 0.1) {
    const auto [y, slope] = value_and_slope<TestType>(x);
    CAPTURE(x);
    CHECK(y == value<TestType>(x));
    if (std::abs(x) > static_cast<double>(TestType::limit)) {
      CHECK(slope == 0);
    } else {
      const double difference = (value<TestType>(x + step) - value<TestType>(x - step)) / (2 * step);
      CHECK(std::abs(slope - difference) <= 1e-8);
    }
  }
}
