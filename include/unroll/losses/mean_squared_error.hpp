#pragma once

#include "unroll/losses/loss.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

struct SquaredError {
  static constexpr const char* name = "mean_squared_error";

  template <class Scalar>
  static double term(Scalar y, Scalar target, Scalar& d) {
    const Scalar error = y - target;
    d = 2 * error;
    return static_cast<double>(error) * static_cast<double>(error);
  }
};

}  // namespace detail

/// The type of `mean_squared_error`.
using MeanSquaredError = Loss<detail::Pointwise<detail::SquaredError>>;

/// The mean of (y - target)^2, with the gradient 2 (y - target) / n. See Loss for masks and weights.
inline constexpr MeanSquaredError mean_squared_error;

}  // namespace unroll::inline UNROLL_TARGET
