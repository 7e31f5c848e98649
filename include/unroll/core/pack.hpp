#pragma once

#include <limits>
#include <type_traits>

#include "unroll/core/vector.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

/// The base of a pack that is wider than the registers of its file's flags. It makes the pack be passed by its address;
/// else where it lies would depend on the flags.
template <bool wide>
struct PassedOn {
  PassedOn() = default;
  // NOLINTNEXTLINE(modernize-use-equals-default): it must not be trivial
  PassedOn(const PassedOn&) {}  // not covered: only in a program for every processor
  PassedOn& operator=(const PassedOn&) = default;
};
template <>
struct PassedOn<false> {};

/// The bits of numbers side by side, as unsigned integers.
template <class Vector>
struct Words : PassedOn<(sizeof(Vector) > register_size)> {
  using Word = ScalarOf<Bits<Vector>>;
  Bits<Vector> bits;

  friend EIGEN_ALWAYS_INLINE Words operator<<(const Words& a, int places) {
    Words result;
    result.bits = a.bits << places;
    return result;
  }
  friend EIGEN_ALWAYS_INLINE Words operator>>(const Words& a, int places) {
    Words result;
    result.bits = a.bits >> places;
    return result;
  }
  friend EIGEN_ALWAYS_INLINE Words operator&(const Words& a, Word mask) {
    Words result;
    result.bits = a.bits & mask;
    return result;
  }
};

}  // namespace detail

/// The value type that a cell's rule runs on: some hidden units side by side. By default it has as many lanes as the
/// processor's widest register holds.
///
/// The operators are those of a number, lane by lane, each rounded once; `multiply_add` is fused where the processor
/// can do that. Call `sqrt`, `abs` and `select_less` without `unroll::`.
template <class Scalar, int Lanes = detail::widest<Scalar>>
struct Pack : detail::PassedOn<(sizeof(Scalar) * Lanes > detail::register_size)> {
  /// The type of one number.
  using Lane = Scalar;
  /// Half as many lanes.
  using Half = Pack<Scalar, Lanes / 2>;
  /// The compiler's own type.
  using Vector = detail::VectorOf<Scalar, Lanes>;
  /// The bits of the numbers: they have << >> and & of unsigned integers.
  using Words = detail::Words<Vector>;
  static constexpr int size = Lanes;  ///< numbers side by side

  Vector vector;  ///< the numbers

  Pack() = default;
  /// The same number in every lane, so that a rule may say 1 - z or 0.5 * z.
  template <class Number>
    requires std::is_arithmetic_v<Number>
  EIGEN_ALWAYS_INLINE Pack(Number number) {
    detail::spread(vector, static_cast<Scalar>(number));
  }

  /// `size` numbers from memory, which need not be aligned.
  EIGEN_ALWAYS_INLINE static Pack load(const Scalar* from) {
    Pack result;
    std::memcpy(&result.vector, from, sizeof(Vector));
    return result;
  }
  /// Writes `size` numbers to memory, which need not be aligned.
  EIGEN_ALWAYS_INLINE void store(Scalar* to) const { std::memcpy(to, &vector, sizeof(Vector)); }

  /// The first `count` lanes from memory; the others are zero, and what lies there is not read.
  EIGEN_ALWAYS_INLINE static Pack load(const Scalar* from, Index count) {
    if (count >= size) return load(from);
    Pack result;
    detail::load_part(result.vector, from, count);
    return result;
  }
  /// Writes the first `count` lanes to memory, and nothing behind them.
  EIGEN_ALWAYS_INLINE void store(Scalar* to, Index count) const {
    if (count >= size) return store(to);
    detail::store_part(vector, to, count);
  }

  /// The number in the first lane.
  EIGEN_ALWAYS_INLINE Scalar first_lane() const {
    Numbers lanes;
    store(lanes);
    return lanes[0];
  }

  /// Adds the first `count` lanes to sums in double.
  EIGEN_ALWAYS_INLINE void add_to(double* sums, Index count) const {
    Numbers lanes;
    store(lanes);
    if (count >= size)
      for (int i = 0; i < size; ++i) sums[i] += static_cast<double>(lanes[i]);
    else
      for (Index i = 0; i < count; ++i) sums[i] += static_cast<double>(lanes[i]);
  }

  /// The same pack, kept in a register: the compiler neither computes nor loads it again for each use, and does not
  /// know what it is made of.
  EIGEN_ALWAYS_INLINE Pack in_register() const {
    Pack same = *this;
    detail::hide(same.vector);
    return same;
  }

  /// The first `count` lanes, zeros behind them.
  EIGEN_ALWAYS_INLINE Pack first(Index count) const {
    if (count >= size) return *this;
    Numbers lanes;
    store(lanes);
    return load(lanes, count);
  }

  friend EIGEN_ALWAYS_INLINE Pack operator+(const Pack& a, const Pack& b) { return wrap(a.vector + b.vector); }
  friend EIGEN_ALWAYS_INLINE Pack operator-(const Pack& a, const Pack& b) { return wrap(a.vector - b.vector); }
  friend EIGEN_ALWAYS_INLINE Pack operator*(const Pack& a, const Pack& b) {
    // A compiler that contracted it with a sum here and not there would give one rule different bits in two places.
    return wrap(a.vector * b.vector).in_register();
  }
  friend EIGEN_ALWAYS_INLINE Pack operator/(const Pack& a, const Pack& b) { return wrap(a.vector / b.vector); }
  friend EIGEN_ALWAYS_INLINE Pack operator-(const Pack& a) { return wrap(-a.vector); }
  EIGEN_ALWAYS_INLINE Pack& operator+=(const Pack& b) { return *this = *this + b; }
  EIGEN_ALWAYS_INLINE Pack& operator-=(const Pack& b) { return *this = *this - b; }
  EIGEN_ALWAYS_INLINE Pack& operator*=(const Pack& b) { return *this = *this * b; }

