#pragma once

// Flags that would change numbers silently.
#if defined(__FAST_MATH__) || defined(_M_FP_FAST)
#error "unroll: -ffast-math (/fp:fast) makes numbers wrong and removes the checks for NaN; drop it"
#elif defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "unroll: -ffinite-math-only removes the checks for NaN; drop it"
#elif defined(__ASSOCIATIVE_MATH__)
#error "unroll: -fassociative-math, part of -funsafe-math-optimizations, makes numbers wrong; drop it"
#elif defined(__FLT_EVAL_METHOD__) && (__FLT_EVAL_METHOD__ == 2 || __FLT_EVAL_METHOD__ < 0)
#error "unroll: x87 arithmetic rounds elsewhere than the numbers' type does; compile with -msse2 -mfpmath=sse"
#elif (defined(__i386__) && !defined(__SSE2__)) || (defined(_M_IX86_FP) && _M_IX86_FP < 2)
#error "unroll: without SSE2 double is x87 arithmetic; compile with -msse2 -mfpmath=sse (/arch:SSE2)"
#endif
#ifdef EIGEN_NO_AUTOMATIC_RESIZING
#error "unroll: EIGEN_NO_AUTOMATIC_RESIZING lets assignments write past a matrix's end; do not define it"
#endif

#include <Eigen/Core>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "unroll/core/target.hpp"

#if !EIGEN_VERSION_AT_LEAST(3, 4, 0)
#error "unroll: Eigen 3.4.0 or newer is needed"
#endif
static_assert(sizeof(1.0) == sizeof(double), "unroll: -fsingle-precision-constant makes numbers wrong; drop it");

/// Recurrent networks on Eigen matrices.
///
/// Letters used everywhere: I input size, H hidden size, O output size, B batch, T steps, G gates, N states.
/// Features are rows; a column is one step of one sample, in time-major blocks: X is I x (T*B), column t*B + b.
namespace unroll::inline UNROLL_TARGET {

using Eigen::Dynamic;
using Eigen::Index;

/// A matrix in column-major order, of sizes at run time.
template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::ColMajor>;

/// A column of numbers.
template <class Scalar>
using Vector = Eigen::Matrix<Scalar, Dynamic, 1, Eigen::ColMajor>;

namespace detail {

/// Whether layers compute with numbers of this type.
template <class Scalar>
inline constexpr bool is_scalar = std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>;

/// Tokens and classes are numbers of type Scalar. There must be fewer than this, 2^24 for float and 2^53 for double,
/// because from here on neighbours are the same number.
template <class Scalar>
inline constexpr std::int64_t too_many_numbers = std::int64_t(1) << std::numeric_limits<Scalar>::digits;

/// The larger one, or NaN where one of them is NaN; std::max may lose it.
inline double larger_or_nan(double a, double b) { return a >= b || a != a ? a : b; }

}  // namespace detail

/// What a layer is given: any dense matrix or block of columns, not copied.
template <class Scalar>
using Input = Eigen::Ref<const Matrix<Scalar>>;

/// What a layer gives back: columns that its tape owns, valid until the tape's next use.
template <class Scalar>
using Output = Eigen::Map<const Matrix<Scalar>>;

}  // namespace unroll::inline UNROLL_TARGET
