#pragma once

#include <cmath>

#include "unroll/losses/softmax_cross_entropy.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

struct KlDivergenceRule {
  static constexpr const char* name = "kl_divergence";
  static constexpr const char* target_text = " as y";
  static constexpr bool by_element = false;

  static Index target_rows(Index rows) { return rows; }
  static Index terms(Index) { return 1; }

  template <class Scalar>
  static const char* problem(const Scalar* target, Index rows, const double*) {
    double sum = 0;
    for (Index i = 0; i < rows; ++i) {
      if (!(target[i] >= 0)) return "no distribution: a probability is not at least 0";
      sum += static_cast<double>(target[i]);
    }
    return std::abs(sum - 1) <= 1e-3 ? nullptr : "no distribution: its probabilities do not sum to 1";
  }

  template <class Scalar>
  static double column(const Scalar* y, const Scalar* target, Index rows, Scalar* d, const double*) {
    const LogSumExp log_sum = log_sum_exp(y, rows, d);
    double loss = 0, sum = 0;
    for (Index i = 0; i < rows; ++i) {
      const double p = static_cast<double>(target[i]);
      sum += p;
      if (p > 0) loss += p * (std::log(p) + log_sum.surprise(y[i]));
    }
    for (Index i = 0; i < rows; ++i)
      d[i] = static_cast<Scalar>(sum * static_cast<double>(d[i]) - static_cast<double>(target[i]));
    return loss;
  }
};

}  // namespace detail

/// The type of `kl_divergence`.
using KlDivergence = Loss<detail::KlDivergenceRule>;

/// The mean over the columns of sum_i target_i (log target_i - log softmax(y)_i) (Kullback & Leibler 1951), with the
/// gradient (softmax(y) - target) / n. A network can learn the soft targets of another one with it (Hinton, Vinyals &
/// Dean 2015).
///
/// The target is a distribution over y's rows for each column. See Loss for masks and weights.
inline constexpr KlDivergence kl_divergence;

}  // namespace unroll::inline UNROLL_TARGET
