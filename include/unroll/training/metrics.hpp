#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "unroll/losses/softmax_cross_entropy.hpp"
#include "unroll/training/measures.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

// Plain functions and loops, because each file that includes a header compiles all in it that is no template.

/// The mean of `of_column` over the columns, by their weights, and then `finish` of it.
inline Metric mean_metric(std::string name, bool higher_is_better,
                          double (*of_column)(const Metric::Column& y, const Metric::Column& target,
                                              const Metric::Weight&),
                          double (*finish)(double)) {
  const auto add = [of_column](const Metric::Column& y, const Metric::Column& target, const Metric::Weight& weight,
                               Matrix<double>& sums) {
    const double value = of_column(y, target, weight);
    if (sums.size() == 0) sums.setZero(2, 1);
    sums(0) += weight.mean * value;
    sums(1) += weight.mean;
  };
  const auto value = [finish](const Matrix<double>& sums) { return finish(sums(0) / sums(1)); };
  return {std::move(name), higher_is_better, add, value};
}

inline void require_as_y(const char* name, const Metric::Column& y, const Metric::Column& target) {
  require(y.size() == target.size(), name, ": target has ", target.size(), " rows, expected ", y.size(), " as y");
}

/// A metric that keeps sums for each row of y cannot take outputs of another head.
inline void require_rows(const char* name, const Metric::Column& y, Index rows) {
  require(y.size() == rows, name, ": y has ", y.size(), " rows, expected ", rows, " as in the columns before");
}

/// The class that the target names, for y's rows.
inline Index class_of(const char* name, const Metric::Column& y, const Metric::Column& target) {
  const double given = target.size() == 1 ? target[0] : -1;
  require(given >= 0 && given < static_cast<double>(y.size()) && given == std::floor(given), name,
          ": the target is no class, expected a row with a whole number from 0 to one less than the rows of y");
  return static_cast<Index>(given);
}

inline Index likeliest(const Metric::Column& y) { return std::max_element(y.data(), y.data() + y.size()) - y.data(); }

/// The mean of each(y, target) over the rows, by their weights.
inline double mean_of_rows(const Metric::Column& y, const Metric::Column& target, const Metric::Weight& weight,
                           double (*each)(double, double)) {
  double sum = 0, weights = 0;
  for (Index i = 0; i < y.size(); ++i) {
    if (weight[i] == 0) continue;
    sum += weight[i] * each(y[i], target[i]);
    weights += weight[i];
  }
  return sum / weights;
}

inline double itself(double value) { return value; }

/// What a hit is worth: NaN where an output is NaN, which stays in the sum.
inline double worth(const Metric::Column& y, double hit) {
  return y.hasNaN() ? std::numeric_limits<double>::quiet_NaN() : hit;
}

/// What `of_class(hits, predicted, actual)` gives for one class, or the mean over all.
inline Metric of_classes(std::string name, std::optional<Index> wanted, double (*of_class)(double, double, double)) {
  if (wanted) name += text("_", *wanted);
  const auto add = [name, wanted](const Metric::Column& y, const Metric::Column& target, const Metric::Weight& weight,
                                  Matrix<double>& sums) {
    const Index actual = class_of(name.c_str(), y, target);
    require(!wanted || (*wanted >= 0 && *wanted < y.size()), name, ": there is no such class, y has ", y.size(),
            " rows");
    if (sums.size() == 0) sums.setZero(y.size(), y.size());
    require_rows(name.c_str(), y, sums.cols());
    if (y.hasNaN())  // any class may have been meant
      for (Index k = 0; k < y.size(); ++k) sums(actual, k) = std::numeric_limits<double>::quiet_NaN();
    else
      sums(actual, likeliest(y)) += weight.mean;
  };
  const auto value = [of_class, wanted](const Matrix<double>& sums) {
    double sum = 0, classes = 0;
    for (Index k = 0; k < sums.cols(); ++k) {
      if (wanted && k != *wanted) continue;
      double predicted = 0, actual = 0;
      for (Index i = 0; i < sums.cols(); ++i) predicted += sums(i, k), actual += sums(k, i);
      if (predicted + actual == 0) continue;  // scikit-learn leaves such a class out, too
      sum += of_class(sums(k, k), predicted, actual);
      ++classes;
    }
    return sum / classes;
  };
  return {std::move(name), true, add, value};
}

}  // namespace detail

/// The share of columns whose largest output is the class that the target, 1 x (T*B), names.
inline Metric accuracy() {
  const auto hit = [](const Metric::Column& y, const Metric::Column& target, const Metric::Weight&) {
    return detail::worth(y, detail::class_of("accuracy", y, target) == detail::likeliest(y) ? 1 : 0);
  };
  return detail::mean_metric("accuracy", true, hit, detail::itself);
}

