#pragma once

#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include "unroll/losses/loss.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

/// Whether L is called as l(y, target, d_y, more...).
template <class L, class Scalar, class... More>
inline constexpr bool is_loss_function = std::is_invocable_r_v<double, const L&, const Input<Scalar>&,
                                                               const Input<Scalar>&, Matrix<Scalar>&, const More&...>;

}  // namespace detail

/// A function of your own as a loss: f(y, target, d_y) returns the loss and leaves dL/dy in d_y, which has y's shape.
/// `fit` and `evaluate` take such a function as it is.
///
///   const auto cubes = [](const auto& y, const auto& target, auto& d_y) -> double {
///     const auto error = (y - target).array().eval();
///     d_y = 3 * error.square() * error.sign() / static_cast<float>(y.size());
///     return error.abs().cube().mean();
///   };
///
/// At first d_y is full of zeros, so += will do. If the loss is not 0 and nothing was written to d_y, its slopes were
/// forgotten: std::invalid_argument is thrown. Where a loss is flat, it writes zeros: `d_y.setZero()`.
///
/// Of a ragged batch the function sees only the columns within the sequences, side by side. Neighbouring columns are
/// steps of different samples. So a loss that looks from step to step takes the batch too: f(y, target, d_y, batch).
/// Such a loss sees all columns; what it leaves in d_y past a sequence's end does not count.
///
/// Data with weights are refused, unless the function takes them too: f(y, target, d_y, batch, weights). They are a
/// std::vector<double> with a number for each column, step or number of the target, as Loss says, or an empty one. The
/// loss is then the mean by the weights over what is within the sequences. Where all weights are 0 the function is not
/// called: loss and slopes are 0.
template <class F>
class FunctionLoss {
 public:
  /// Takes the function over.
  explicit FunctionLoss(F function) : function_(std::move(function)) {}

  /// Calls the function on the columns within the sequences, and leaves zeros in the other columns of `d_y`.
  template <class Y>
  double operator()(const Eigen::DenseBase<Y>& y, const Input<typename Y::Scalar>& target,
                    Matrix<typename Y::Scalar>& d_y, const Batch& batch = {},
                    const std::vector<double>& weights = {}) const {
    using Scalar = typename Y::Scalar;
    const Input<Scalar> values(y.derived());
    const double counted = count(takes_weights<Scalar> ? target : values, batch, weights);
    Index active = 0;
    for (Index j = 0; j < values.cols(); ++j) active += batch.active(j, values.cols()) ? 1 : 0;
    detail::require(target.cols() == values.cols() || active == values.cols(), "a loss of your own: target has ",
                    target.cols(), " columns, y has ", values.cols(), " of sequences of different lengths");
    if (counted == 0) {
      detail::resize_to_zeros(d_y, values.rows(), values.cols());
      return 0;
    }
    if (active == values.cols()) return call(values, target, d_y, batch, weights);
    if constexpr (takes_weights<Scalar> || takes_batch<Scalar>) {
      const double loss = call(values, target, d_y, batch, weights);
      for (Index j = 0; j < values.cols(); ++j)
        if (!batch.active(j, values.cols())) d_y.col(j).setZero();
      return loss;
    }

    Matrix<Scalar> some(values.rows(), active), of_some(target.rows(), active), d_some;
    const auto for_each = [&](auto copy) {
      for (Index j = 0, k = 0; j < values.cols(); ++j)
        if (batch.active(j, values.cols())) copy(j, k++);
    };
    for_each([&](Index j, Index k) {
      some.col(k) = values.col(j);
      of_some.col(k) = target.col(j);
    });
    const double loss = call(Input<Scalar>(some), Input<Scalar>(of_some), d_some, batch, weights);
    detail::resize_to_zeros(d_y, values.rows(), values.cols());
    for_each([&](Index j, Index k) { d_y.col(j) = d_some.col(k); });
    return loss;
  }

  /// The weight of this batch's loss in a mean over batches: the number of columns within the sequences, or the sum of
  /// their weights where the function takes them. Throws std::invalid_argument for weights that do not fit, or that the
  /// function does not take.
  template <class Target>
  double count(const Eigen::DenseBase<Target>& target, const Batch& batch = {},
               const std::vector<double>& weights = {}) const {
    constexpr const char* name = "a loss of your own";
    const detail::ColumnWeights columns(batch, weights, target.rows(), target.cols());
    detail::require(takes_weights<typename Target::Scalar> || weights.empty(), name, " that takes no weights has got ",
                    weights.size());
    columns.require_fit(name, true, false);
    double sum = 0;
    for (Index j = 0; j < target.cols(); ++j)
      if (columns.active(j)) sum += columns[j];
    return sum;
  }

 private:
  template <class Scalar>
  static constexpr bool takes_batch = detail::is_loss_function<F, Scalar, Batch>;
  template <class Scalar>
  static constexpr bool takes_weights = detail::is_loss_function<F, Scalar, Batch, std::vector<double>>;

  template <class Scalar>
  double call(const Input<Scalar>& y, const Input<Scalar>& target, Matrix<Scalar>& d_y,
              [[maybe_unused]] const Batch& batch, [[maybe_unused]] const std::vector<double>& weights) const {
    // A negative zero adds up like zero, and shows which numbers nobody wrote.
    Matrix<Scalar> slopes = Matrix<Scalar>::Constant(y.rows(), y.cols(), -Scalar(0));
    const auto untouched = [](Scalar slope) { return slope == 0 && std::signbit(slope); };
    double loss;
    if constexpr (takes_weights<Scalar>)
      loss = function_(y, target, slopes, batch, weights);
    else if constexpr (takes_batch<Scalar>)
      loss = function_(y, target, slopes, batch);
    else
      loss = function_(y, target, slopes);
    detail::require(slopes.rows() == y.rows() && slopes.cols() == y.cols(), "a loss of your own left a d_y of ",
                    slopes.rows(), " x ", slopes.cols(), ", expected ", y.rows(), " x ", y.cols());
    detail::require(loss == 0 || slopes.size() == 0 || !slopes.unaryExpr(untouched).all(), "a loss of your own is ",
                    loss, " and wrote no slopes to its third argument, not even zeros");
    d_y = std::move(slopes);
    return loss;
  }

  F function_;
};

namespace detail {

/// What fit and evaluate call: a loss with a count as it is, a function as a FunctionLoss.
template <class Scalar, class L>
decltype(auto) as_loss(const L& loss) {
  if constexpr (requires(const Input<Scalar>& y) { loss.count(y, Batch(), std::vector<double>()); })
    return (loss);
  else
    return FunctionLoss<L>(loss);
}

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
