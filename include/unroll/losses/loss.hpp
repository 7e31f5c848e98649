#pragma once

#include <cmath>
#include <type_traits>
#include <vector>

#include "unroll/core/error.hpp"
#include "unroll/engine/batch.hpp"

namespace unroll {

/// A loss, called like a function: its value, and its gradient in d_y.
///
///   L = sum_j w_j sum_i l(y_ij, target_ij) / (n sum_j w_j)
///
/// over the columns j that count, each with its n terms. Columns past a sequence's end count nothing, and what y and
/// the target hold there is not used. `weights` has a number of at least 0 for each column, or for each step; without
/// it all are 1. Where nothing counts, the loss and its gradient are 0.
///
/// with_signed_weights() is the same loss for weights of either sign, as the advantages of a policy gradient are
/// (Williams 1992): the divisor is n times the number of columns that count, whatever their weights.
///
/// Throws std::invalid_argument for shapes, weights or targets that do not fit; `d_y` is then as it was.
///
/// The Rule is one column of it:
///
///   name, target_rows(rows), terms(rows)          the shape of a target, and n
///   problem(target, rows)                         what is wrong with a column of targets; nullptr: nothing
///   column(y, target, rows, d)                    returns sum_i l and leaves dl/dy in d
template <class Rule>
class Loss : public Rule {
 public:
  using Rule::Rule;

  template <class Scalar>
  double operator()(const Output<Scalar>& y, const Input<std::type_identity_t<Scalar>>& target, Matrix<Scalar>& d_y,
                    const Batch& batch = {}, const std::vector<double>& weights = {}) const {
    const double total = require(y, target, batch, weights) * static_cast<double>(Rule::terms(y.rows()));
    d_y.resize(y.rows(), y.cols());
    double sum = 0;
    for (Index j = 0; j < y.cols(); ++j) {
      const double weight = weight_of(j, y.cols(), batch, weights);
      if (weight == 0) {
        d_y.col(j).setZero();
        continue;
      }
      sum += weight * Rule::column(y.data() + j * y.rows(), target.data() + j * target.outerStride(), y.rows(),
                                   d_y.data() + j * y.rows());
      d_y.col(j) *= static_cast<Scalar>(weight / total);
    }
    return total == 0 ? 0 : sum / total;
  }

  Loss with_signed_weights() const {
    Loss result = *this;
    result.signed_weights_ = true;
    return result;
  }

  /// The sum of the weights of the columns that count, or their number where weights are signed: what a mean over
  /// batches weighs this batch's loss with.
  double count(Index columns, const Batch& batch = {}, const std::vector<double>& weights = {}) const {
    if (signed_weights_ && !weights.empty()) return count(columns, batch);
    double sum = 0;
    for (Index j = 0; j < columns; ++j) sum += weight_of(j, columns, batch, weights);
    return sum;
  }

 private:
  static double weight_of(Index j, Index columns, const Batch& batch, const std::vector<double>& weights) {
    const Index t = j / batch.size;
    if (!batch.active(t, j % batch.size, batch.steps(columns))) return 0;
    if (weights.empty()) return 1;
    return weights[static_cast<std::size_t>(static_cast<Index>(weights.size()) == columns ? j : t)];
  }

  /// Throws, or returns the count.
  template <class Scalar>
  double require(const Output<Scalar>& y, const Input<Scalar>& target, const Batch& batch,
                 const std::vector<double>& weights) const {
    const Index rows = Rule::target_rows(y.rows());
    detail::require(target.rows() == rows && target.cols() == y.cols(), Rule::name, ": target is ", target.rows(),
                    " x ", target.cols(), ", expected ", rows, " x ", y.cols(),
                    rows == y.rows() ? " as y" : ": a class for each column of y");
    detail::require(y.size() > 0, Rule::name, ": y is empty");
    batch.require_fits(Rule::name, y.cols());
    const Index given = static_cast<Index>(weights.size()), steps = batch.steps(y.cols());
    detail::require(given == 0 || given == y.cols() || given == steps, Rule::name, ": ", given,
                    " weights, expected one for each of ", y.cols(), " columns or of ", steps, " steps");
    for (const double weight : weights)
      detail::require(
          (weight >= 0 || signed_weights_) && std::abs(weight) <= 1e300, Rule::name, ": a weight is ", weight,
          signed_weights_ ? ", expected a number" : ", expected a number of at least 0 (or with_signed_weights())");
    for (Index j = 0; j < y.cols(); ++j) {
      if (weight_of(j, y.cols(), batch, weights) == 0) continue;
      const char* problem = Rule::problem(target.data() + j * target.outerStride(), y.rows());
      detail::require(problem == nullptr, Rule::name, ": the target of sample ", j % batch.size, " at step ",
                      j / batch.size, " is ", problem ? problem : "");
    }
    return count(y.cols(), batch, weights);
  }

  bool signed_weights_ = false;
};

namespace detail {

/// The rule of a loss that is a sum over the numbers of a column: `term(y, target, d)` returns l and leaves dl/dy in d.
template <class Term>
class Pointwise : public Term {
 public:
  using Term::Term;

  static Index target_rows(Index rows) { return rows; }
  static Index terms(Index rows) { return rows; }

  template <class Scalar>
  static const char* problem(const Scalar* target, Index rows) {
    if constexpr (requires { Term::problem(*target); })
      for (Index i = 0; i < rows; ++i)
        if (const char* found = Term::problem(target[i])) return found;
    return nullptr;
  }

  template <class Scalar>
  double column(const Scalar* y, const Scalar* target, Index rows, Scalar* d) const {
    double sum = 0;
    for (Index i = 0; i < rows; ++i) sum += Term::term(y[i], target[i], d[i]);
    return sum;
  }
};

}  // namespace detail

}  // namespace unroll
