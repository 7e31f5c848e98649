#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "unroll/losses/softmax_cross_entropy.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The option of Ctc.
struct CtcOptions {
  Index blank = 0;  ///< the row of y that stands for no label
};

/// Connectionist temporal classification (Graves, Fernández, Gomez & Schmidhuber 2006). The network gives a
/// distribution over labels and a blank at each step, and learns from sequences of labels that are not aligned with the
/// steps.
///
///   p(labels | y) = the sum, over all ways to stretch the labels over T steps, of the product of softmax(y_t) on
///                   the way; blanks may stand between labels, and must stand between two that are alike
///   L             = the mean over the samples of -log p, each weighed by its weight
///   dL/dy_t       = (softmax(y_t) - share of each label at step t, by the ways through it) / n     (equation 16)
///
/// y is K x (T*B). The target is S x B: a column for each sample, with labels from 0 to K - 1 but no blank, filled up
/// with -1 after its last one. `weights`, if given, has one number of at least 0 for each sample. Throws
/// std::invalid_argument for shapes, labels and weights that do not fit, and for a sequence too short for its labels.
class Ctc {
 public:
  static constexpr const char* name = "ctc";

  /// A loss that is called like any other: loss(y, target, d_y, batch, weights).
  explicit Ctc(CtcOptions how = {}) : options_(how) {}

  /// Returns L and leaves dL/dy in `d_y`, which is resized to y's shape.
  template <class Y>
  double operator()(const Eigen::DenseBase<Y>& y, const Input<typename Y::Scalar>& target,
                    Matrix<typename Y::Scalar>& d_y, const Batch& batch = {},
                    const std::vector<double>& weights = {}) const {
    detail::require(options_.blank >= 0 && options_.blank < y.rows(), name, ": blank is ", options_.blank, ", y has ",
                    y.rows(), " rows");
    detail::require(y.rows() < detail::too_many_numbers<typename Y::Scalar>, name, ": y has ", y.rows(),
                    " rows, expected fewer than ", detail::too_many_numbers<typename Y::Scalar>,
                    ": labels would not be exact");
    batch.require_fits(name, y.cols());
    const double total = count(target, batch, weights);
    const Matrix<double> logits = y.template cast<double>();
    Matrix<double> slopes = Matrix<double>::Zero(y.rows(), y.cols());
    double sum = 0;
    for (Index b = 0; b < batch.size; ++b) {
      const double weight = weight_of(b, weights);
      const std::vector<Index> labels = labels_of(target.col(b), b, batch.length(b, batch.steps(y.cols())), y.rows());
      if (weight > 0) sum += weight * sample(logits, labels, batch, b, weight / total, slopes);
    }
    d_y = slopes.cast<typename Y::Scalar>();
    return total == 0 ? 0 : sum / total;
  }

  /// The sum of the samples' weights. Throws std::invalid_argument unless they, and the target, fit the batch.
  template <class Target>
  double count(const Eigen::DenseBase<Target>& target, const Batch& batch = {},
               const std::vector<double>& weights = {}) const {
    detail::require(target.cols() == batch.size, name, ": target has ", target.cols(), " columns for a batch of ",
                    batch.size);
    detail::require(weights.empty() || static_cast<Index>(weights.size()) == batch.size, name, ": ", weights.size(),
                    " weights for a batch of ", batch.size);
    double sum = 0;
    for (Index b = 0; b < batch.size; ++b) {
      const double weight = weight_of(b, weights);
      detail::require(weight >= 0 && weight <= 1e300, name, ": a weight is ", weight,
                      ", expected a number of at least 0");
      sum += weight;
    }
    return sum;
  }

 private:
  static constexpr double never = -std::numeric_limits<double>::infinity();

  static double weight_of(Index b, const std::vector<double>& weights) {
    return weights.empty() ? 1 : weights[static_cast<std::size_t>(b)];
  }

  /// log(e^a + e^b)
  static double log_add(double a, double b) {
    if (a < b) std::swap(a, b);
    return b == never ? a : a + std::log1p(std::exp(b - a));
  }

