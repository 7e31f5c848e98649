#pragma once

#include <algorithm>
#include <cmath>

#include "unroll/core/activations.hpp"
#include "unroll/losses/loss.hpp"

namespace unroll {

namespace detail {

struct SoftmaxCrossEntropyRule {
  static constexpr const char* name = "softmax_cross_entropy";

  static Index target_rows(Index) { return 1; }
  static Index terms(Index) { return 1; }

  template <class Scalar>
  static const char* problem(const Scalar* target, Index rows) {
    const bool fits = *target >= 0 && *target < static_cast<Scalar>(rows) && *target == std::floor(*target);
    return fits ? nullptr : "no class, expected a whole number from 0 to one less than the rows of y";
  }

  template <class Scalar>
  static double column(const Scalar* y, const Scalar* target, Index rows, Scalar* d) {
    const Scalar largest = *std::max_element(y, y + rows);
    double sum = 0;
    for (Index i = 0; i < rows; i += Pack<Scalar>::size) {
      const Index lanes = std::min<Index>(rows - i, Pack<Scalar>::size);
      exp(Pack<Scalar>::load(y + i, lanes) - Pack<Scalar>(largest)).store(d + i, lanes);
      for (Index k = i; k < i + lanes; ++k) sum += static_cast<double>(d[k]);
    }
    for (Index i = 0; i < rows; ++i) d[i] = static_cast<Scalar>(static_cast<double>(d[i]) / sum);
    const Index at = static_cast<Index>(*target);
    d[at] -= 1;
    return std::log(sum) + (static_cast<double>(largest) - static_cast<double>(y[at]));
  }
};

}  // namespace detail

using SoftmaxCrossEntropy = Loss<detail::SoftmaxCrossEntropyRule>;

/// The mean over the columns of -log softmax(y)[target], with the gradient (softmax(y) - onehot(target)) / n.
///
/// log sum e^y is taken as m + log sum e^(y - m), m = max y, which overflows nowhere (Blanchard, Higham & Higham 2021,
/// equation 1.4). The target is 1 x (T*B): the class of each column, 0 to O - 1. See Loss for masks and weights.
inline constexpr SoftmaxCrossEntropy softmax_cross_entropy;

}  // namespace unroll
