#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "unroll/core/types.hpp"

/// What vector.hpp has, on Eigen's packets: for compilers that have no vectors of their own.
#if defined(UNROLL_EIGEN_PACKETS) || !(defined(__GNUC__) || defined(__clang__))

namespace unroll::inline UNROLL_TARGET::detail {

inline constexpr int register_size = 64;  // no packet is wider

template <class Scalar>
inline constexpr int widest = Eigen::internal::packet_traits<Scalar>::size;

/// Numbers side by side, with the operators of numbers.
template <class Scalar, int Lanes>
struct PacketVector {
  using Packet = typename Eigen::internal::find_best_packet<Scalar, Lanes>::type;
  Packet packet;

  friend PacketVector operator+(const PacketVector& a, const PacketVector& b) {
    return {Eigen::internal::padd(a.packet, b.packet)};
  }
  friend PacketVector operator-(const PacketVector& a, const PacketVector& b) {
    return {Eigen::internal::psub(a.packet, b.packet)};
  }
  friend PacketVector operator-(Scalar a, const PacketVector& b) {
    return {Eigen::internal::psub(Eigen::internal::pset1<Packet>(a), b.packet)};
  }
  friend PacketVector operator*(const PacketVector& a, const PacketVector& b) {
    return {Eigen::internal::pmul(a.packet, b.packet)};
  }
  friend PacketVector operator/(const PacketVector& a, const PacketVector& b) {
    return {Eigen::internal::pdiv(a.packet, b.packet)};
  }
  friend PacketVector operator-(const PacketVector& a) { return {Eigen::internal::pnegate(a.packet)}; }
};

/// Unsigned integers side by side, with what packs ask of them.
template <class Word, int Lanes>
struct WordVector {
  std::array<Word, static_cast<std::size_t>(Lanes)> words;

  template <class F>
  WordVector each(F f) const {
    WordVector result = *this;
    for (Word& word : result.words) word = f(word);
    return result;
  }
  friend WordVector operator+(Word a, const WordVector& b) {
    return b.each([a](Word word) { return a + word; });
  }
  friend WordVector operator~(const WordVector& a) {
    return a.each([](Word word) { return ~word; });
  }
  friend WordVector operator&(const WordVector& a, Word b) {
    return a.each([b](Word word) { return word & b; });
  }
  friend WordVector operator<<(const WordVector& a, int places) {
    return a.each([places](Word word) { return word << places; });
  }
  friend WordVector operator>>(const WordVector& a, int places) {
    return a.each([places](Word word) { return word >> places; });
  }
};

template <class Vector>
struct LaneType;
template <class Scalar, int Lanes>
struct LaneType<PacketVector<Scalar, Lanes>> {
  using Type = Scalar;
};
template <class Word, int Lanes>
struct LaneType<WordVector<Word, Lanes>> {
  using Type = Word;
};
template <class Vector>
using ScalarOf = typename LaneType<Vector>::Type;
template <class Vector>
inline constexpr int lanes_of = static_cast<int>(sizeof(Vector) / sizeof(ScalarOf<Vector>));

template <class Scalar, int Lanes>
using VectorOf = PacketVector<Scalar, Lanes>;
template <class Vector>
using Bits =
    WordVector<std::conditional_t<sizeof(ScalarOf<Vector>) == 4, std::uint32_t, std::uint64_t>, lanes_of<Vector>>;

template <class To, class From>
void copy_bits(To& to, const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  std::memcpy(&to, &from, sizeof(To));
}

/// Such a compiler contracts nothing by itself.
template <class Vector>
void hide(Vector&) {}

template <class Vector>
void spread(Vector& r, ScalarOf<Vector> number) {
  r.packet = Eigen::internal::pset1<typename Vector::Packet>(number);
}
template <class Vector>
void fuse(Vector& r, const Vector& a, const Vector& b, const Vector& c) {
  r.packet = Eigen::internal::pmadd(a.packet, b.packet, c.packet);
}
template <class Vector>
void select_less(Vector& r, const Vector& x, const Vector& y, const Vector& a, const Vector& b) {
  r.packet = Eigen::internal::pselect(Eigen::internal::pcmp_lt(x.packet, y.packet), a.packet, b.packet);
}
template <class Vector>
void take_smaller(Vector& r, const Vector& a, const Vector& b) {
  r.packet = Eigen::internal::pmin(a.packet, b.packet);
}
template <class Vector>
void take_larger(Vector& r, const Vector& a, const Vector& b) {
  r.packet = Eigen::internal::pmax(a.packet, b.packet);
}
template <class Vector>
void take_and(Vector& r, const Vector& a, const Vector& b) {
  r.packet = Eigen::internal::pand(a.packet, b.packet);
}
template <class Vector>
void take_or(Vector& r, const Vector& a, const Vector& b) {
  r.packet = Eigen::internal::por(a.packet, b.packet);
}

/// f(i) for each lane.
template <class Vector, class F>
void set_lanes(Vector& r, F f) {
  ScalarOf<Vector> lanes[static_cast<std::size_t>(lanes_of<Vector>)];
  for (int i = 0; i < lanes_of<Vector>; ++i) lanes[i] = f(i);
  copy_bits(r, lanes);
}
template <class Vector>
void take_integers(Vector& r, const Bits<Vector>& bits, int shift) {
  using Scalar = ScalarOf<Vector>;
  using Integer = std::conditional_t<sizeof(Scalar) == 4, std::int32_t, std::int64_t>;
  set_lanes(r, [&](int i) {
    return static_cast<Scalar>(static_cast<Integer>(bits.words[static_cast<std::size_t>(i)]) >> shift);
  });
}
/// Eigen 3.4 estimates it in float: it gives NaN for infinity and 0 for subnormal numbers.
template <class Vector>
void take_root(Vector& r, const Vector& a) {
  ScalarOf<Vector> lanes[static_cast<std::size_t>(lanes_of<Vector>)];
  copy_bits(lanes, a);
  set_lanes(r, [&](int i) { return std::sqrt(lanes[i]); });
}
template <class Vector>
void load_part(Vector& r, const ScalarOf<Vector>* from, Index count) {
  set_lanes(r, [&](int i) { return i < count ? from[i] : ScalarOf<Vector>(0); });
}
template <class Vector>
void store_part(const Vector& a, ScalarOf<Vector>* to, Index count) {
  ScalarOf<Vector> lanes[static_cast<std::size_t>(lanes_of<Vector>)];
  copy_bits(lanes, a);
  std::copy_n(lanes, count, to);
}
template <class Scalar, int Lanes, int... i>
void transpose(PacketVector<Scalar, Lanes>* square, std::integer_sequence<int, i...>) {
  Eigen::internal::PacketBlock<typename PacketVector<Scalar, Lanes>::Packet, Lanes> block = {{square[i].packet...}};
  Eigen::internal::ptranspose(block);
  ((square[i].packet = block.packet[i]), ...);
}

}  // namespace unroll::inline UNROLL_TARGET::detail

#endif
