#pragma once

#include <algorithm>
#include <cmath>

#include "unroll/core/activations.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// log sum_i e^y_i = m + log sum_i e^(y_i - m), m = max y. It is kept as two parts, because their sum would lose
/// digits.
struct LogSumExp {
  double largest, log_sum;

  /// -log softmax(y)_i
  template <class Scalar>
  double surprise(Scalar y) const {
    return log_sum + (largest - static_cast<double>(y));
  }
};

/// Leaves softmax(y) in `softmax`, which may be y.
template <class Scalar>
LogSumExp log_sum_exp(const Scalar* y, Index rows, Scalar* softmax) {
  const Scalar largest = *std::max_element(y, y + rows);
  double sum = 0;
  on_processor<Scalar>([&]<class P>() {
    for (Index i = 0; i < rows; i += P::size) exp(P::load(y + i, rows - i) - P(largest)).store(softmax + i, rows - i);
  });
  for (Index i = 0; i < rows; ++i) sum += static_cast<double>(softmax[i]);
  for (Index i = 0; i < rows; ++i) softmax[i] = static_cast<Scalar>(static_cast<double>(softmax[i]) / sum);
  return {static_cast<double>(largest), std::log(sum)};
}

}  // namespace unroll::inline UNROLL_TARGET::detail
