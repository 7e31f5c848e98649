#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <limits>

#if !EIGEN_VERSION_AT_LEAST(3, 4, 0)
#error "unroll: Eigen 3.4.0 or newer is needed"
#endif
#if defined(__FAST_MATH__) && !defined(UNROLL_ALLOW_FAST_MATH)
#error "unroll: -ffast-math removes the NaN checks; drop it or define UNROLL_ALLOW_FAST_MATH"
#endif

/// Recurrent networks on Eigen matrices.
///
/// Letters used everywhere: I input size, H hidden size, O output size, B batch, T steps, G gates, N states.
/// Features are rows; a column is one step of one sample, in time-major blocks: X is I x (T*B), column t*B + b.
namespace unroll {

using Eigen::Dynamic;
using Eigen::Index;

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic>;

template <class Scalar>
using Vector = Eigen::Matrix<Scalar, Dynamic, 1>;

namespace detail {

/// Tokens and classes are numbers of type Scalar: there must be fewer than this, 2^24 for float and 2^53 for double,
/// for from here on neighbours are one number.
template <class Scalar>
inline constexpr std::int64_t too_many_numbers = std::int64_t(1) << std::numeric_limits<Scalar>::digits;

}  // namespace detail

/// What a layer is given: any dense matrix or block of columns, not copied.
template <class Scalar>
using Input = Eigen::Ref<const Matrix<Scalar>>;

/// What a layer gives back: columns that its tape owns, valid until the tape's next use.
template <class Scalar>
using Output = Eigen::Map<const Matrix<Scalar>>;

}  // namespace unroll
