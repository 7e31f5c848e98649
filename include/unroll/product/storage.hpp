#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>

#include "unroll/core/error.hpp"
#include "unroll/core/pack.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The form in which packed weights are kept. What is computed with them is computed in the model's own type.
///
///   Stream stream(model, Int8());
///
/// Fewer bits are for float models that are larger than the cache, where reading the weights takes longer than
/// multiplying them. A storage is a struct with
///
///   Word<Scalar>             what lies in memory
///   per_word                 how many steps of k a word holds, the first in its lowest bits
///   encode(number)           the bits of one number
///   decode<j, P>(words)      the numbers of step j of as many words as P has lanes
///
/// A storage of fewer bits than the model's own type also has its `name` and the `largest` magnitude that it keeps. If
/// each row of the weights has a scale, it has `scaled_to`: the number that a row's largest magnitude becomes.
template <class S, class Scalar>
concept StorageOf = requires(Scalar value, const typename S::template Word<Scalar>* words) {
  { S::encode(value) } -> std::same_as<typename S::template Word<Scalar>>;
  { S::template decode<0, Pack<Scalar>>(words) } -> std::same_as<Pack<Scalar>>;
};

/// The model's own type.
struct Full {
  /// Not an aggregate: in a generic lambda clang would take {.samples = 2} for a Full.
  constexpr Full() = default;

  template <class Scalar>
  using Word = Scalar;
  static constexpr int per_word = 1;

  template <class Scalar>
  static Scalar encode(Scalar value) {  // not covered: full weights are copied as they are
    return value;
  }
  template <int j, class P>
  EIGEN_ALWAYS_INLINE static P decode(const typename P::Lane* words) {
    return P::load(words);
  }
};

/// What the storages in fewer bits share.
struct NarrowStorage {
  template <class Scalar>
  using Word = std::conditional_t<std::is_same_v<Scalar, float>, std::uint32_t, void>;
};

/// The upper half of a float: 8 bits of mantissa, half the memory.
struct Bfloat16 : NarrowStorage {
  static constexpr const char* name = "Bfloat16";
  static constexpr int per_word = 2;
  static constexpr float largest = 0x1.fep127f;

  /// Rounds to the nearest, ties to even.
  static std::uint32_t encode(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  }
  template <int j, class P>
  EIGEN_ALWAYS_INLINE static P decode(const std::uint32_t* words) {
    const auto bits = P::load_bits(words);
    return P::from_bits(j == 0 ? bits << 16 : bits & 0xffff0000u);
  }
};

/// IEEE half precision: 11 bits of mantissa, half the memory. What is below 2^-14 becomes zero.
struct Float16 : NarrowStorage {
  static constexpr const char* name = "Float16";
  static constexpr int per_word = 2;
  static constexpr float largest = 65504;

  /// Rounds to the nearest, ties to even.
  static std::uint32_t encode(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    const std::uint32_t rounded = (magnitude + 0xfff + (magnitude >> 13 & 1)) >> 13;
    constexpr std::uint32_t bias = (127 - 15) << 10, least = 1 << 10;
    return sign | (rounded < bias + least ? 0 : rounded - bias);
  }
  template <int j, class P>
  EIGEN_ALWAYS_INLINE static P decode(const std::uint32_t* words) {
    const auto bits = P::load_bits(words) << (j == 0 ? 16 : 0);
    const P magnitude = P::from_bits((bits & 0x7fff0000u) >> 3);
    return copy_sign(magnitude * P(0x1p112f), P::from_bits(bits));  // from one bias of the exponent to the other
  }
};

/// A byte, with one scale for all weights of a row: a quarter of the memory.
struct Int8 : NarrowStorage {
  static constexpr const char* name = "Int8";
  static constexpr int per_word = 4;
  static constexpr float largest = 127.25f;  ///< after division by the scale, which is rounded
  static constexpr float scaled_to = 127;

  /// Rounds to the nearest, ties away from zero.
  static std::uint32_t encode(float value) {
    return static_cast<std::uint8_t>(static_cast<std::int8_t>(std::round(value)));
  }
  template <int j, class P>
  EIGEN_ALWAYS_INLINE static P decode(const std::uint32_t* words) {
    return P::template from_byte<j>(P::load_bits(words));
  }
};

namespace detail {

/// Whether each row of the weights has a scale, by which it is divided before it is encoded.
template <class Storage>
inline constexpr bool is_scaled = requires { Storage::scaled_to; };

/// The scales of rows, from their largest magnitudes. A scale is 1 where a storage has none, and where a row is nearly
/// zero: the bias is divided by it too, and would be infinite.
template <class Storage>
Vector<float> scales_of(const Vector<float>& largest) {
  constexpr float least = 0x1p-90f;
  Vector<float> scales = Vector<float>::Ones(largest.size());
  if constexpr (is_scaled<Storage>)
    for (Index i = 0; i < largest.size(); ++i)
      if (const float scale = largest[i] / Storage::scaled_to; scale > least) scales[i] = scale;
  return scales;
}

/// a / b, number by number; Eigen 3.4's own quotients are estimates on 32-bit NEON.
template <class Scalar>
Vector<Scalar> quotients(const Vector<Scalar>& a, const Vector<Scalar>& b) {
  return a.binaryExpr(b, std::divides<Scalar>());
}

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
