#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "unroll/core/error.hpp"
#include "unroll/core/types.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Brings each feature (row) to mean 0 and standard deviation 1, and back: z = (x - mean) / scale.
///
///   const Standardizer<float> unit(split.training);   // of the training part alone
///
/// A value; `visit` reaches mean and scale, so that it can travel with the model.
template <class Scalar>
class Standardizer {
 public:
  Vector<Scalar> mean;   ///< I
  Vector<Scalar> scale;  ///< I: the standard deviation, or 1 for a feature that never changes

  /// Takes mean and scale of x, I x (T*B). Throws std::invalid_argument where there is no column, or a number that is
  /// not finite.
  explicit Standardizer(const Eigen::Ref<const Matrix<Scalar>>& x) {
    detail::require(x.cols() >= 1, "Standardizer: x has no columns");
    for (Index j = 0; j < x.cols(); ++j)
      for (Index i = 0; i < x.rows(); ++i)
        detail::require(std::isfinite(x(i, j)), "Standardizer: feature ", i, " is not finite in column ", j);
    const double count = static_cast<double>(x.cols());
    mean.resize(x.rows());
    scale.resize(x.rows());
    for (Index i = 0; i < x.rows(); ++i) {
      double sum = 0, largest = 0, squares = 0;
      for (Index j = 0; j < x.cols(); ++j) sum += static_cast<double>(x(i, j));
      detail::require(std::isfinite(sum), "Standardizer: the sum of feature ", i, " is ", sum);
      const auto from_mean = [&](Index j) { return static_cast<double>(x(i, j)) - sum / count; };
      for (Index j = 0; j < x.cols(); ++j) largest = (std::max)(largest, std::abs(from_mean(j)));
      const int exponent = largest > 0 ? std::ilogb(largest) : 0;  // so that no square overflows, or becomes 0
      for (Index j = 0; j < x.cols(); ++j) {
        const double difference = std::ldexp(from_mean(j), -exponent);
        squares += difference * difference;
      }
      const bool constant = (x.row(i).array() == x(i, 0)).all();
      mean[i] = constant ? x(i, 0) : static_cast<Scalar>(sum / count);
      scale[i] = constant ? Scalar(1) : static_cast<Scalar>(std::ldexp(std::sqrt(squares / count), exponent));
      if (scale[i] == 0) scale[i] = (std::numeric_limits<Scalar>::min)();
    }
  }

  /// That of some of the features, in this order: unit.rows({2}).invert(y) where a model tells feature 2 alone. Throws
  /// std::invalid_argument for a row that is not there.
  Standardizer rows(const std::vector<Index>& wanted) const {
    for (const Index row : wanted)
      detail::require(row >= 0 && row < mean.size(), "Standardizer::rows: there is no row ", row, " of ", mean.size());
    Standardizer result = *this;
    result.mean = mean(wanted).eval();
    result.scale = scale(wanted).eval();
    return result;
  }

  /// (x - mean) / scale, of x's shape. Throws std::invalid_argument unless x has I rows.
  Matrix<Scalar> apply(const Eigen::Ref<const Matrix<Scalar>>& x) const {
    require_rows("apply", x.rows());
    // Lane by lane: Eigen 3.4 estimates quotients on 32-bit NEON.
    return (x.colwise() - mean).binaryExpr(scale.rowwise().replicate(x.cols()), std::divides<Scalar>());
  }
  /// z scale + mean, of z's shape. Throws std::invalid_argument unless z has I rows.
  Matrix<Scalar> invert(const Eigen::Ref<const Matrix<Scalar>>& z) const {
    require_rows("invert", z.rows());
    return ((z.array().colwise() * scale.array()).matrix()).colwise() + mean;
  }

  template <class F, class... Standardizers>
  static void visit(F&& f, const std::string& prefix, Standardizers&... standardizers) {
    f(prefix + "mean", standardizers.mean...);
    f(prefix + "scale", standardizers.scale...);
  }

 private:
  void require_rows(const char* what, Index rows) const {
    detail::require(rows == mean.size(), "Standardizer::", what, ": given ", rows, " rows, expected ", mean.size());
  }
};

}  // namespace unroll::inline UNROLL_TARGET
