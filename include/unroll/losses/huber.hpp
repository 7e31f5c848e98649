#pragma once

#include <cmath>

#include "unroll/losses/loss.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

class HuberError {
 public:
  static constexpr const char* name = "huber";

  constexpr HuberError() = default;
  explicit HuberError(double where) : delta_(where) {
    require(where > 0, "huber: delta is ", where, ", expected more than 0");
  }

  template <class Scalar>
  double term(Scalar y, Scalar target, Scalar& d) const {
    const Scalar error = y - target, bound = static_cast<Scalar>(delta_);
    const double e = static_cast<double>(error), size = std::abs(e);
    d = error > bound ? bound : error < -bound ? -bound : error;
    return size > delta_ ? delta_ * (size - delta_ / 2) : e * e / 2;
  }

 private:
  double delta_ = 1;
};

}  // namespace detail

/// Huber{delta}: `huber` with another delta. Throws std::invalid_argument unless delta is above 0.
using Huber = Loss<detail::Pointwise<detail::HuberError>>;

/// The mean of e^2 / 2 where |e| <= delta, delta (|e| - delta / 2) elsewhere, e = y - target (Huber 1964, equation 5);
/// delta = 1. See Loss for masks and weights.
inline constexpr Huber huber;

}  // namespace unroll::inline UNROLL_TARGET
