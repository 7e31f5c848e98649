#include "unroll/product/scalar_product.hpp"

#include <vector>

#include "catch.hpp"
#include "reference.hpp"

namespace {

using namespace product_test;

/// The same in plain loops: a chain for each number of a cache line, added by halves.
template <class Scalar>
Scalar reference_scalar_product(const Matrix<Scalar>& a, const Matrix<Scalar>& b, Scalar start) {
  std::size_t chains = 64 / sizeof(Scalar);
  std::vector<Pack<Scalar>> sums(chains, Pack<Scalar>(0));
  for (Index k = 0; k < a.size(); ++k) {
    auto& sum = sums[static_cast<std::size_t>(k) % chains];
    sum = multiply_add(Pack<Scalar>(a(k, 0)), Pack<Scalar>(b(k, 0)), sum);
  }
  for (; chains > 1; chains /= 2)
    for (std::size_t i = 0; i < chains / 2; ++i) sums[i] += sums[i + chains / 2];
  (Pack<Scalar>(start) + sums[0]).store(&start, 1);
  return start;
}

}  // namespace

TEMPLATE_TEST_CASE("a scalar product is a cache line of chains, to the bit", "[scalar_product]", float, double) {
  Random random(3);
  for (Index count = 0; count <= 70; ++count) {
    const auto a = some<TestType>(count, 1, random), b = some<TestType>(count, 1, random);
    // Copies of just so many numbers: the sanitizer sees a read behind them.
    const std::vector<TestType> left(a.data(), a.data() + count), right(b.data(), b.data() + count);
    CAPTURE(count);
    CHECK(scalar_product(left.data(), right.data(), count, TestType(0.25)) ==
          reference_scalar_product<TestType>(a, b, TestType(0.25)));
  }
}