  /// The labels with a blank before, between and after them: l' of the paper.
  template <class Column>
  std::vector<Index> labels_of(const Column& target, Index b, Index steps, Index classes) const {
    std::vector<Index> labels{options_.blank};
    Index needed = 0;  // steps: one a label, and a blank between two that are alike
    bool ended = false;
    for (Index s = 0; s < target.size(); ++s) {
      const auto value = target[s];
      ended = ended || value == -1;
      if (ended && value == -1) continue;
      const bool fits =
          !ended && value >= 0 && value < static_cast<decltype(value)>(classes) && value == std::floor(value);
      detail::require(fits && static_cast<Index>(value) != options_.blank, name, ": label ", s, " of sample ", b,
                      " is ", value, ", expected a whole number from 0 to ", classes - 1,
                      " that is not the blank, and -1 behind "
                      "the last one");
      const Index label = static_cast<Index>(value);
      needed += labels.size() > 1 && labels[labels.size() - 2] == label ? 2 : 1;
      labels.push_back(label);
      labels.push_back(options_.blank);
    }
    detail::require(needed <= steps, name, ": sample ", b, " has ", steps, " steps, its labels need ", needed);
    return labels;
  }

  /// Whether a way may go from label s - 2 to label s, over the blank between them.
  static bool skips(const std::vector<Index>& labels, std::size_t s) {
    return s >= 2 && s % 2 == 1 && labels[s] != labels[s - 2];
  }

  /// -log p of sample b; adds its gradient, times `scale`.
  double sample(const Matrix<double>& logits, const std::vector<Index>& labels, const Batch& batch, Index b,
                double scale, Matrix<double>& slopes) const {
    const Index steps = batch.length(b, batch.steps(logits.cols())), size = static_cast<Index>(labels.size());
    if (steps == 0) return 0;
    Matrix<double> softmax(logits.rows(), steps), log_p(size, steps);  // of the labels at each step
    for (Index t = 0; t < steps; ++t) {
      const auto column = logits.col(t * batch.size + b);
      const detail::LogSumExp sum = detail::log_sum_exp(column.data(), logits.rows(), softmax.col(t).data());
      for (Index s = 0; s < size; ++s) log_p(s, t) = -sum.surprise(column[labels[static_cast<std::size_t>(s)]]);
    }
    // alpha(s, t): log of the sum over all ways that are at s in step t; beta: of all ways from there, step t left out.
    Matrix<double> alpha = Matrix<double>::Constant(size, steps, never), beta = alpha;
    alpha.col(0).head(std::min<Index>(2, size)) = log_p.col(0).head(std::min<Index>(2, size));
    beta.col(steps - 1).tail(std::min<Index>(2, size)).setZero();
    for (Index t = 1; t < steps; ++t)
      for (Index s = 0; s < size; ++s) {
        double ways = log_add(alpha(s, t - 1), s > 0 ? alpha(s - 1, t - 1) : never);
        if (skips(labels, static_cast<std::size_t>(s))) ways = log_add(ways, alpha(s - 2, t - 1));
        alpha(s, t) = ways + log_p(s, t);
      }
    for (Index t = steps - 2; t >= 0; --t)
      for (Index s = 0; s < size; ++s) {
        const auto from = [&](Index next) { return next < size ? beta(next, t + 1) + log_p(next, t + 1) : never; };
        beta(s, t) = log_add(from(s), from(s + 1));
        if (s + 2 < size && skips(labels, static_cast<std::size_t>(s) + 2))
          beta(s, t) = log_add(beta(s, t), from(s + 2));
      }
    const double log_all =
        size > 1 ? log_add(alpha(size - 1, steps - 1), alpha(size - 2, steps - 1)) : alpha(0, steps - 1);
    for (Index t = 0; t < steps; ++t) {
      auto d = slopes.col(t * batch.size + b);
      d += scale * softmax.col(t);
      for (Index s = 0; s < size; ++s)
        d[labels[static_cast<std::size_t>(s)]] -= scale * std::exp(alpha(s, t) + beta(s, t) - log_all);
    }
    return -log_all;
  }

  CtcOptions options_;
};

}  // namespace unroll::inline UNROLL_TARGET
