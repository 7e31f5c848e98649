#pragma once

#include <cmath>

#include "unroll/core/error.hpp"
#include "unroll/core/types.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A series in three parts, in the order of time; each is I x (its steps * B).
template <class Scalar>
struct Split {
  Matrix<Scalar> training;    ///< what the model learns from
  Matrix<Scalar> validation;  ///< what chooses among models, or says when to stop
  Matrix<Scalar> test;        ///< what judges the model that was chosen
};

namespace detail {

/// The first steps of the validation and of the test.
struct Cuts {
  Index validation, test;
};

/// Throws std::invalid_argument where no step is left to train on.
inline Cuts cut_by_time(Index steps, double validation, double test) {
  require(validation >= 0 && test >= 0 && validation + test < 1, "split_by_time: validation is ", validation,
          " and test ", test, ", expected shares whose sum is less than 1");
  const auto share = [&](double part) { return static_cast<Index>(std::round(part * static_cast<double>(steps))); };
  const Index last = steps - share(test), middle = last - share(validation);
  require(middle >= 1, "split_by_time: of ", steps, " steps none is left to train on");
  return {middle, last};
}

}  // namespace detail

/// Splits the steps of x, I x (T*B), by time: first the training part, then `validation`, last `test`. These two are
/// shares of T, at least 0; `samples` is B. Throws std::invalid_argument where a part that was asked for has no step.
template <class Scalar>
Split<Scalar> split_by_time(const Matrix<Scalar>& x, double validation, double test, Index samples = 1) {
  detail::require(samples >= 1 && x.cols() % samples == 0, "split_by_time: x has ", x.cols(),
                  " columns, expected a multiple of the batch size ", samples);
  const Index steps = x.cols() / samples;
  const auto cuts = detail::cut_by_time(steps, validation, test);
  const Index middle = cuts.test - cuts.validation, last = steps - cuts.test;
  detail::require((validation == 0 || middle > 0) && (test == 0 || last > 0), "split_by_time: of ", steps,
                  " steps (columns of x) none is left for the validation, ", validation, ", or the test, ", test);
  return {x.leftCols(cuts.validation * samples), x.middleCols(cuts.validation * samples, middle * samples),
          x.rightCols(last * samples)};
}

}  // namespace unroll::inline UNROLL_TARGET
