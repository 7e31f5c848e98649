#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "unroll/losses/loss.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A number that says how good outputs are, over all columns of the data that count. It is a value; one of your own is
/// a name, a direction and two functions:
///
///   using Column = Metric::Column;
///   const Metric worst{"worst", false,
///                      [](const Column& y, const Column& target, const Metric::Weight& weight, Matrix<double>& sums) {
///                        if (sums.size() == 0) sums.setZero(1, 1);
///                        for (Index i = 0; i < y.size(); ++i)
///                          if (weight[i] != 0) sums(0) = std::max(sums(0), std::abs(y[i] - target[i]));
///                      },
///                      [](const Matrix<double>& sums) { return sums(0); }};
struct Metric {
  /// A column of outputs or targets, in double.
  using Column = Vector<double>;
  /// The weight of a column; weight[i] is the weight of the i-th number of its target, 0 where that is not known. Where
  /// all numbers weigh the same it converts to a double; elsewhere that throws std::invalid_argument.
  struct Weight {
    double mean;         ///< of its numbers
    const double* each;  ///< null: all weigh the same

    operator double() const {
      detail::require(each == nullptr,
                      "a metric takes one weight for a column where the data have one for each number; "
                      "let it take a const Metric::Weight&, whose weight[i] is that of number i");
      return mean;
    }
    double operator[](Index i) const { return each ? std::abs(each[i]) : mean; }
  };

  /// Its name in messages, in the history and for FitOptions::best_by; without commas, quotes and line breaks.
  std::string name;
  bool higher_is_better;  ///< what FitOptions::best_by keeps
  /// add(y, target, weight, sums): adds a column with a weight above 0. At the first one `sums` is empty: give it its
  /// size.
  std::function<void(const Column&, const Column&, const Weight&, Matrix<double>&)> add;
  /// value(sums): the number, from sums that at least one column was added to.
  std::function<double(const Matrix<double>&)> value;
};

/// Metrics of data that come batch by batch.
class Measures {
 public:
  Measures() = default;
  /// Takes the metrics over; nothing is added yet. Throws std::invalid_argument where a name is not as Metric::name
  /// says, or is that of another metric or of a column of History, and where a function is missing.
  explicit Measures(std::vector<Metric> metrics) : metrics_(std::move(metrics)), sums_(metrics_.size()) {
    std::set<std::string> names;
    for (const Metric& metric : metrics_) {
      detail::require(!metric.name.empty() && metric.name.find_first_of(",\"\r\n") == std::string::npos,
                      "a metric is called '", metric.name, "', expected a name without commas, quotes and line breaks");
      detail::require(names.insert(metric.name).second, "two metrics are called '", metric.name, "'");
      for (const char* column : {"epoch", "loss", "validation_loss", "learning_rate", "clipped", "skipped"})
        detail::require(metric.name != column, "a metric is called '", column, "', as a column of the history is");
      detail::require(metric.add != nullptr && metric.value != nullptr, "the metric '", metric.name,
                      "' has no add or no value");
    }
  }

  /// Adds the columns that count: those within the sequences, by their weights. Throws std::invalid_argument where
  /// target or weights do not fit, and what the metrics throw.
  template <class Y, class Target>
  void add(const Eigen::DenseBase<Y>& y, const Eigen::DenseBase<Target>& target, const Batch& batch = {},
           const std::vector<double>& weights = {}) {
    if (metrics_.empty()) return;
    detail::require(target.cols() == y.cols(), "a metric: target has ", target.cols(), " columns, expected ", y.cols(),
                    " as y");
    const detail::ColumnWeights columns(batch, weights, target.rows(), target.cols());
    columns.require_fit("a metric", true, true);
    for (Index j = 0; j < y.cols(); ++j) {
      if (!columns.used(j)) continue;
      const Metric::Column of_y = y.col(j).template cast<double>(), wanted = target.col(j).template cast<double>();
      const double* each = columns.elements(j);
      const auto add_size = [](double sum, double weight) { return sum + std::abs(weight); };
      const double mean =
          each ? std::accumulate(each, each + wanted.size(), 0.0, add_size) / static_cast<double>(wanted.size())
               : std::abs(columns[j]);
      const Metric::Weight weight{mean, each};
      for (std::size_t k = 0; k < metrics_.size(); ++k) metrics_[k].add(of_y, wanted, weight, sums_[k]);
    }
  }

  /// The number of each metric by its name; NaN where no column counted.
  std::map<std::string, double> values() const {
    std::map<std::string, double> result;
    for (std::size_t k = 0; k < metrics_.size(); ++k)
      result[metrics_[k].name] =
          sums_[k].size() == 0 ? std::numeric_limits<double>::quiet_NaN() : metrics_[k].value(sums_[k]);
    return result;
  }

  /// Whether a column was added, or none is needed.
  bool measured() const { return sums_.empty() || sums_[0].size() > 0; }

  /// What the k-th metric summed: the matrix of `confusion_matrix`.
  const Matrix<double>& sums(std::size_t k) const { return sums_[k]; }

 private:
  std::vector<Metric> metrics_;
  std::vector<Matrix<double>> sums_;
};

}  // namespace unroll::inline UNROLL_TARGET