/// The share of outputs on the side of 0 that the target, 0 or 1, names. The outputs are logits: no sigmoid was
/// applied. As in binary_cross_entropy a target may be a probability: above 0.5 it counts as 1, else as 0. Adding
/// another target throws std::invalid_argument.
inline Metric binary_accuracy() {
  const auto hits = [](const Metric::Column& y, const Metric::Column& target, const Metric::Weight& weight) {
    detail::require_as_y("binary_accuracy", y, target);
    return detail::mean_of_rows(y, target, weight, [](double a, double b) {
      detail::require(std::isnan(b) || (b >= 0 && b <= 1), "binary_accuracy: a target is ", b, ", expected 0 to 1");
      return std::isunordered(a, b) ? a + b : (a > 0) == (b > 0.5) ? 1 : 0;
    });
  };
  return detail::mean_metric("binary_accuracy", true, hits, detail::itself);
}

/// The share of the columns predicted to be of a class that are of it: of one class, called precision_3, or the mean
/// over the classes (macro). NaN where the class neither is nor is predicted.
inline Metric precision(std::optional<Index> of_class = {}) {
  return detail::of_classes("precision", of_class, [](double hits, double predicted, double) {
    return predicted == 0 ? 0.0 : hits / predicted;
  });
}

/// The share of a class's columns that are predicted to be of it: of one class, called recall_3, or the mean over the
/// classes (macro). NaN where the class neither is nor is predicted.
inline Metric recall(std::optional<Index> of_class = {}) {
  return detail::of_classes("recall", of_class,
                            [](double hits, double, double actual) { return actual == 0 ? 0.0 : hits / actual; });
}

/// The harmonic mean of precision and recall: of one class, called f1_3, or the mean over the classes (macro). NaN
/// where the class neither is nor is predicted.
inline Metric f1(std::optional<Index> of_class = {}) {
  return detail::of_classes(
      "f1", of_class, [](double hits, double predicted, double actual) { return 2 * hits / (predicted + actual); });
}

/// exp of the mean of -log softmax(y)[target]: how many classes the outputs hesitate between.
inline Metric perplexity() {
  const auto surprise = [](const Metric::Column& y, const Metric::Column& target, const Metric::Weight&) {
    const Index wanted = detail::class_of("perplexity", y, target);
    Metric::Column softmax(y.size());
    return detail::log_sum_exp(y.data(), y.size(), softmax.data()).surprise(y[wanted]);
  };
  return detail::mean_metric("perplexity", false, surprise, [](double mean) { return std::exp(mean); });
}

/// The mean absolute error of all numbers.
inline Metric mae() {
  const auto error = [](const Metric::Column& y, const Metric::Column& target, const Metric::Weight& weight) {
    detail::require_as_y("mae", y, target);
    return detail::mean_of_rows(y, target, weight, [](double a, double b) { return std::abs(a - b); });
  };
  return detail::mean_metric("mae", false, error, detail::itself);
}

/// The root of the mean squared error of all numbers.
inline Metric rmse() {
  const auto error = [](const Metric::Column& y, const Metric::Column& target, const Metric::Weight& weight) {
    detail::require_as_y("rmse", y, target);
    return detail::mean_of_rows(y, target, weight, [](double a, double b) { return (a - b) * (a - b); });
  };
  return detail::mean_metric("rmse", false, error, [](double mean) { return std::sqrt(mean); });
}

