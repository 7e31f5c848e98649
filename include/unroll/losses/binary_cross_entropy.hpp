#pragma once

#include <cmath>

#include "unroll/core/activations.hpp"
#include "unroll/losses/loss.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

struct BinaryCrossEntropyOnLogits {
  static constexpr const char* name = "binary_cross_entropy";

  template <class Scalar>
  static const char* problem(Scalar target) {
    return target >= 0 && target <= 1 ? nullptr : "no probability, expected 0 to 1";
  }

  template <class Scalar>
  static double term(Scalar y, Scalar target, Scalar& d) {
    const double logit = static_cast<double>(y);
    d = sigmoid(y) - target;
    return (logit > 0 ? logit : 0 * logit) - logit * static_cast<double>(target) +
           std::log1p(std::exp(-std::abs(logit)));
  }
};

}  // namespace detail

/// The type of `binary_cross_entropy`.
using BinaryCrossEntropy = Loss<detail::Pointwise<detail::BinaryCrossEntropyOnLogits>>;

/// The mean of -target log p - (1 - target) log(1 - p), p = sigmoid(y), with the gradient (p - target) / n.
///
/// It is computed from logits, as max(y, 0) - y target + log(1 + e^-|y|), which never overflows. Targets are 0 to 1.
/// See Loss.
inline constexpr BinaryCrossEntropy binary_cross_entropy;

}  // namespace unroll::inline UNROLL_TARGET
