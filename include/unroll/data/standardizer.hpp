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

/// The options of a Standardizer.
struct StandardizerOptions {
  bool skip_nan = false;  ///< whether NaN is a missing number, which counts in no mean; else it is refused
};

/// Brings each feature (row) to mean 0 and standard deviation 1, and back: z = (x - mean) / scale.
///
///   const Standardizer<float> unit(split.training);   // of the training part alone
///
/// It is a value; `visit` shows mean and scale, so it can be saved with the model.
template <class Scalar>
class Standardizer {
 public:
  Vector<Scalar> mean;  ///< I
  /// I: the standard deviation, or 1 for a feature that never changes, or by rounding alone: by 4 epsilons of its first
  /// number at most.
  Vector<Scalar> scale;

  /// Takes mean and scale of x, I x (T*B). Throws std::invalid_argument where a feature has no number, or one that is
  /// not finite or whose distance from the mean is not.
  explicit Standardizer(const Eigen::Ref<const Matrix<Scalar>>& x, StandardizerOptions how = {}) {
    take(x.rows(), how, [&](auto f) { f(x); });
  }
  /// The same for several series as if they were one, each I x T.
  explicit Standardizer(const std::vector<Matrix<Scalar>>& series, StandardizerOptions how = {}) {
    detail::require(!series.empty(), "Standardizer: there is no series");
    for (const Matrix<Scalar>& x : series)
      detail::require(x.rows() == series[0].rows(), "Standardizer: a series has ", x.rows(), " rows, the first one ",
                      series[0].rows());
    take(series[0].rows(), how, [&](auto f) {
      for (const Matrix<Scalar>& x : series) f(x);
    });
  }
  /// A Standardizer of so many features that changes nothing, to load another one into.
  static Standardizer identity(Index features) {
    Standardizer result;
    result.mean.setZero(features);
    result.scale.setOnes(features);
    return result;
  }

  /// The Standardizer of some of the features, in this order: unit.rows({2}).invert(y) where a model predicts only
  /// feature 2. Throws std::invalid_argument for a row that does not exist.
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
    Matrix<Scalar> z(x.rows(), x.cols());
    apply(x, z);
    return z;
  }
  /// The same into a matrix or vector of x's shape, which may be x. It allocates nothing, for a loop in real time.
  void apply(const Eigen::Ref<const Matrix<Scalar>>& x, Eigen::Ref<Matrix<Scalar>> z) const {
    require_shape("apply", x, z);
    // Lane by lane: Eigen 3.4 estimates quotients on 32-bit NEON.
    z = (x.colwise() - mean).binaryExpr(scale.rowwise().replicate(x.cols()), std::divides<Scalar>());
  }
  /// z scale + mean, of z's shape. Throws std::invalid_argument unless z has I rows.
  Matrix<Scalar> invert(const Eigen::Ref<const Matrix<Scalar>>& z) const {
    Matrix<Scalar> x(z.rows(), z.cols());
    invert(z, x);
    return x;
  }
  /// The same into a matrix or vector of z's shape, which may be z.
  void invert(const Eigen::Ref<const Matrix<Scalar>>& z, Eigen::Ref<Matrix<Scalar>> x) const {
    require_shape("invert", z, x);
    x = ((z.array().colwise() * scale.array()).matrix()).colwise() + mean;
  }

  template <class F, class... Standardizers>
  static void visit(F&& f, const std::string& prefix, Standardizers&... standardizers) {
    f(prefix + "mean", standardizers.mean...);
    f(prefix + "scale", standardizers.scale...);
  }

 private:
  Standardizer() = default;

  /// `each(f)` calls f(x) for each series.
  template <class Each>
  void take(Index features, StandardizerOptions how, Each each) {
    mean.resize(features);
    scale.resize(features);
    for (Index i = 0; i < features; ++i) {
      const auto numbers = [&](auto f) {
        each([&](const auto& x) {
          for (Index j = 0; j < x.cols(); ++j)
            if (!how.skip_nan || !std::isnan(x(i, j))) f(x(i, j), j);
        });
      };
      double count = 0, sum = 0, largest = 0, squares = 0;
      constexpr Scalar rounding = 4 * std::numeric_limits<Scalar>::epsilon();
      Scalar first = 0;
      bool constant = true;
      numbers([&](Scalar value, Index j) {
        detail::require(std::isfinite(value), "Standardizer: feature ", i, " is ", value, " in column ", j,
                        std::isnan(value) ? "; {.skip_nan = true} leaves it out" : "");
        if (count == 0) first = value;
        constant = constant && std::abs(value - first) <= rounding * std::abs(first);
        sum += static_cast<double>(value);
        ++count;
      });
      detail::require(count > 0, "Standardizer: feature ", i, " has no number");
      detail::require(std::isfinite(sum), "Standardizer: the sum of feature ", i, " is ", sum);
      const double middle = sum / count;
      numbers(
          [&](Scalar value, Index) { largest = (std::max)(largest, std::abs(static_cast<double>(value) - middle)); });
      const Scalar most = (std::numeric_limits<Scalar>::max)();
      detail::require(largest <= static_cast<double>(most), "Standardizer: a number of feature ", i, " is ", largest,
                      " from the mean, expected at most ", most);
      const int exponent = largest > 0 ? std::ilogb(largest) : 0;  // so that no square overflows, or becomes 0
      numbers([&](Scalar value, Index) {
        const double difference = std::ldexp(static_cast<double>(value) - middle, -exponent);
        squares += difference * difference;
      });
      mean[i] = constant ? first : static_cast<Scalar>(middle);
      scale[i] = constant ? Scalar(1) : static_cast<Scalar>(std::ldexp(std::sqrt(squares / count), exponent));
      if (scale[i] == 0) scale[i] = (std::numeric_limits<Scalar>::min)();
    }
  }

  template <class From, class To>
  void require_shape(const char* what, const From& from, const To& to) const {
    detail::require(from.rows() == mean.size(), "Standardizer::", what, ": given ", from.rows(), " rows, expected ",
                    mean.size());
    detail::require(to.rows() == from.rows() && to.cols() == from.cols(), "Standardizer::", what, ": the result is ",
                    to.rows(), " x ", to.cols(), ", expected ", from.rows(), " x ", from.cols());
  }
};

}  // namespace unroll::inline UNROLL_TARGET
