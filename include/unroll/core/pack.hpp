#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "unroll/core/types.hpp"

namespace unroll {

/// The value type that a cell's rule runs on: some hidden units side by side. Without a number of lanes they are as
/// many as the processor's widest register holds.
///
/// The operators are those of a number, lane by lane, each rounded once; `multiply_add` is fused where the processor
/// can. This file alone touches Eigen's packets: they are the widest vectors on every compiler, where fixed-size arrays
/// leave clang at half width, and Eigen's public interface has no fused multiply-add.
template <class Scalar, int Lanes = Eigen::internal::packet_traits<Scalar>::size>
struct Pack {
  /// The type of one number.
  using Lane = Scalar;
  /// Eigen's register type.
  using Packet = typename Eigen::internal::find_best_packet<Scalar, Lanes>::type;
  static constexpr int size = Lanes;  ///< numbers side by side
  /// Whether the processor loads and stores a part of a register.
  static constexpr bool masked = Eigen::internal::unpacket_traits<Packet>::masked_store_available;

  Packet packet;  ///< the numbers

  Pack() = default;
  /// The same number in every lane, so that a rule may say 1 - z or 0.5 * z.
  template <class Number>
    requires std::is_arithmetic_v<Number>
  Pack(Number number) : packet(Eigen::internal::pset1<Packet>(static_cast<Scalar>(number))) {}

  /// `size` numbers from memory, which need not be aligned.
  static Pack load(const Scalar* from) { return wrap(Eigen::internal::ploadu<Packet>(from)); }
  /// Writes `size` numbers to memory, which need not be aligned.
  void store(Scalar* to) const { Eigen::internal::pstoreu(to, packet); }

  /// The first `count` lanes from memory; the others are zero, and what lies there is not read.
  static Pack load(const Scalar* from, Index count) {
    if (count >= size) return load(from);
    if constexpr (masked) {
      return wrap(Eigen::internal::ploadu<Packet>(from, mask(count)));
    } else {
      Numbers lanes = {};
      for (Index i = 0; i < count; ++i) lanes[i] = from[i];
      return load(lanes);
    }
  }
  /// Writes the first `count` lanes to memory, and nothing behind them.
  void store(Scalar* to, Index count) const {
    if (count >= size) return store(to);
    if constexpr (masked) {
      Eigen::internal::pstoreu(to, packet, mask(count));
    } else {
      Numbers lanes;
      store(lanes);
      for (Index i = 0; i < count; ++i) to[i] = lanes[i];
    }
  }

  /// Adds the first `count` lanes to sums in double.
  void add_to(double* sums, Index count) const {
    Numbers lanes;
    store(lanes);
    if (count >= size)
      for (int i = 0; i < size; ++i) sums[i] += static_cast<double>(lanes[i]);
    else
      for (Index i = 0; i < count; ++i) sums[i] += static_cast<double>(lanes[i]);
  }

  /// The same pack, kept in a register: the compiler neither computes nor loads it again for each use, and does not
  /// know what it is made of.
  Pack in_register() const {
    Pack same = *this;
#if !defined(__GNUC__)  // MSVC knows no such thing, and contracts nothing by itself
#elif defined(__AVX512F__)
    asm("" : "+v"(same.packet));
#elif defined(__SSE__)
    asm("" : "+x"(same.packet));
#elif defined(__aarch64__) || defined(__ARM_NEON) || (defined(__ARM_FP) && (__ARM_FP & 8))
    asm("" : "+w"(same.packet));
#elif defined(__s390x__) || (defined(__riscv_flen) && __riscv_flen >= 64)
    asm("" : "+f"(same.packet));
#else
    asm("" : "+m"(same.packet));
#endif
    return same;
  }

  /// The first `count` lanes, zeros behind them.
  Pack first(Index count) const {
    if (count >= size) return *this;
    Numbers lanes;
    store(lanes);
    return load(lanes, count);
  }

