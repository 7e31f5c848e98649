#include "unroll/core/pack.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "catch.hpp"

using unroll::Index;
using unroll::Pack;

namespace {

/// One pack's lanes, made by a rule from the lane's number.
template <class Scalar, class Rule>
std::vector<Scalar> lanes(Rule rule) {
  std::vector<Scalar> values;
  for (int i = 0; i < Pack<Scalar>::size; ++i) values.push_back(rule(static_cast<Scalar>(i)));
  return values;
}

template <class Scalar>
std::vector<Scalar> lanes(Pack<Scalar> pack) {
  std::vector<Scalar> values(static_cast<std::size_t>(Pack<Scalar>::size));
  pack.store(values.data());
  return values;
}

}  // namespace

TEMPLATE_TEST_CASE("a pack is loaded and stored lane by lane", "[pack]", float, double) {
  using P = Pack<TestType>;
  const auto values = lanes<TestType>([](TestType i) { return TestType(1.5) * i - 2; });
  CHECK(lanes(P::load(values.data())) == values);
  CHECK(lanes(P(TestType(7))) == lanes<TestType>([](TestType) { return TestType(7); }));
}

TEMPLATE_TEST_CASE("a part of a pack is read and written, and no lane past it", "[pack]", float, double) {
  using P = Pack<TestType>;
  for (Index count = 0; count <= P::size; ++count) {
    CAPTURE(count);
    const auto n = static_cast<std::size_t>(count);
    // Exactly `count` long, so that the address sanitizer sees a lane too many.
    std::vector<TestType> values(n);
    std::iota(values.begin(), values.end(), TestType(3));
    const P pack = P::load(values.data(), count);
    for (std::size_t i = 0; i < static_cast<std::size_t>(P::size); ++i)
      CHECK(lanes(pack)[i] == (i < n ? values[i] : TestType(0)));

    std::vector<TestType> stored(n);
    pack.store(stored.data(), count);
    CHECK(stored == values);
  }
}

TEMPLATE_TEST_CASE("a pack computes like its scalars", "[pack]", float, double) {
  using P = Pack<TestType>;
  const auto a = lanes<TestType>([](TestType i) { return TestType(1.3) * i - TestType(4.7); });
  const auto b = lanes<TestType>([](TestType i) { return TestType(0.7) * i + TestType(0.1); });
  const P pa = P::load(a.data()), pb = P::load(b.data());
  P sum = pa, difference = pa, product = pa;
  sum += pb;
  difference -= pb;
  product *= pb;
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    CHECK(lanes(pa + pb)[i] == a[i] + b[i]);
    CHECK(lanes(pa - pb)[i] == a[i] - b[i]);
    CHECK(lanes(pa * pb)[i] == a[i] * b[i]);
    CHECK(lanes(pa / pb)[i] == a[i] / b[i]);
    CHECK(lanes(-pa)[i] == -a[i]);
    CHECK(lanes(abs(pa))[i] == std::abs(a[i]));
    CHECK(lanes(sum)[i] == a[i] + b[i]);
    CHECK(lanes(difference)[i] == a[i] - b[i]);
    CHECK(lanes(product)[i] == a[i] * b[i]);
    // Fused or rounded twice: the processor decides.
    CHECK(lanes(multiply_add(pa, pb, P(2)))[i] == Approx(a[i] * b[i] + 2).epsilon(1e-6));
  }
}

TEMPLATE_TEST_CASE("select_less takes its second choice for NaN and equals", "[pack]", float, double) {
  using P = Pack<TestType>;
  const TestType nan = std::numeric_limits<TestType>::quiet_NaN();
  const auto select = [](TestType x, TestType y) { return lanes(select_less(P(x), P(y), P(1), P(2))).front(); };
  CHECK(select(3, 4) == 1);
  CHECK(select(4, 3) == 2);
  CHECK(select(4, 4) == 2);
  CHECK(select(nan, 4) == 2);
  CHECK(select(4, nan) == 2);
  CHECK(select(-std::numeric_limits<TestType>::infinity(), 4) == 1);

  const auto ramp = lanes<TestType>([](TestType i) { return i; });
  const auto chosen = lanes(select_less(P::load(ramp.data()), P(1), P(10), P(20)));
  for (std::size_t i = 0; i < chosen.size(); ++i) CHECK(chosen[i] == (i < 1 ? 10 : 20));
}

TEMPLATE_TEST_CASE("abs clears the sign of zero and infinity", "[pack]", float, double) {
  using P = Pack<TestType>;
  CHECK_FALSE(std::signbit(lanes(abs(P(TestType(-0.0)))).front()));
  CHECK(lanes(abs(P(-std::numeric_limits<TestType>::infinity()))).front() == std::numeric_limits<TestType>::infinity());
}

