#pragma once

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "unroll/core/error.hpp"
#include "unroll/engine/batch.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

/// The weights of a target's columns: as `weights` say, and 0 past a sequence's end.
class ColumnWeights {
 public:
  ColumnWeights(const Batch& batch, const std::vector<double>& weights, Index rows, Index columns)
      : batch_(batch), weights_(weights), rows_(rows), columns_(columns) {}

  /// Throws std::invalid_argument unless there is a weight for each column, step, or (`by_element`) number.
  void require_fit(const char* caller, bool by_element, bool with_sign) const {
    batch_.require_fits(caller, columns_);
    const Index steps = batch_.steps(columns_);
    require(size() == 0 || size() == columns_ || size() == steps || (by_element && size() == rows_ * columns_), caller,
            ": ", size(), " weights, expected one for each of ", columns_, " columns or of ", steps, " steps",
            by_element ? text(" or of ", rows_ * columns_, " numbers of the target") : std::string());
    for (const double weight : weights_)
      require((weight >= 0 || with_sign) && std::abs(weight) <= 1e300, caller, ": a weight is ", weight,
              with_sign ? ", expected a number" : ", expected a number of at least 0 (or with_signed_weights())");
  }

  bool active(Index j) const { return batch_.active(j, columns_); }

  /// The weights of the column's numbers; null where the column has one weight.
  const double* elements(Index j) const {
    return rows_ > 1 && size() == rows_ * columns_ ? weights_.data() + j * rows_ : nullptr;
  }

  /// The weight of an active column; the mean where its numbers have weights of their own.
  double operator[](Index j) const {
    if (weights_.empty()) return 1;
    if (const double* each = elements(j)) return std::accumulate(each, each + rows_, 0.0) / static_cast<double>(rows_);
    return weights_[static_cast<std::size_t>(size() == columns_ ? j : j / batch_.size)];
  }

  /// Whether something of the column counts.
  bool used(Index j) const {
    if (!active(j)) return false;
    if (const double* each = elements(j)) return !Vector<double>::Map(each, rows_).isZero(0);
    return (*this)[j] != 0;
  }

  /// "sample 1 at step 17"
  std::string place(Index j) const { return text("sample ", j % batch_.size, " at step ", j / batch_.size); }

 private:
  Index size() const { return static_cast<Index>(weights_.size()); }

  const Batch& batch_;
  const std::vector<double>& weights_;
  Index rows_, columns_;
};

}  // namespace detail

/// A loss, called like a function: its value, and its gradient in d_y.
///
///   L = sum_j w_j sum_i l(y_ij, target_ij) / (n sum_j w_j)
///
/// over the columns j that count, each with its n terms. Columns past a sequence's end do not count, and what y and the
/// target hold there is not used. `weights` has a number of at least 0 for each column, or for each step; without it
/// all are 1. Where every number of the target has its own term, `weights` may have one for each, in the order of the
/// target's memory, so that unknown numbers can be masked. Where nothing counts, the loss and its gradient are 0.
///
/// with_signed_weights() is the same loss for weights of either sign, such as the advantages of a policy gradient
/// (Williams 1992): the divisor is n times the number of columns that count, whatever their weights.
///
/// y may be any Eigen expression of matrices or arrays; d_y may be the matrix that y or the target is. Throws
/// std::invalid_argument for shapes, weights or targets that do not fit; `d_y` is then as it was.
///
/// The Rule computes one column of it:
///
///   name, target_text                       for messages: what a target is
///   target_rows(rows), terms(rows)          the rows of a target, and n, for y's rows
///   by_element                              whether numbers may have weights of their own; else `weights` is null
///   problem(target, rows, weights)          what is wrong with a column of targets; nullptr: nothing
///   column(y, target, rows, d, weights)     returns sum_i l and leaves dl/dy in d
///   weight(target)                          optional: a factor of the column's weight
template <class Rule>
class Loss : public Rule {
 public:
  using Rule::Rule;

  /// Returns L and leaves dL/dy in `d_y`, which is resized to y's shape and may be y's or the target's memory.
  template <class Y>
  double operator()(const Eigen::DenseBase<Y>& y, const Input<typename Y::Scalar>& target,
                    Matrix<typename Y::Scalar>& d_y, const Batch& batch = {},
                    const std::vector<double>& weights = {}) const {
    const Input<typename Y::Scalar> values(y.derived());
    if (!detail::overlap(values, d_y) && !detail::overlap(target, d_y)) return run(values, target, d_y, batch, weights);
    Matrix<typename Y::Scalar> apart;
    const double loss = run(values, target, apart, batch, weights);
    d_y = std::move(apart);
    return loss;
  }

  /// The same loss for weights of any sign: its mean is then taken over the number of the columns that count.
  Loss with_signed_weights() const {
    Loss result = *this;
    result.signed_weights_ = true;
    return result;
  }

