#pragma once

#include <array>
#include <cstdint>

#include "unroll/core/error.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The seeded generator behind every random number of the library: xoshiro256** (Blackman & Vigna 2018), seeded by
/// splitmix64 (Steele et al. 2014).
///
/// Every number comes from integers and from sums and single products of exactly representable values, so all
/// platforms, compilers and flags draw the same numbers. It is a value: a copy goes on from the same place in the
/// sequence.
class Random {
 public:
  /// Starts the sequence of this seed. Any number is a good seed.
  explicit Random(std::uint64_t seed) {
    for (auto& word : state_) {
      seed += 0x9e3779b97f4a7c15u;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
      word = z ^ (z >> 31);
    }
  }

  /// The index-th of many generators that share a seed.
  static Random substream(std::uint64_t seed, std::uint64_t index) {
    return Random(Random(seed).bits() + index * 0xd1342543de82ef95u);
  }

  /// 64 random bits.
  std::uint64_t bits() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

  /// Uniform in [-limit, limit).
  double uniform(double limit) { return limit * (2 * uniform() - 1); }

  /// Close to a standard normal: the sum of twelve uniforms less 6 (Irwin-Hall), with mean 0, variance 1, and within
  /// +-6. It needs no logarithm, whose last bits differ from one C library to the next.
  double normal() {
    std::uint64_t sum = 0;
    for (int i = 0; i < 12; ++i) sum += bits() >> 32;
    return static_cast<double>(sum) * 0x1p-32 - 6;
  }

  /// Its place in the sequence: what a file keeps of it. Never all zero.
  using State = std::array<std::uint64_t, 4>;
  /// The place now.
  const State& state() const { return state_; }
  /// Goes on from such a place. Throws std::invalid_argument where all is zero.
  void restore(const State& state) {
    detail::require(state != State{}, "Random::restore: the state is all zero, which it never is");
    state_ = state;
  }

  friend bool operator==(const Random&, const Random&) = default;

 private:
  static std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

  State state_;
};

}  // namespace unroll::inline UNROLL_TARGET
