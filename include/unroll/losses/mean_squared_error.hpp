#pragma once

#include "unroll/core/error.hpp"
#include "unroll/core/types.hpp"

namespace unroll {

/// The mean of (y - target)^2 over all values, and its gradient d_y = 2 (y - target) / n.
///
/// Throws std::invalid_argument where the shapes differ or there is no value; `d_y` is then as it was.
template <class Scalar>
double mean_squared_error(const Output<Scalar>& y, const Matrix<Scalar>& target, Matrix<Scalar>& d_y) {
  detail::require(y.rows() == target.rows() && y.cols() == target.cols(), "mean_squared_error: target is ",
                  target.rows(), " x ", target.cols(), ", expected ", y.rows(), " x ", y.cols(), " as y");
  detail::require(y.size() > 0, "mean_squared_error: y is empty");
  d_y.resize(y.rows(), y.cols());
  double sum = 0;
  for (Index i = 0; i < y.size(); ++i) {
    const Scalar error = y.data()[i] - target.data()[i];
    sum += static_cast<double>(error) * static_cast<double>(error);
    d_y.data()[i] = 2 * error / static_cast<Scalar>(y.size());
  }
  return sum / static_cast<double>(y.size());
}

}  // namespace unroll