  friend Pack operator+(Pack a, Pack b) { return wrap(Eigen::internal::padd(a.packet, b.packet)); }
  friend Pack operator-(Pack a, Pack b) { return wrap(Eigen::internal::psub(a.packet, b.packet)); }
  friend Pack operator*(Pack a, Pack b) {
    // A compiler that contracted it with a sum here and not there would give one rule different bits in two places.
    return wrap(Eigen::internal::pmul(a.packet, b.packet)).in_register();
  }
  friend Pack operator/(Pack a, Pack b) {
#ifdef __GNUC__  // Eigen 3.4 estimates quotients on 32-bit NEON
    return wrap(a.packet / b.packet);
#else
    return wrap(Eigen::internal::pdiv(a.packet, b.packet));
#endif
  }
  friend Pack operator-(Pack a) { return wrap(Eigen::internal::pnegate(a.packet)); }
  Pack& operator+=(Pack b) { return *this = *this + b; }
  Pack& operator-=(Pack b) { return *this = *this - b; }
  Pack& operator*=(Pack b) { return *this = *this * b; }

  /// a * b + c
  friend Pack multiply_add(Pack a, Pack b, Pack c) {
#ifdef __FP_FAST_FMAF  // else compilers would fuse it here and not there
    if constexpr (size == 1) return wrap(std::fma(a.packet, b.packet, c.packet));
#endif
    return wrap(Eigen::internal::pmadd(a.packet, b.packet, c.packet));
  }
  /// Lane by lane: x < y ? a : b. False where x or y is NaN.
  friend Pack select_less(Pack x, Pack y, Pack a, Pack b) {
#ifdef __GNUC__  // Eigen 3.4 turns AVX-512's mask into a vector and back
    return wrap(x.packet < y.packet ? a.packet : b.packet);
#else
    return wrap(Eigen::internal::pselect(Eigen::internal::pcmp_lt(x.packet, y.packet), a.packet, b.packet));
#endif
  }
#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes the unused operand inside its own AVX-512 functions for an uninitialised variable of ours.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
  /// Of float packs: `size` words of 32 bits from memory, which need not be aligned.
  static auto load_bits(const std::uint32_t* from) {
    if constexpr (size > 1)
      return Eigen::internal::ploadu<typename Eigen::internal::unpacket_traits<Packet>::integer_packet>(
          reinterpret_cast<const std::int32_t*>(from));
    else
      return *from;
  }
  /// Lane by lane, zeros behind.
  template <int count, class Bits>
  static Bits shift_left(Bits bits) {
    if constexpr (size > 1)
      return Eigen::internal::plogical_shift_left<count>(bits);
    else
      return bits << count;
  }
  /// Lane by lane, zeros in front.
  template <int count, class Bits>
  static Bits shift_right(Bits bits) {
    if constexpr (size > 1)
      return Eigen::internal::plogical_shift_right<count>(bits);
    else
      return bits >> count;
  }
  /// Lane by lane, the bits of a mask.
  template <class Bits>
  static Bits mask_bits(Bits bits, std::uint32_t mask) {
    if constexpr (size > 1)
      return Eigen::internal::pand(bits, Eigen::internal::pset1<Bits>(std::bit_cast<std::int32_t>(mask)));
    else
      return bits & mask;
  }
  /// The numbers that have these bits.
  template <class Bits>
  static Pack from_bits(Bits bits) {
    if constexpr (size > 1)
      return wrap(Eigen::internal::preinterpret<Packet>(bits));
    else
      return Pack(std::bit_cast<float>(bits));
  }
  /// Their j-th bytes, the last one the 0-th, as numbers, each with its sign.
  template <int j, class Bits>
  static Pack from_byte(Bits bits) {
    if constexpr (size > 1) {
      using namespace Eigen::internal;
      return wrap(pcast<Bits, Packet>(parithmetic_shift_right<24>(plogical_shift_left<24 - 8 * j>(bits))));
    } else {
      return Pack(static_cast<float>(static_cast<std::int8_t>(bits >> 8 * j & 0xff)));
    }
  }