TEMPLATE_TEST_CASE("smaller and larger take their first argument where it is NaN, and of equals", "[pack]", float,
                   double) {
  using P = Pack<TestType>;
  const TestType nan = std::numeric_limits<TestType>::quiet_NaN();
  CHECK(lanes(smaller(P(2), P(3)))[0] == 2);
  CHECK(lanes(smaller(P(3), P(2)))[0] == 2);
  CHECK(lanes(larger(P(2), P(3)))[0] == 3);
  CHECK(lanes(larger(P(3), P(2)))[0] == 3);
  CHECK(std::isnan(lanes(smaller(P(nan), P(2)))[0]));
  CHECK(std::isnan(lanes(larger(P(nan), P(2)))[0]));
  for (const TestType zero : {TestType(0), TestType(-0.0)}) {  // equals: the first
    CHECK(std::signbit(lanes(smaller(P(zero), P(-zero)))[0]) == std::signbit(zero));
    CHECK(std::signbit(lanes(larger(P(zero), P(-zero)))[0]) == std::signbit(zero));
  }
}

TEMPLATE_TEST_CASE("sqrt is rounded once, of infinity and of subnormal numbers too", "[pack]", float, double) {
  using P = Pack<TestType>;
  using L = std::numeric_limits<TestType>;
  for (const TestType x : {TestType(0), L::denorm_min(), L::min() / 8, L::min(), TestType(1e-30), TestType(0.7),
                           TestType(2), TestType(3), TestType(1e30), L::max(), L::infinity()}) {
    CAPTURE(x);
    const auto roots = lanes(sqrt(P::load(lanes<TestType>([&](TestType i) { return x / (i + 1); }).data())));
    for (std::size_t i = 0; i < roots.size(); ++i) CHECK(roots[i] == std::sqrt(x / static_cast<TestType>(i + 1)));
  }
  CHECK(std::isnan(lanes(sqrt(P(-1)))[0]));
}

TEMPLATE_TEST_CASE("copy_sign takes the sign of zero too", "[pack]", float, double) {
  using P = Pack<TestType>;
  CHECK(lanes(copy_sign(P(3), P(-2)))[0] == -3);
  CHECK(lanes(copy_sign(P(3), P(2)))[0] == 3);
  CHECK(lanes(copy_sign(P(3), P(TestType(-0.0))))[0] == -3);
  CHECK(std::signbit(lanes(copy_sign(P(0), P(-1)))[0]));
}

TEMPLATE_TEST_CASE("exponent_from_last_bits makes powers of two", "[pack]", float, double) {
  using P = Pack<TestType>;
  constexpr int places = std::numeric_limits<TestType>::digits - 1,
                bias = std::numeric_limits<TestType>::max_exponent - 1;
  const TestType zero = std::ldexp(TestType(1.5), places) + bias;
  for (const int k : {-100, -1, 0, 1, 7, 100}) {
    CAPTURE(k);
    CHECK(lanes(exponent_from_last_bits(P(zero + TestType(k))))[0] == std::ldexp(TestType(1), k));
  }
}

TEMPLATE_TEST_CASE("the first lanes stay, the others become zero", "[pack]", float, double) {
  using P = Pack<TestType>;
  for (int count = 0; count <= P::size; ++count)
    CHECK(lanes(P(5).first(count)) ==
          lanes<TestType>([&](TestType i) { return TestType(i < static_cast<TestType>(count) ? 5 : 0); }));
}

TEMPLATE_TEST_CASE("the lanes' sum and the sum of their squares", "[pack]", float, double) {
  using P = Pack<TestType>;
  const P counting = P::load(lanes<TestType>([](TestType i) { return i + 1; }).data());
  const int n = P::size;
  CHECK(sum_of_lanes(counting) == TestType(n * (n + 1) / 2));
  CHECK(sum_of_squares(counting) == n * (n + 1) * (2 * n + 1) / 6.0);
}

TEMPLATE_TEST_CASE("a square of packs is transposed", "[pack]", float, double) {
  using P = Pack<TestType>;
  P square[P::size];
  for (int i = 0; i < P::size; ++i)
    square[i] = P::load(lanes<TestType>([&](TestType lane) { return static_cast<TestType>(100 * i) + lane; }).data());
  transpose(square);
  for (int j = 0; j < P::size; ++j)
    CHECK(lanes(square[j]) == lanes<TestType>([&](TestType i) { return 100 * i + static_cast<TestType>(j); }));
}

// Where the processor has fused multiply-adds, g++ would make one of the product and the sum: the bits of a cell's rule
// would then depend on where it was inlined (seen at -O2).
TEMPLATE_TEST_CASE("a product is rounded before a sum sees it", "[pack]", float, double) {
  using P = Pack<TestType>;
  const volatile TestType one_and_a_bit = 1 + std::numeric_limits<TestType>::epsilon();
  const P a(one_and_a_bit);
  const volatile TestType rounded = one_and_a_bit * one_and_a_bit;
  const P square(rounded);
  CHECK(lanes(a * a - square)[0] == 0);
}

TEMPLATE_TEST_CASE("lanes are added to sums in double", "[pack]", float, double) {
  using P = Pack<TestType>;
  const P counting = P::load(lanes<TestType>([](TestType i) { return i + TestType(0.1); }).data());
  for (Index count = 1; count <= P::size; ++count) {
    std::vector<double> sums(static_cast<std::size_t>(count), 1e9);
    counting.add_to(sums.data(), count);
    for (std::size_t i = 0; i < sums.size(); ++i) CHECK(sums[i] == 1e9 + static_cast<double>(lanes(counting)[i]));
  }
}
