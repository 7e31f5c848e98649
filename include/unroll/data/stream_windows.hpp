#pragma once

#include <algorithm>

#include "unroll/data/example.hpp"

namespace unroll::inline UNROLL_TARGET {

/// One long series cut into parallel streams, which are read side by side in consecutive windows. Each window starts
/// from the state that the one before left: truncated back-propagation over the whole series (Mikolov et al. 2010,
/// section 2).
///
/// x is I x L, target O x L; weights of the loss, if given, are 1 x L or O x L. Stream b holds the columns from b * (L
/// / streams) on; the rest of L / streams is left out, and the last window may be shorter. Throws std::invalid_argument
/// where that leaves nothing.
///
/// Several recordings can be one series, one after the other: `starts` are the columns where another one begins, and
/// the state begins anew there (Batch::resets).
template <class Scalar_>
class StreamWindows {
 public:
  using Scalar = Scalar_;

  /// Takes the series over; `streams` is B, `window` the steps T of an example.
  StreamWindows(Matrix<Scalar> x, Matrix<Scalar> target, Index streams, Index window, Matrix<Scalar> weights = {},
                const std::vector<Index>& starts = {})
      : x_(std::move(x)), target_(std::move(target)), weights_(std::move(weights)), streams_(streams), window_(window) {
    detail::require(x_.cols() == target_.cols(), "StreamWindows: target has ", target_.cols(), " columns, expected ",
                    x_.cols(), " as x");
    detail::require(weights_.size() == 0 ||
                        ((weights_.rows() == 1 || weights_.rows() == target_.rows()) && weights_.cols() == x_.cols()),
                    "StreamWindows: weights are ", weights_.rows(), " x ", weights_.cols(), ", expected 1 x ",
                    x_.cols(), target_.rows() > 1 ? detail::text(" or ", target_.rows(), " x ", x_.cols()) : "");
    detail::require(streams_ >= 1 && streams_ <= x_.cols(), "StreamWindows: ", streams_, " streams of a series of ",
                    x_.cols(), " columns",
                    x_.cols() == 1 && x_.rows() > 1 ? detail::text("; x is ", x_.rows(), " x 1, transposed?") : "");
    detail::require(window_ >= 1, "StreamWindows: window is ", window_, ", expected at least 1");
    window_ = (std::min)(window_, length());  // sums with it stay numbers
    if (!starts.empty()) starts_.resize(static_cast<std::size_t>(x_.cols()));
    for (const Index column : starts) {
      detail::require(column >= 0 && column < x_.cols(), "StreamWindows: a start is column ", column,
                      ", the series has ", x_.cols());
      starts_[static_cast<std::size_t>(column)] = true;
    }
  }

  /// The number of windows an epoch.
  Index batches() const { return (length() + window_ - 1) / window_; }

  /// Empty: the windows have one order only, that of time.
  std::vector<Index> order(std::optional<std::uint64_t>) const { return {}; }

  /// The k-th window of every stream, I x (T*B); the last may be shorter.
  Example<Scalar> example(Index k, const std::vector<Index>&) const {
    const Index first = k * window_, steps = (std::min)(window_, length() - first);
    Example<Scalar> result;
    result.batch.size = streams_;
    result.batch.continues = k > 0;
    result.x.resize(x_.rows(), steps * streams_);
    result.target.resize(target_.rows(), steps * streams_);
    for (Index t = 0; t < steps; ++t)
      for (Index b = 0; b < streams_; ++b) {
        const Index from = b * length() + first + t;
        std::copy_n(detail::column_of(x_, from), x_.rows(), detail::column_of(result.x, t * streams_ + b));
        std::copy_n(detail::column_of(target_, from), target_.rows(),
                    detail::column_of(result.target, t * streams_ + b));
        if (weights_.size() != 0)
          for (const Scalar weight : weights_.col(from)) result.weights.push_back(static_cast<double>(weight));
        if (!starts_.empty()) result.batch.resets.push_back(starts_[static_cast<std::size_t>(from)]);
      }
    return result;
  }

 private:
  Index length() const { return x_.cols() / streams_; }

  Matrix<Scalar> x_, target_, weights_;
  Index streams_, window_;
  std::vector<bool> starts_;  // of each column; empty: none
};

}  // namespace unroll::inline UNROLL_TARGET