/// The mean absolute error of each series, divided by that of the forecast "as a season ago" on the training series
/// (Hyndman & Koehler 2006, equation 3); the mean over the series. Below 1 the outputs are the better forecast.
/// `training` is F x T; row i of a target belongs to series i mod F, as in ForecastWindows. Throws
/// std::invalid_argument for a season that is not shorter than the series, and for a series that repeats itself but
/// for rounding (4 epsilons of its largest number).
template <class Series>
Metric mase(const Eigen::DenseBase<Series>& training, Index season = 1) {
  detail::require(training.rows() >= 1, "mase: the training series has no rows");
  detail::require(season >= 1, "mase: season is ", season, ", expected at least 1");
  const Index more = training.cols() - season;
  detail::require(more >= 1, "mase: the training series has ", training.cols(),
                  " steps, expected more than a season of ", season);
  const Matrix<double> steps = training.template cast<double>();
  const Matrix<double> errors = (steps.rightCols(more) - steps.leftCols(more)).cwiseAbs();
  const Metric::Column naive = errors.rowwise().mean();
  for (Index i = 0; i < naive.size(); ++i) {
    detail::require(std::isfinite(naive[i]), "mase: the naive forecast's error is ", naive[i],
                    ", expected a finite number");
    const double largest = errors.row(i).maxCoeff(), of_series = steps.row(i).cwiseAbs().maxCoeff();
    const double rounding =
        4 * static_cast<double>(std::numeric_limits<typename Series::Scalar>::epsilon()) * of_series;
    detail::require(largest > rounding, "mase: the naive forecast's largest error is ", largest,
                    ", expected more than ", rounding, rounding > 0 ? ", which rounding may give" : "");
  }
  const auto add = [series = naive.size()](const Metric::Column& y, const Metric::Column& target,
                                           const Metric::Weight& weight, Matrix<double>& sums) {
    detail::require_as_y("mase", y, target);
    detail::require(y.size() % series == 0, "mase: target has ", y.size(), " rows, expected a multiple of the ", series,
                    " of the training series");
    if (sums.size() == 0) sums.setZero(2, series);
    for (Index i = 0; i < y.size(); ++i) {
      if (weight[i] == 0) continue;
      sums(0, i % series) += weight[i] * std::abs(y[i] - target[i]);
      sums(1, i % series) += weight[i];
    }
  };
  const auto value = [naive](const Matrix<double>& sums) {
    double sum = 0, known = 0;
    for (Index i = 0; i < naive.size(); ++i) {
      if (sums(1, i) == 0) continue;  // nothing of it is known
      sum += sums(0, i) / sums(1, i) / naive[i];
      ++known;
    }
    return sum / known;
  };
  return {"mase", false, add, value};
}

/// The sum of the squared errors divided by the sum of the squared targets, over all the data: the error-to-signal
/// ratio without a filter. The loss ErrorToSignal has also a filter and an offset term, whose mean depends on how data
/// are cut.
inline Metric esr() {
  const auto add = [](const Metric::Column& y, const Metric::Column& target, const Metric::Weight& weight,
                      Matrix<double>& sums) {
    detail::require_as_y("esr", y, target);
    if (sums.size() == 0) sums.setZero(2, 1);
    for (Index i = 0; i < y.size(); ++i) {
      if (weight[i] == 0) continue;
      sums(0) += weight[i] * (y[i] - target[i]) * (y[i] - target[i]);
      sums(1) += weight[i] * target[i] * target[i];
    }
  };
  const auto value = [](const Matrix<double>& sums) { return sums(0) / sums(1); };
  return {"esr", false, add, value};
}

/// The share of the target's variance that is explained, 1 - sum (y - target)^2 / sum (target - mean)^2 of each row;
/// the mean over the rows. A row that never changes gives 1 where it is predicted exactly, else 0.
inline Metric r2() {
  // Rows: weights, means, squares around the means (West 1979), squared errors; a column a row of y.
  const auto add = [](const Metric::Column& y, const Metric::Column& target, const Metric::Weight& weight,
                      Matrix<double>& sums) {
    detail::require_as_y("r2", y, target);
    if (sums.size() == 0) sums.setZero(4, y.size());
    detail::require_rows("r2", y, sums.cols());
    for (Index i = 0; i < y.size(); ++i) {
      if (weight[i] == 0) continue;
      double* sum = &sums(0, i);
      const double from_mean = target[i] - sum[1], error = y[i] - target[i];
      sum[0] += weight[i];
      sum[1] += weight[i] / sum[0] * from_mean;
      sum[2] += weight[i] * from_mean * (target[i] - sum[1]);
      sum[3] += weight[i] * error * error;
    }
  };
  const auto value = [](const Matrix<double>& sums) {
    double sum = 0, rows = 0;
    for (Index i = 0; i < sums.cols(); ++i) {
      if (sums(0, i) == 0) continue;  // nothing of it is known
      sum += sums(2, i) != 0 ? 1 - sums(3, i) / sums(2, i) : (sums(3, i) == 0 ? 1 : 0 * sums(3, i));  // NaN stays
      ++rows;
    }
    return sum / rows;
  };
  return {"r2", true, add, value};
}

/// How often a column of class i (row i) was predicted to be of class j (column j), by weights. Its number is the
/// accuracy; `Measures::sums` gives the matrix.
inline Metric confusion_matrix() {
  Metric metric = recall();
  metric.name = "confusion_matrix";
  metric.value = [](const Matrix<double>& sums) {
    double hits = 0, all = 0;
    for (Index k = 0; k < sums.size(); ++k) all += sums(k);
    for (Index k = 0; k < sums.cols(); ++k) hits += sums(k, k);
    return hits / all;
  };
  return metric;
}

}  // namespace unroll::inline UNROLL_TARGET