  /// The weight of this batch's loss in a mean over batches: the sum of the weights of the columns that count, or their
  /// number where weights are signed. Throws std::invalid_argument for weights that do not fit.
  template <class Target>
  double count(const Eigen::DenseBase<Target>& target, const Batch& batch = {},
               const std::vector<double>& weights = {}) const {
    return count(Input<typename Target::Scalar>(target.derived()),
                 detail::ColumnWeights(batch, weights, target.rows(), target.cols()));
  }

 private:
  template <class Scalar>
  double run(const Input<Scalar>& y, const Input<Scalar>& target, Matrix<Scalar>& d_y, const Batch& batch,
             const std::vector<double>& weights) const {
    const detail::ColumnWeights columns(batch, weights, target.rows(), y.cols());
    require(y, target, columns);
    const double total = count(target, columns) * static_cast<double>(Rule::terms(y.rows()));
    detail::resize(d_y, y.rows(), y.cols());
    double sum = 0;
    std::vector<double> shares;  // of numbers with weights in the mean: a weight may be too small or large for a float
    for (Index j = 0; j < y.cols(); ++j) {
      auto* const d = detail::column_of(d_y, j);
      const double* each = columns.elements(j);
      const double weight = total == 0 || !columns.used(j) ? 0 : each ? total : weight_of(columns, target, j);
      if (weight == 0) {
        std::fill_n(d, d_y.rows(), Scalar(0));
        continue;
      }
      if (each) {
        shares.assign(each, each + target.rows());
        for (double& share : shares) share /= total;
        each = shares.data();
      }
      sum += weight * Rule::column(detail::column_of(y, j), detail::column_of(target, j), y.rows(), d, each);
      const Scalar factor = static_cast<Scalar>(weight / total);
      for (Index i = 0; i < y.rows(); ++i) d[i] *= factor;
    }
    return total == 0 ? 0 : sum / total;
  }

  template <class Scalar>
  double count(const Input<Scalar>& target, const detail::ColumnWeights& columns) const {
    columns.require_fit(Rule::name, Rule::by_element, signed_weights_);
    double sum = 0;
    for (Index j = 0; j < target.cols(); ++j)
      if (columns.active(j)) sum += signed_weights_ ? 1 : weight_of(columns, target, j);
    return sum;
  }

  /// The weight of an active column.
  template <class Scalar>
  double weight_of(const detail::ColumnWeights& columns, const Input<Scalar>& target, Index j) const {
    const double weight = columns[j];
    if constexpr (requires { Rule::weight(target.data()); })
      return weight == 0 ? 0 : weight * Rule::weight(detail::column_of(target, j));
    else
      return weight;
  }

  template <class Scalar>
  void require(const Input<Scalar>& y, const Input<Scalar>& target, const detail::ColumnWeights& columns) const {
    const Index rows = Rule::target_rows(y.rows());
    detail::require(target.rows() == rows && target.cols() == y.cols(), Rule::name, ": target is ", target.rows(),
                    " x ", target.cols(), ", expected ", rows, " x ", y.cols(), Rule::target_text);
    detail::require(y.size() > 0, Rule::name, ": y is empty");
    columns.require_fit(Rule::name, Rule::by_element, signed_weights_);
    for (Index j = 0; j < y.cols(); ++j) {
      if (!columns.used(j)) continue;
      if (const char* problem = Rule::problem(detail::column_of(target, j), y.rows(), columns.elements(j)))
        detail::refuse({Rule::name, ": the target of ", columns.place(j), " is ",
                        rows == 1 ? detail::text(target(0, j), ", ") : "", problem});
    }
  }

  bool signed_weights_ = false;
};

namespace detail {

/// The rule of a loss that is a sum over the numbers of a column: `term(y, target, d)` returns l and leaves dl/dy in d;
/// `problem(target)` is optional.
template <class Term>
class Pointwise : public Term {
 public:
  using Term::Term;
  static constexpr const char* target_text = " as y";
  static constexpr bool by_element = true;

  static Index target_rows(Index rows) { return rows; }
  static Index terms(Index rows) { return rows; }

  template <class Scalar>
  static const char* problem(const Scalar* target, Index rows, const double* weights) {
    if constexpr (requires { Term::problem(*target); })
      for (Index i = 0; i < rows; ++i)
        if (const char* found = weights && weights[i] == 0 ? nullptr : Term::problem(target[i])) return found;
    return nullptr;
  }

  template <class Scalar>
  double column(const Scalar* y, const Scalar* target, Index rows, Scalar* d, const double* weights) const {
    double sum = 0;
    for (Index i = 0; i < rows; ++i) {
      const double weight = weights ? weights[i] : 1;
      d[i] = 0;
      if (weight == 0) continue;
      sum += weight * Term::term(y[i], target[i], d[i]);
      if (weights) d[i] *= static_cast<Scalar>(weight);
    }
    return sum;
  }
};

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
