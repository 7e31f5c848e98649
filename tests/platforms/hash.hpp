#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

/// A number of the bytes of all numbers that came (FNV-1a), each number's last byte first whatever the platform's
/// order, to compare one platform's bits with another's.
struct Hash {
  std::uint32_t value = 2166136261u;

  template <class Number>
  void add(const Number* numbers, std::ptrdiff_t count) {
    using Word = std::conditional_t<sizeof(Number) == 4, std::uint32_t, std::uint64_t>;
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const auto word = std::bit_cast<Word>(numbers[i]);
      for (std::size_t bit = 0; bit < 8 * sizeof(Word); bit += 8)
        value = (value ^ static_cast<unsigned char>(word >> bit)) * 16777619u;
    }
  }
};

/// The t-th number of a signal that is the same everywhere.
inline float signal(int t) { return static_cast<float>(t * 37 % 101 - 50) / 64; }
