#pragma once

#include <cmath>

#include "unroll/core/error.hpp"
#include "unroll/core/types.hpp"

namespace unroll {

/// A series in three parts, in the order of time; each is I x (its steps * B).
template <class Scalar>
struct Split {
  Matrix<Scalar> training;    ///< what the model learns from
  Matrix<Scalar> validation;  ///< what chooses among models, or says when to stop
  Matrix<Scalar> test;        ///< what judges the model that was chosen
};

/// Splits the steps of x, I x (T*B), by time: first the training part, then `validation`, last `test`. The two numbers
/// are shares of T from 0 on; `samples` is B. Throws std::invalid_argument where no step is left to train on.
template <class Scalar>
Split<Scalar> split_by_time(const Matrix<Scalar>& x, double validation, double test, Index samples = 1) {
  detail::require(validation >= 0 && test >= 0 && validation + test < 1, "split_by_time: validation is ", validation,
                  " and test ", test, ", expected shares whose sum is less than 1");
  detail::require(samples >= 1 && x.cols() % samples == 0, "split_by_time: x has ", x.cols(),
                  " columns, expected a multiple of the batch size ", samples);
  const Index steps = x.cols() / samples;
  const auto share = [&](double part) { return static_cast<Index>(std::round(part * static_cast<double>(steps))); };
  const Index last = share(test), middle = share(validation), first = steps - last - middle;
  detail::require(first >= 1, "split_by_time: of ", steps, " steps none is left to train on");
  return {x.leftCols(first * samples), x.middleCols(first * samples, middle * samples), x.rightCols(last * samples)};
}

}  // namespace unroll
