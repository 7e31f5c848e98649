#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "unroll/core/types.hpp"

/// Numbers side by side; `Pack` is made of them. Compilers of GNU's kind have vectors with the operators of numbers.
/// Others take Eigen's packets (vector_packets.hpp); so does GNU's kind with UNROLL_EIGEN_PACKETS, for tests. What the
/// operators lack is a function below. Its result is its first argument, because where a returned or passed wide vector
/// lies depends on the flags of its file.
#if (defined(__GNUC__) || defined(__clang__)) && !defined(UNROLL_EIGEN_PACKETS)

namespace unroll::inline UNROLL_TARGET::detail {

/// The bytes of the widest register that the compiler's flags allow.
inline constexpr int register_size = UNROLL_REGISTER_SIZE;

/// The lanes of the widest register.
template <class Scalar>
inline constexpr int widest = (std::max)(1, register_size / static_cast<int>(sizeof(Scalar)));
#if defined(__ARM_NEON) && !defined(__aarch64__)
template <>
inline constexpr int widest<double> = 1;
#endif

template <class Scalar, int Lanes>
struct VectorType {
  using Type [[gnu::vector_size(sizeof(Scalar) * Lanes)]] = Scalar;
};
template <class Scalar>
struct VectorType<Scalar, 1> {
  using Type = Scalar;
};
/// `Lanes` numbers side by side.
template <class Scalar, int Lanes>
using VectorOf = typename VectorType<Scalar, Lanes>::Type;

template <class Vector>
struct LaneType {
  using Type = std::remove_cvref_t<decltype(std::declval<Vector>()[0])>;
};
template <class Scalar>
  requires std::is_arithmetic_v<Scalar>
struct LaneType<Scalar> {
  using Type = Scalar;
};
/// The type of one lane.
template <class Vector>
using ScalarOf = typename LaneType<Vector>::Type;
template <class Vector>
inline constexpr int lanes_of = sizeof(Vector) / sizeof(ScalarOf<Vector>);
/// As many unsigned integers of the same size.
template <class Vector>
using Bits =
    VectorOf<std::conditional_t<sizeof(ScalarOf<Vector>) == 4, std::uint32_t, std::uint64_t>, lanes_of<Vector>>;

/// Copies bits between types of the same size.
template <class To, class From>
EIGEN_ALWAYS_INLINE void copy_bits(To& to, const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  std::memcpy(&to, &from, sizeof(To));
}

/// Keeps the value but hides from the compiler what it is made of. Then the compiler neither computes nor loads it
/// again for each use, nor contracts a product with a sum, nor reorders a sum.
template <class Vector>
EIGEN_ALWAYS_INLINE void hide(Vector& hidden) {
  Vector value = hidden;
#if defined(__AVX512F__)
  asm("" : "+v"(value));
#elif defined(__SSE__)
  asm("" : "+x"(value));
#elif defined(__aarch64__) || defined(__ARM_NEON) || (defined(__ARM_FP) && (__ARM_FP & 8))
  asm("" : "+w"(value));
#elif defined(__ARM_FP)  // registers for float alone
  if constexpr (std::is_same_v<Vector, float>)
    asm("" : "+t"(value));
  else
    asm("" : "+r"(value));
#elif defined(__s390x__) || (defined(__riscv_flen) && __riscv_flen >= 64)
  asm("" : "+f"(value));
#elif !defined(__wasm__)  // which has nothing to contract with
  asm("" : "+m"(value));
#endif
  hidden = value;
}
/// The same number in every lane.
template <class Vector>
EIGEN_ALWAYS_INLINE void spread(Vector& r, ScalarOf<Vector> number) {
  r = number - Vector{};
}

/// a * b + c, rounded once where the processor can.
template <class Vector>
EIGEN_ALWAYS_INLINE void fuse(Vector& r, const Vector& a, const Vector& b, const Vector& c) {
#ifdef __clang__
#pragma clang fp contract(on)
  r = a * b + c;
#elif defined(__FP_FAST_FMAF)
  if constexpr (std::is_floating_point_v<Vector>)
    r = std::fma(a, b, c);
  else
    r = Eigen::internal::pmadd<typename Eigen::internal::packet_traits<ScalarOf<Vector>>::type>(a, b, c);
#else
  r = a * b;
  hide(r);
  r = r + c;
#endif
}

/// Lane by lane: x < y ? a : b.
template <class Vector>
EIGEN_ALWAYS_INLINE void select_less(Vector& r, const Vector& x, const Vector& y, const Vector& a, const Vector& b) {
  r = x < y ? a : b;
}
/// Lane by lane: b < a ? b : a; where a is NaN, a.
template <class Vector>
EIGEN_ALWAYS_INLINE void take_smaller(Vector& r, const Vector& a, const Vector& b) {
  r = b < a ? b : a;
}
/// Lane by lane: a < b ? b : a; where a is NaN, a.
template <class Vector>
EIGEN_ALWAYS_INLINE void take_larger(Vector& r, const Vector& a, const Vector& b) {
  r = a < b ? b : a;
}
/// The square root, rounded once.
template <class Vector>
EIGEN_ALWAYS_INLINE void take_root(Vector& r, const Vector& a) {  // not covered: only without SSE
  if constexpr (std::is_floating_point_v<Vector>) {
    r = std::sqrt(a);
  } else {
#if defined(__clang__) && __has_builtin(__builtin_elementwise_sqrt)
    r = __builtin_elementwise_sqrt(a);
#else
    for (int i = 0; i < lanes_of<Vector>; ++i) r[i] = std::sqrt(a[i]);
#endif
  }
}
/// The bits that both have.
template <class Vector>
EIGEN_ALWAYS_INLINE void take_and(Vector& r, const Vector& a, const Vector& b) {
  Bits<Vector> x, y;
  copy_bits(x, a), copy_bits(y, b);
  x &= y;
  copy_bits(r, x);
}
/// The bits that either has.
template <class Vector>
EIGEN_ALWAYS_INLINE void take_or(Vector& r, const Vector& a, const Vector& b) {
  Bits<Vector> x, y;
  copy_bits(x, a), copy_bits(y, b);
  x |= y;
  copy_bits(r, x);
}
/// The lanes as integers with their signs, shifted to the right, as numbers.
template <class Vector>
EIGEN_ALWAYS_INLINE void take_integers(Vector& r, const Bits<Vector>& bits, int shift) {
  using Scalar = ScalarOf<Vector>;
  VectorOf<std::conditional_t<sizeof(Scalar) == 4, std::int32_t, std::int64_t>, lanes_of<Vector>> integers;
  copy_bits(integers, bits);
  integers >>= shift;
  if constexpr (lanes_of<Vector> > 1)
    r = __builtin_convertvector(integers, Vector);
  else
    r = static_cast<Scalar>(integers);
}

/// The first `count` lanes from memory, zeros behind them; no lane behind them is read. (Not inlined, because loops
/// over lanes in every tile would take long to compile.)
template <class Vector>
EIGEN_DONT_INLINE void load_part(Vector& r, const ScalarOf<Vector>* from, Index count) {
  ScalarOf<Vector> lanes[lanes_of<Vector>] = {};
  for (Index i = 0; i < count; ++i) lanes[i] = from[i];
  copy_bits(r, lanes);
}
/// The first `count` lanes to memory, and nothing behind them.
template <class Vector>
EIGEN_DONT_INLINE void store_part(const Vector& a, ScalarOf<Vector>* to, Index count) {
  ScalarOf<Vector> lanes[lanes_of<Vector>];
  copy_bits(lanes, a);
  for (Index i = 0; i < count; ++i) to[i] = lanes[i];
}

/// The vectors `first` and `first + distance` consist of blocks of `distance` lanes. Exchanges the odd blocks of the
/// first vector with the even blocks of the second.
template <int distance, int first, class Vector, int... j>
EIGEN_ALWAYS_INLINE void exchange_pair(Vector* square, std::integer_sequence<int, j...>) {
  if constexpr ((first & distance) == 0) {
    constexpr int lanes = sizeof...(j);
    const Vector a = square[first], b = square[first + distance];
    square[first] = __builtin_shufflevector(a, b, ((j & distance) != 0 ? lanes + j - distance : j)...);
    square[first + distance] = __builtin_shufflevector(a, b, ((j & distance) != 0 ? lanes + j : j + distance)...);
  }
}
/// Lane j of vector i becomes lane i of vector j: by blocks of one lane, then of two, and so on.
template <int distance = 1, class Vector, int... i>
EIGEN_ALWAYS_INLINE void transpose(Vector* square, std::integer_sequence<int, i...> lanes) {
  if constexpr (distance < sizeof...(i)) {
    (exchange_pair<distance, i>(square, lanes), ...);
    transpose<2 * distance>(square, lanes);
  }
}

}  // namespace unroll::inline UNROLL_TARGET::detail

#include "unroll/core/vector_x86.hpp"

#else
#include "unroll/core/vector_packets.hpp"
#endif
