#pragma once

#include <cmath>

#include "unroll/core/error.hpp"
#include "unroll/core/types.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Replaces each NaN of a series, I x T, by the last number before it in its row. NaNs before the first number are
/// replaced by that number; only these are filled from the future. Returns what was known, in the series' shape: 1 for
/// a number, 0 for a gap. It can serve as weights of a loss or as rows of x. Throws std::invalid_argument for a row
/// without a number.
template <class Scalar>
Matrix<Scalar> fill_gaps(Matrix<Scalar>& series) {
  Matrix<Scalar> known = series.unaryExpr([](Scalar value) { return Scalar(std::isnan(value) ? 0 : 1); });
  for (Index i = 0; i < series.rows(); ++i)
    detail::require(!known.row(i).isZero(0), "fill_gaps: row ", i, " has no number in ", series.cols(), " columns");
  for (Index i = 0; i < series.rows(); ++i) {
    Index first = 0;
    while (known(i, first) == 0) ++first;
    Scalar last = series(i, first);
    for (Index t = 0; t < series.cols(); ++t) last = series(i, t) = known(i, t) != 0 ? series(i, t) : last;
  }
  return known;
}

}  // namespace unroll::inline UNROLL_TARGET
