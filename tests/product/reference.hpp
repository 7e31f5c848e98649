#pragma once

#include "unroll/core/random.hpp"
#include "unroll/product/multiply.hpp"

/// What every product of the library is held against.
namespace product_test {

using namespace unroll;
using namespace unroll::detail;

/// sums += a b in the order of k, each step a multiply-add as the processor makes it: a is rows x depth, b depth x
/// columns, both packed nowhere.
template <class Scalar>
void reference_product(const Matrix<Scalar>& a, const Matrix<Scalar>& b, Matrix<Scalar>& sums) {
  on_processor<Scalar>([&]<class P>() {
    for (Index row = 0; row < sums.rows(); ++row)
      for (Index column = 0; column < sums.cols(); ++column) {
        P sum(sums(row, column));
        for (Index k = 0; k < a.cols(); ++k) sum = multiply_add(P(a(row, k)), P(b(k, column)), sum);
        sums(row, column) = sum.first_lane();
      }
  });
}

template <class Scalar>
Matrix<Scalar> some(Index rows, Index cols, Random& random) {
  Matrix<Scalar> values(rows, cols);
  for (Index i = 0; i < values.size(); ++i) values.data()[i] = static_cast<Scalar>(random.uniform() - 0.5);
  return values;
}

}  // namespace product_test
