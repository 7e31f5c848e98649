#include "unroll/core/activations.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "catch.hpp"

using unroll::Index;

namespace {

constexpr auto exponential = [](auto x) { return unroll::exp(x); };
constexpr auto logistic = [](auto x) { return unroll::sigmoid(x); };
constexpr auto hyperbolic = [](auto x) { return unroll::tanh(x); };
constexpr auto rectified = [](auto x) { return unroll::relu(x); };

template <class Scalar>
using Bits = std::conditional_t<sizeof(Scalar) == 4, std::uint32_t, std::uint64_t>;

/// The type that references are computed in.
template <class Scalar>
using Wide = std::conditional_t<sizeof(Scalar) == 4, double, long double>;

template <class Scalar>
constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();

/// Numbers of every size and sign, evenly over the bit patterns and, for double, over the ranges that matter; and all
/// the neighbours of the places where a formula changes.
template <class Scalar>
std::vector<Scalar> samples() {
  using B = Bits<Scalar>;
  std::vector<Scalar> xs;
  const auto add = [&](B bits) {
    const auto x = std::bit_cast<Scalar>(bits);
    if (!std::isnan(x)) xs.push_back(x);
  };
  constexpr B stride = sizeof(Scalar) == 4 ? B(1009) : B(0x00003fffffffff67);
  for (B bits = 0; bits < std::numeric_limits<B>::max() - stride; bits += stride) add(bits);
  if constexpr (sizeof(Scalar) == 8) {
    std::mt19937_64 random(1);
    for (const double range : {0.1, 1., 3., 40., 750.})
      for (int i = 0; i < 50'000; ++i) xs.push_back(range * (std::ldexp(static_cast<double>(random() >> 11), -52) - 1));
  }

  using E = unroll::detail::Exponential<Scalar>;
  std::vector<Scalar> places{0, 1, E::lowest, E::highest, E::sigmoid_is_one, E::tanh_is_one, infinity<Scalar>};
  const Scalar ln2 = E::ln2, digits = std::numeric_limits<Scalar>::digits;
  const Scalar smallest = std::numeric_limits<Scalar>::min_exponent - 1,
               greatest = std::numeric_limits<Scalar>::max_exponent;
  for (const Scalar n : {Scalar(0.25), Scalar(0.5), Scalar(1.5), Scalar(2.5), digits, smallest, greatest})
    places.insert(places.end(), {n * ln2, n * ln2 / 2, (n - digits) * ln2});
  for (const Scalar place : places)
    for (B i = 0; i < 1000; ++i)
      for (const Scalar sign : {Scalar(1), Scalar(-1)}) {
        add(std::bit_cast<B>(std::copysign(place, sign)) + i);
        if (place != 0) add(std::bit_cast<B>(std::copysign(place, sign)) - i);
      }
  return xs;
}

/// f of every number, a pack at a time.
template <class Scalar, class F>
std::vector<Scalar> in_packs(F f, const std::vector<Scalar>& xs) {
  std::vector<Scalar> ys(xs.size());
  const auto size = static_cast<Index>(xs.size());
  unroll::detail::on_processor<Scalar>([&]<class P>() {
    for (Index i = 0; i < size; i += P::size) f(P::load(xs.data() + i, size - i)).store(ys.data() + i, size - i);
  });
  return ys;
}

/// The distance of y from the true value in units of the last place of Scalar there; infinity counts as 2^max_exponent.
template <class Scalar>
double ulps(Scalar y, Wide<Scalar> truth) {
  using L = std::numeric_limits<Scalar>;
  using W = Wide<Scalar>;
  if (std::isnan(y)) return std::numeric_limits<double>::infinity();
  int exponent = L::min_exponent;
  if (truth != 0) std::frexp(truth, &exponent);
  exponent = std::clamp(exponent, L::min_exponent, L::max_exponent);
  const W top = std::ldexp(W(1), L::max_exponent);
  const W distance = std::abs(std::clamp(W(y), -top, top) - std::clamp(truth, -top, top));
  return static_cast<double>(std::ldexp(distance, L::digits - exponent));
}

template <class Scalar>
struct Worst {
  double error = 0;
  Scalar x = 0;
};

template <class Scalar, class F, class Reference>
Worst<Scalar> worst(F f, Reference reference) {
  const auto xs = samples<Scalar>();
  const auto ys = in_packs(f, xs);
  Worst<Scalar> result;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const double error = ulps<Scalar>(ys[i], reference(Wide<Scalar>(xs[i])));
    if (!(error <= result.error)) result = {error, xs[i]};
  }
  return result;
}

template <class Scalar>
Bits<Scalar> bits(Scalar x) {
  return std::bit_cast<Bits<Scalar>>(x);
}

}  // namespace

TEMPLATE_TEST_CASE("exp is right to 2 units in the last place everywhere", "[activations]", float, double) {
  const auto [error, x] = worst<TestType>(exponential, [](auto wide) { return std::exp(wide); });
  CAPTURE(x);
  CHECK(error <= 2);
}

