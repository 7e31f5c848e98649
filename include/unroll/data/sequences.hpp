#pragma once

#include "unroll/data/example.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Sequences of any lengths and their targets, in batches of `batch_size`; the last may be smaller.
///
/// x[n] is I x T_n. target[n] is O x T_n, or O x 1 for models with a read-out. weights[n], if given, is 1 x the
/// target's columns, or has the target's shape: a weight for each number, as `fill_gaps` returns them.
template <class Scalar_>
class Sequences {
 public:
  using Scalar = Scalar_;

  /// Takes the sequences over; `batch_size` is B. Throws std::invalid_argument for shapes that do not fit.
  Sequences(std::vector<Matrix<Scalar>> x, std::vector<Matrix<Scalar>> target, Index batch_size,
            std::vector<Matrix<Scalar>> weights = {})
      : x_(std::move(x)), target_(std::move(target)), weights_(std::move(weights)), batch_size_(batch_size) {
    using detail::require;
    require(!x_.empty(), "Sequences: there is none");
    require(x_.size() == target_.size(), "Sequences: ", target_.size(), " targets for ", x_.size(), " sequences");
    require(weights_.empty() || weights_.size() == x_.size(), "Sequences: ", weights_.size(), " weights for ",
            x_.size(), " sequences");
    require(batch_size_ >= 1, "Sequences: batch_size is ", batch_size_, ", expected at least 1");
    for (std::size_t n = 0; n < x_.size(); ++n) read_out_ = read_out_ || target_[n].cols() != x_[n].cols();
    for (std::size_t n = 0; n < x_.size(); ++n) {
      require(x_[n].cols() >= 1, "Sequences: sequence ", n, " is empty");
      require(x_[n].rows() == x_[0].rows(), "Sequences: sequence ", n, " has ", x_[n].rows(), " rows, sequence 0 has ",
              x_[0].rows());
      require(target_[n].rows() == target_[0].rows(), "Sequences: target ", n, " has ", target_[n].rows(),
              " rows, target 0 has ", target_[0].rows());
      require(!read_out_ || target_[n].cols() == 1, "Sequences: target ", n, " has ", target_[n].cols(),
              " columns, its sequence ", x_[n].cols(), "; expected as many, or 1 in every target");
      if (weights_.empty()) continue;
      require((weights_[n].rows() == 1 || weights_[n].rows() == target_[n].rows()) &&
                  weights_[n].rows() == weights_[0].rows() && weights_[n].cols() == target_[n].cols(),
              "Sequences: weights ", n, " are ", weights_[n].rows(), " x ", weights_[n].cols(), ", expected 1 x ",
              target_[n].cols(), target_[n].rows() > 1 ? detail::text(", or ", target_[n].rows(), " rows in all") : "");
    }
    batch_size_ = (std::min)(batch_size_, size());  // sums with it stay numbers
  }

  /// The number of sequences.
  Index size() const { return static_cast<Index>(x_.size()); }
  /// The number of batches an epoch.
  Index batches() const { return (size() + batch_size_ - 1) / batch_size_; }
  /// The sequences' numbers, shuffled where there is a seed.
  std::vector<Index> order(std::optional<std::uint64_t> seed) const { return shuffled(size(), seed); }

  /// The k-th batch, padded with zeros to its longest sequence.
  Example<Scalar> example(Index k, const std::vector<Index>& order) const {
    const Index first = k * batch_size_, count = (std::min)(batch_size_, size() - first);
    std::vector<std::size_t> chosen;
    Example<Scalar> result;
    result.batch.size = count;
    Index longest = 0;
    bool ragged = false;
    for (Index b = 0; b < count; ++b) {
      chosen.push_back(static_cast<std::size_t>(order[static_cast<std::size_t>(first + b)]));
      const Index length = x_[chosen.back()].cols();
      ragged = ragged || length != x_[chosen[0]].cols();
      longest = (std::max)(longest, length);
      result.batch.lengths.push_back(length);
    }
    if (!ragged) result.batch.lengths.clear();
    result.x = side_by_side(x_, chosen, longest);
    result.target = side_by_side(target_, chosen, read_out_ ? 1 : longest);
    if (weights_.empty()) return result;
    const Matrix<Scalar> weights = side_by_side(weights_, chosen, read_out_ ? 1 : longest);
    result.weights.assign(weights.data(), weights.data() + weights.size());
    return result;
  }

 private:
  static Matrix<Scalar> side_by_side(const std::vector<Matrix<Scalar>>& all, const std::vector<std::size_t>& chosen,
                                     Index steps) {
    const Index count = static_cast<Index>(chosen.size());
    Matrix<Scalar> result = Matrix<Scalar>::Zero(all[0].rows(), steps * count);
    for (Index b = 0; b < count; ++b) {
      const Matrix<Scalar>& one = all[chosen[static_cast<std::size_t>(b)]];
      for (Index t = 0; t < one.cols(); ++t) result.col(t * count + b) = one.col(t);
    }
    return result;
  }

  std::vector<Matrix<Scalar>> x_, target_, weights_;
  Index batch_size_;
  bool read_out_ = false;
};

/// Each row of a matrix as a series of its own, 1 x T.
template <class Scalar>
std::vector<Matrix<Scalar>> rows_as_series(const Matrix<Scalar>& matrix) {
  std::vector<Matrix<Scalar>> series;
  for (Index i = 0; i < matrix.rows(); ++i) series.push_back(matrix.row(i));
  return series;
}

/// Windows of `length` columns of one long series, each `stride` columns after the one before. Throws
/// std::invalid_argument for a length that is below 1 or beyond the series, or a stride below 1.
template <class Scalar>
std::vector<Matrix<Scalar>> sliding_windows(const Matrix<Scalar>& series, Index length, Index stride = 1) {
  detail::require(length >= 1 && length <= series.cols() && stride >= 1, "sliding_windows: length ", length,
                  " and stride ", stride, " in a series of ", series.cols(), " columns");
  std::vector<Matrix<Scalar>> windows;
  for (Index from = 0; from + length <= series.cols(); from += (std::min)(stride, series.cols()))
    windows.push_back(series.middleCols(from, length));
  return windows;
}

}  // namespace unroll::inline UNROLL_TARGET
