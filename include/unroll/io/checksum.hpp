#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "unroll/core/target.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// CRC-64/XZ of all bytes that were added: polynomial 0x42f0e1eba9ea3693, reflected. Any error within 64 neighbouring
/// bits changes it. Needs a little-endian processor.
class Checksum {
 public:
  void add(std::string_view bytes) {
    // Sixteen bytes at a time (Kounavis & Berry 2008): tables[k] is for a byte that k others follow.
    for (; bytes.size() >= 16; bytes.remove_prefix(16)) {
      std::uint64_t words[2];
      std::memcpy(words, bytes.data(), 16);
      words[0] ^= rest_;
      rest_ = of_word<8>(words[0]) ^ of_word<0>(words[1]);
    }
    for (const char byte : bytes) rest_ = tables[0][(rest_ ^ static_cast<unsigned char>(byte)) & 255] ^ rest_ >> 8;
  }

  std::uint64_t value() const { return ~rest_; }

 private:
  using Tables = std::array<std::array<std::uint64_t, 256>, 16>;

  /// What a word adds that `after` bytes follow.
  template <std::size_t after>
  static std::uint64_t of_word(std::uint64_t word) {
    return tables[after + 7][word & 255] ^ tables[after + 6][word >> 8 & 255] ^ tables[after + 5][word >> 16 & 255] ^
           tables[after + 4][word >> 24 & 255] ^ tables[after + 3][word >> 32 & 255] ^
           tables[after + 2][word >> 40 & 255] ^ tables[after + 1][word >> 48 & 255] ^ tables[after][word >> 56];
  }

  static constexpr Tables make_tables() {  // not covered: runs at compile time
    Tables result{};
    for (std::uint64_t byte = 0; byte < 256; ++byte) {
      std::uint64_t rest = byte;
      for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ (rest & 1 ? 0xc96c5795d7870f42u : 0);
      result[0][byte] = rest;
    }
    for (std::size_t k = 1; k < 16; ++k)
      for (std::size_t byte = 0; byte < 256; ++byte)
        result[k][byte] = result[0][result[k - 1][byte] & 255] ^ result[k - 1][byte] >> 8;
    return result;
  }

  static const Tables tables;

  std::uint64_t rest_ = ~std::uint64_t(0);
};

inline constexpr Checksum::Tables Checksum::tables = Checksum::make_tables();

}  // namespace unroll::inline UNROLL_TARGET::detail
