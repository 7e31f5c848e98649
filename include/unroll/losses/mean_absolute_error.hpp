#pragma once

#include <cmath>

#include "unroll/losses/loss.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

struct AbsoluteError {
  static constexpr const char* name = "mean_absolute_error";

  template <class Scalar>
  static double term(Scalar y, Scalar target, Scalar& d) {
    const Scalar error = y - target;
    d = error > 0 ? Scalar(1) : error < 0 ? Scalar(-1) : 0 * error;  // NaN stays
    return std::abs(static_cast<double>(error));
  }
};

}  // namespace detail

/// The type of `mean_absolute_error`.
using MeanAbsoluteError = Loss<detail::Pointwise<detail::AbsoluteError>>;

/// The mean of |y - target|, with the gradient sign(y - target) / n, 0 where they are equal. See Loss.
inline constexpr MeanAbsoluteError mean_absolute_error;

}  // namespace unroll::inline UNROLL_TARGET
