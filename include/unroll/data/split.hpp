#pragma once

#include <cmath>

#include "unroll/core/error.hpp"
#include "unroll/core/types.hpp"

namespace unroll {

/// What comes first is learned from, what comes next chooses among models, what comes last is the test.
template <class Scalar>
struct Split {
  Matrix<Scalar> training, validation, test;
};

/// Splits the steps of x, I x (T*B), by time: the last `test` of them, before those `validation`, before those
/// training; both are shares of T from 0 on. Throws std::invalid_argument where no step is left to train on.
template <class Scalar>
Split<Scalar> split_by_time(const Matrix<Scalar>& x, double validation, double test, Index samples = 1) {
  detail::require(validation >= 0 && test >= 0 && validation + test < 1, "split_by_time: validation is ", validation,
                  " and test ", test, ", expected shares whose sum is less than 1");
  detail::require(samples >= 1 && x.cols() % samples == 0, "split_by_time: x has ", x.cols(),
                  " columns, expected a multiple of the batch size ", samples);
  const Index steps = x.cols() / samples;
  const auto share = [&](double part) { return static_cast<Index>(std::lround(part * static_cast<double>(steps))); };
  const Index last = share(test), middle = share(validation), first = steps - last - middle;
  detail::require(first >= 1, "split_by_time: of ", steps, " steps none is left to train on");
  return {x.leftCols(first * samples), x.middleCols(first * samples, middle * samples), x.rightCols(last * samples)};
}

}  // namespace unroll