TEMPLATE_TEST_CASE("sigmoid is right to 3 units in the last place everywhere", "[activations]", float, double) {
  // e^-x overflows in the wide type only where the quotient is zero in the narrow one.
  const auto [error, x] = worst<TestType>(logistic, [](auto wide) { return 1 / (1 + std::exp(-wide)); });
  CAPTURE(x);
  CHECK(error <= 3);
}

TEMPLATE_TEST_CASE("tanh is right to 3.5 units in the last place everywhere", "[activations]", float, double) {
  const auto [error, x] = worst<TestType>(hyperbolic, [](auto wide) { return std::tanh(wide); });
  CAPTURE(x);
  CHECK(error <= 3.5);
}

TEMPLATE_TEST_CASE("tanh is odd and never beyond one, sigmoid never beyond zero and one", "[activations]", float,
                   double) {
  const auto xs = samples<TestType>();
  auto negated = xs;
  for (auto& x : negated) x = -x;
  const auto tanh = in_packs(hyperbolic, xs), tanh_negated = in_packs(hyperbolic, negated);
  const auto sigmoid = in_packs(logistic, xs);
  std::size_t not_odd = 0, beyond = 0;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    not_odd += bits(tanh[i]) != bits(-tanh_negated[i]);
    beyond += !(std::abs(tanh[i]) <= 1) || !(sigmoid[i] >= 0 && sigmoid[i] <= 1);
  }
  CHECK(not_odd == 0);
  CHECK(beyond == 0);
}

TEMPLATE_TEST_CASE("activations at zero, at infinity and of NaN", "[activations]", float, double) {
  using S = TestType;
  const S infinite = infinity<S>, nan = std::numeric_limits<S>::quiet_NaN();
  CHECK(unroll::exp(S(0)) == 1);
  CHECK(unroll::exp(infinite) == infinite);
  CHECK(bits(unroll::exp(-infinite)) == bits(S(0)));
  CHECK(unroll::sigmoid(S(0)) == S(0.5));
  CHECK(unroll::sigmoid(infinite) == 1);
  CHECK(bits(unroll::sigmoid(-infinite)) == bits(S(0)));
  CHECK(bits(unroll::tanh(S(0))) == bits(S(0)));
  CHECK(bits(unroll::tanh(-S(0))) == bits(-S(0)));
  CHECK(unroll::tanh(infinite) == 1);
  CHECK(unroll::tanh(-infinite) == -1);
  CHECK(unroll::tanh(std::numeric_limits<S>::denorm_min()) == std::numeric_limits<S>::denorm_min());
  CHECK(unroll::relu(S(3)) == 3);
  CHECK(unroll::relu(S(-3)) == 0);
  CHECK(unroll::relu(S(0)) == 0);
  CHECK(unroll::relu(infinite) == infinite);
  CHECK(unroll::relu(-infinite) == 0);
  // A payload in the last bits, for these become an exponent on the way.
  for (const S x : {nan, -nan, std::bit_cast<S>(bits(nan) + Bits<S>(0x15))}) {
    CHECK(std::isnan(unroll::exp(x)));
    CHECK(std::isnan(unroll::sigmoid(x)));
    CHECK(std::isnan(unroll::tanh(x)));
    CHECK(std::isnan(unroll::relu(x)));
  }
}

TEST_CASE("sigmoid and exp have the right subnormal numbers", "[activations]") {
  // e^-100 = 26.5 * 2^-149 and e^-740 = 85.2 * 2^-1074
  CHECK(unroll::exp(-100.f) == 27 * std::numeric_limits<float>::denorm_min());
  CHECK(unroll::sigmoid(-100.f) == 27 * std::numeric_limits<float>::denorm_min());
  CHECK(unroll::exp(-740.) == 85 * std::numeric_limits<double>::denorm_min());
  CHECK(unroll::sigmoid(-740.) == 85 * std::numeric_limits<double>::denorm_min());
}

TEMPLATE_TEST_CASE("every lane, at every count, has the bits of the overload for a number", "[activations]", float,
                   double) {
  using S = TestType;
  const auto all = samples<S>();
  std::vector<S> xs{0, -S(0), infinity<S>, -infinity<S>, std::numeric_limits<S>::quiet_NaN(), -1000, 1000};
  for (std::size_t i = 0; i < all.size(); i += all.size() / 999) xs.push_back(all[i]);

  const auto differing = [&](auto f) {
    std::size_t count_of_differing = 0;
    for (Index count = 1; count <= unroll::detail::lanes<S>(); ++count)
      for (std::size_t i = 0; i + static_cast<std::size_t>(count) <= xs.size(); ++i) {
        std::vector<S> ys(static_cast<std::size_t>(count));
        unroll::detail::on_processor<S>([&]<class P>() { f(P::load(xs.data() + i, count)).store(ys.data(), count); });
        for (std::size_t lane = 0; lane < ys.size(); ++lane)
          count_of_differing += bits(ys[lane]) != bits(f(xs[i + lane]));
      }
    return count_of_differing;
  };
  CHECK(differing(exponential) == 0);
  CHECK(differing(logistic) == 0);
  CHECK(differing(hyperbolic) == 0);
  CHECK(differing(rectified) == 0);
}
