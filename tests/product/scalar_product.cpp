#include "unroll/product/scalar_product.hpp"

#include <vector>

#include "catch.hpp"
#include "reference.hpp"

namespace {

using namespace product_test;

/// The same in plain loops: a chain for each number of a cache line, added by halves.
template <class Scalar>
Scalar reference_scalar_product(const Matrix<Scalar>& a, const Matrix<Scalar>& b, Scalar start) {
  Matrix<Scalar> sums = Matrix<Scalar>::Zero(64 / sizeof(Scalar), 1);
  for (Index k = 0; k < a.size(); ++k) {
    Matrix<Scalar> sum = sums.row(k % sums.rows());
    reference_product<Scalar>(a.row(k), b.row(k), sum);
    sums.row(k % sums.rows()) = sum;
  }
  for (Index half = sums.rows() / 2; half > 0; half /= 2) sums.topRows(half) += sums.middleRows(half, half);
  return start + sums(0, 0);
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
