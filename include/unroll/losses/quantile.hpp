#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "unroll/losses/loss.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

class QuantileRule {
 public:
  static constexpr const char* name = "quantile";
  static constexpr const char* target_text = ": a row for the rows of y that are its quantiles";
  static constexpr bool by_element = true;

  explicit QuantileRule(std::vector<double> levels) : levels_(std::move(levels)) {
    require(!levels_.empty(), "quantile: there is no level");
    for (const double level : levels_)
      require(level > 0 && level < 1, "quantile: a level is ", level, ", expected between 0 and 1");
  }

  Index target_rows(Index rows) const {
    require(rows % count() == 0, "quantile: y has ", rows, " rows, expected a multiple of the ", count(), " levels");
    return rows / count();
  }
  static Index terms(Index rows) { return rows; }

  template <class Scalar>
  static const char* problem(const Scalar*, Index, const double*) {
    return nullptr;
  }

  template <class Scalar>
  double column(const Scalar* y, const Scalar* target, Index rows, Scalar* d, const double* weights) const {
    const Index targets = rows / count();
    double sum = 0;
    for (Index i = 0; i < rows; ++i) {
      const double weight = weights ? weights[i % targets] : 1;
      d[i] = 0;
      if (weight == 0) continue;
      const double level = levels_[static_cast<std::size_t>(i / targets)];
      const double error = static_cast<double>(target[i % targets]) - static_cast<double>(y[i]);
      const double slope = error > 0 ? level : error < 0 ? level - 1 : 0 * error;  // NaN stays
      sum += weight * slope * error;
      d[i] = static_cast<Scalar>(-weight * slope);
    }
    return sum;
  }

 private:
  Index count() const { return static_cast<Index>(levels_.size()); }

  std::vector<double> levels_;
};

}  // namespace detail

/// Quantile{{0.1, 0.5, 0.9}}: the pinball loss (Koenker & Bassett 1978), which is least where y is that quantile of the
/// target. It is the mean of
///
///   q e where e > 0, (q - 1) e elsewhere, e = target - y     dl/dy = -q, 1 - q, or 0 where e = 0
///
/// The target is O x (T*B), y (Q O) x (T*B): O rows for the first level, O for the next. Throws std::invalid_argument
/// unless the levels are between 0 and 1. See Loss for masks and weights.
using Quantile = Loss<detail::QuantileRule>;

}  // namespace unroll::inline UNROLL_TARGET