  /// Lane by lane: b < a ? b : a, and a < b ? b : a; where a is NaN, a.
  friend Pack smaller(Pack a, Pack b) { return wrap(Eigen::internal::pmin(a.packet, b.packet)); }
  friend Pack larger(Pack a, Pack b) { return wrap(Eigen::internal::pmax(a.packet, b.packet)); }
  /// Rounded once. Eigen 3.4 estimates it in float: of infinity as NaN, of subnormal numbers as 0.
  friend Pack sqrt(Pack a) {
#ifdef EIGEN_VECTORIZE_AVX512
    if constexpr (std::is_same_v<Packet, __m512>) return wrap(_mm512_sqrt_ps(a.packet));
#endif
#ifdef EIGEN_VECTORIZE_AVX
    if constexpr (std::is_same_v<Packet, __m256>) return wrap(_mm256_sqrt_ps(a.packet));
#endif
#ifdef EIGEN_VECTORIZE_SSE
    if constexpr (std::is_same_v<Packet, __m128>) return wrap(_mm_sqrt_ps(a.packet));
#endif
    if constexpr (std::is_same_v<Scalar, double>) return wrap(Eigen::internal::psqrt(a.packet));
    Numbers lanes;
    a.store(lanes);
    for (Scalar& lane : lanes) lane = std::sqrt(lane);
    return load(lanes);
  }
  /// Lane j of pack i becomes lane i of pack j.
  friend void transpose(Pack (&square)[static_cast<std::size_t>(Lanes)]) {
    Eigen::internal::PacketBlock<Packet, size> block;
    for (int i = 0; i < size; ++i) block.packet[i] = square[i].packet;
    Eigen::internal::ptranspose(block);
    for (int i = 0; i < size; ++i) square[i].packet = block.packet[i];
  }
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
  friend Pack abs(Pack a) { return wrap(Eigen::internal::pabs(a.packet)); }
  /// |a| with the sign of b, for an `a` that is not negative.
  friend Pack copy_sign(Pack a, Pack b) {
    using namespace Eigen::internal;
    return wrap(por(a.packet, pand(b.packet, pset1<Packet>(Scalar(-0.0)))));
  }
  /// The sum of the lanes, one after the other.
  friend Scalar sum_of_lanes(Pack a) {
    Numbers lanes;
    a.store(lanes);
    Scalar sum = 0;
    for (const Scalar lane : lanes) sum += lane;
    return sum;
  }
  /// The same, its second half added to its first until one number is left.
  friend Scalar sum_by_halves(Pack a) {
    Numbers lanes;
    a.store(lanes);
    for (int half = size / 2; half > 0; half /= 2)
      for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
    return lanes[0];
  }
  /// The sum of the squares of the lanes, in double.
  friend double sum_of_squares(Pack a) {
    Numbers lanes;
    a.store(lanes);
    double sum = 0;
    for (const Scalar lane : lanes) sum += static_cast<double>(lane) * static_cast<double>(lane);
    return sum;
  }
  /// The number whose exponent field is the last bits of a: 2^k for a = 1.5 * 2^m + bias + k, m = 23 or 52.
  friend Pack exponent_from_last_bits(Pack a) {
    using Bit = std::conditional_t<sizeof(Scalar) == 4, std::uint32_t, std::uint64_t>;
    constexpr int places = std::numeric_limits<Scalar>::digits - 1;
#ifdef __GNUC__
    using Bits [[gnu::vector_size(sizeof(Packet))]] = Bit;
    return wrap(__builtin_bit_cast(Packet, __builtin_bit_cast(Bits, a.packet) << places));
#else
    auto bits = std::bit_cast<std::array<Bit, size>>(a.packet);
    for (Bit& lane : bits) lane <<= places;
    return wrap(std::bit_cast<Packet>(bits));
#endif
  }

 private:
  using Numbers = Scalar[static_cast<std::size_t>(size)];

  static auto mask(Index count) {  // not covered: only where stores are masked (AVX-512)
    return static_cast<std::conditional_t<(size > 8), std::uint16_t, std::uint8_t>>((1 << count) - 1);
  }
  static Pack wrap(Packet p) {
    Pack result;
    result.packet = p;
    return result;
  }
};

/// The same on one number.
template <class Scalar>
  requires std::is_floating_point_v<Scalar>
Scalar select_less(Scalar x, Scalar y, Scalar a, Scalar b) {
  return x < y ? a : b;
}

}  // namespace unroll
