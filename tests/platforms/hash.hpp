#pragma once

#include <cstddef>
#include <cstdint>

/// A number of the bytes of all numbers that came (FNV-1a), to compare one platform's bits with another's.
struct Hash {
  std::uint32_t value = 2166136261u;

  template <class Number>
  void add(const Number* numbers, std::ptrdiff_t count) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(numbers);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count) * sizeof(Number); ++i)
      value = (value ^ bytes[i]) * 16777619u;
  }
};

/// The t-th number of a signal that is the same everywhere.
inline float signal(int t) { return static_cast<float>(t * 37 % 101 - 50) / 64; }
