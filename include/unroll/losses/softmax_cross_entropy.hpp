#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "unroll/core/log_sum_exp.hpp"
#include "unroll/losses/loss.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The options of SoftmaxCrossEntropy.
struct SoftmaxCrossEntropyOptions {
  /// The share of each target that is spread evenly over all classes, 0 to 1 (Szegedy et al. 2016, section 7).
  double label_smoothing = 0;
  /// A weight of at least 0 for each class, because some are rare or matter more; empty: all 1. Columns of a class of
  /// weight 0 do not count.
  std::vector<double> class_weights = {};
};

namespace detail {

class SoftmaxCrossEntropyRule {
 public:
  static constexpr const char* name = "softmax_cross_entropy";
  static constexpr const char* target_text = ": a class for each column of y";
  static constexpr bool by_element = false;

  SoftmaxCrossEntropyRule() = default;
  explicit SoftmaxCrossEntropyRule(SoftmaxCrossEntropyOptions how) : options_(std::move(how)) {
    require(options_.label_smoothing >= 0 && options_.label_smoothing <= 1, name, ": label_smoothing is ",
            options_.label_smoothing, ", expected 0 to 1");
    for (const double weight : options_.class_weights)
      require(weight >= 0 && weight <= 1e300, name, ": a class weight is ", weight,
              ", expected a number of at least 0");
  }

  Index target_rows(Index rows) const {
    const Index given = static_cast<Index>(options_.class_weights.size());
    require(given == 0 || given == rows, name, ": y has ", rows, " rows, there are ", given, " class weights");
    return 1;
  }
  static Index terms(Index) { return 1; }

  template <class Scalar>
  static const char* problem(const Scalar* target, Index rows, const double*) {
    if (rows >= too_many_numbers<Scalar>)
      return "one of too many classes, expected fewer than 2^24 in float or 2^53 in double";
    const bool fits = *target >= 0 && *target < static_cast<Scalar>(rows) && *target == std::floor(*target);
    return fits ? nullptr
                : "no class, expected a whole number from 0 to one less than the rows of y; "
                  "a weight of 0 leaves a column out";
  }

  template <class Scalar>
  double weight(const Scalar* target) const {
    const std::vector<double>& of = options_.class_weights;
    if (of.empty()) return 1;
    if (!(*target >= 0 && *target < static_cast<Scalar>(of.size())))
      refuse({name, ": a target is ", *target, ", there are ", of.size(), " class weights"});
    return of[static_cast<std::size_t>(*target)];
  }

  template <class Scalar>
  double column(const Scalar* y, const Scalar* target, Index rows, Scalar* d, const double*) const {
    const LogSumExp sum = log_sum_exp(y, rows, d);
    const Index at = static_cast<Index>(*target);
    const double smoothing = options_.label_smoothing;
    if (smoothing == 0) {
      d[at] -= 1;
      return sum.surprise(y[at]);
    }
    // Class i has the share q_i of the target, before the column's weight: q_i = smoothing / rows w_i / w_at, and for
    // the target's own class 1 - smoothing more.
    double loss = 0, shares = 0;
    const auto share = [&](Index i) {
      const Scalar of = static_cast<Scalar>(i);
      return smoothing / static_cast<double>(rows) * weight(&of) / weight(target) + (i == at ? 1 - smoothing : 0);
    };
    for (Index i = 0; i < rows; ++i) {
      loss += share(i) * sum.surprise(y[i]);
      shares += share(i);
    }
    for (Index i = 0; i < rows; ++i) d[i] = static_cast<Scalar>(shares * static_cast<double>(d[i]) - share(i));
    return loss;
  }

 private:
  SoftmaxCrossEntropyOptions options_;
};

}  // namespace detail

/// SoftmaxCrossEntropy{{.label_smoothing = 0.1, .class_weights = {1, 5}}}: `softmax_cross_entropy` with options. Throws
/// std::invalid_argument where they make no sense.
using SoftmaxCrossEntropy = Loss<detail::SoftmaxCrossEntropyRule>;

/// The mean over the columns of -log softmax(y)[target], with the gradient (softmax(y) - onehot(target)) / n.
///
/// log sum e^y is computed as m + log sum e^(y - m), m = max y, which never overflows (Blanchard, Higham & Higham 2021,
/// equation 1.4). The target is 1 x (T*B): the class of each column, 0 to O - 1. With class weights, as in PyTorch, the
/// mean is weighted by those of the targets; columns of a class of weight 0 do not count, not even for smoothing. See
/// Loss for masks and weights.
inline const SoftmaxCrossEntropy softmax_cross_entropy;

}  // namespace unroll::inline UNROLL_TARGET