  /// a * b + c
  friend EIGEN_ALWAYS_INLINE Pack multiply_add(const Pack& a, const Pack& b, const Pack& c) {
    Pack result;
    detail::fuse(result.vector, a.vector, b.vector, c.vector);
    return result;
  }
  /// Lane by lane: x < y ? a : b. False where x or y is NaN.
  friend EIGEN_ALWAYS_INLINE Pack select_less(const Pack& x, const Pack& y, const Pack& a, const Pack& b) {
    Pack result;
    detail::select_less(result.vector, x.vector, y.vector, a.vector, b.vector);
    return result;
  }
  /// Lane by lane: b < a ? b : a; where a is NaN, a.
  friend EIGEN_ALWAYS_INLINE Pack smaller(const Pack& a, const Pack& b) {
    Pack result;
    detail::take_smaller(result.vector, a.vector, b.vector);
    return result;
  }
  /// Lane by lane: a < b ? b : a; where a is NaN, a.
  friend EIGEN_ALWAYS_INLINE Pack larger(const Pack& a, const Pack& b) {
    Pack result;
    detail::take_larger(result.vector, a.vector, b.vector);
    return result;
  }
  /// Rounded once.
  friend EIGEN_ALWAYS_INLINE Pack sqrt(const Pack& a) {
    Pack result;
    detail::take_root(result.vector, a.vector);
    return result;
  }
  friend EIGEN_ALWAYS_INLINE Pack abs(const Pack& a) {
    Pack result = all_bits(~sign);
    detail::take_and(result.vector, a.vector, result.vector);
    return result;
  }
  /// |a| with the sign of b, for an `a` that is not negative.
  friend EIGEN_ALWAYS_INLINE Pack copy_sign(const Pack& a, const Pack& b) {
    Pack result = all_bits(sign);
    detail::take_and(result.vector, b.vector, result.vector);
    detail::take_or(result.vector, a.vector, result.vector);
    return result;
  }
  /// The number whose exponent field is the last bits of a: 2^k for a = 1.5 * 2^m + bias + k, m = 23 or 52.
  friend EIGEN_ALWAYS_INLINE Pack exponent_from_last_bits(const Pack& a) {
    Words words;
    detail::copy_bits(words.bits, a.vector);
    return from_bits(words << (std::numeric_limits<Scalar>::digits - 1));
  }

  /// For float packs: `size` words of 32 bits from memory, which need not be aligned.
  EIGEN_ALWAYS_INLINE static Words load_bits(const std::uint32_t* from) {
    Words words;
    std::memcpy(&words.bits, from, sizeof(words.bits));
    return words;
  }
  /// The numbers that have these bits.
  EIGEN_ALWAYS_INLINE static Pack from_bits(const Words& words) {
    Pack result;
    detail::copy_bits(result.vector, words.bits);
    return result;
  }
  /// Byte j of each word, counted from the lowest, as a number with its sign.
  template <int j>
  EIGEN_ALWAYS_INLINE static Pack from_byte(const Words& words) {
    Pack result;
    detail::take_integers(result.vector, words.bits << (24 - 8 * j), 24);
    return result;
  }

  /// Lane j of pack i becomes lane i of pack j.
  friend EIGEN_ALWAYS_INLINE void transpose(Pack (&square)[static_cast<std::size_t>(Lanes)]) {
    detail::transpose(&square[0].vector, std::make_integer_sequence<int, Lanes>());
  }
  /// The sum of the lanes, one after the other.
  friend EIGEN_ALWAYS_INLINE Scalar sum_of_lanes(const Pack& a) {
    Numbers lanes;
    a.store(lanes);
    Scalar sum = 0;
    for (const Scalar lane : lanes) sum += lane;
    return sum;
  }
  /// The same, but the second half is added to the first until one number is left.
  friend EIGEN_ALWAYS_INLINE Scalar sum_by_halves(const Pack& a) {
    Numbers lanes;
    a.store(lanes);
    if constexpr (sizeof(Vector) > 16) {  // by packs: a loop would go through memory for each half
      return sum_by_halves(Half::load(lanes) + Half::load(lanes + size / 2));
    } else {
      for (int half = size / 2; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
      return lanes[0];
    }
  }
  /// The sum of the squares of the lanes, in double.
  friend EIGEN_ALWAYS_INLINE double sum_of_squares(const Pack& a) {
    Numbers lanes;
    a.store(lanes);
    double sum = 0;
    for (const Scalar lane : lanes) sum += static_cast<double>(lane) * static_cast<double>(lane);
    return sum;
  }

 private:
  using Numbers = Scalar[static_cast<std::size_t>(size)];

  using Word = typename Words::Word;
  static constexpr Word sign = Word(1) << (8 * sizeof(Word) - 1);

  EIGEN_ALWAYS_INLINE static Pack all_bits(Word word) {
    Words words;
    words.bits = word + detail::Bits<Vector>{};
    return from_bits(words);
  }
  EIGEN_ALWAYS_INLINE static Pack wrap(const Vector& vector) {
    Pack result;
    result.vector = vector;
    return result;
  }
};

/// x < y ? a : b on single numbers, as on packs, where it is called without `unroll::`. b where x or y is NaN.
template <class Scalar>
  requires std::is_floating_point_v<Scalar>
Scalar select_less(Scalar x, Scalar y, Scalar a, Scalar b) {
  return x < y ? a : b;
}

}  // namespace unroll::inline UNROLL_TARGET
