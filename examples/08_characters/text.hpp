#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <unroll/unroll.hpp>
#include <vector>

/// The code points of UTF-8 text. Throws std::runtime_error with the place of the first byte that is none: overlong
/// forms, surrogates and what lies past U+10FFFF are refused (RFC 3629, section 3).
inline std::u32string decode(const std::string& text, const std::string& name) {
  std::u32string points;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) -> char32_t {
      return k < text.size() ? static_cast<unsigned char>(text[k]) : 0;
    };
    const char32_t first = byte(i);
    const std::size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    constexpr char32_t least[] = {1, 0, 0x80, 0x800, 0x10000}, head[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    char32_t point = first & head[length];
    bool good = length > 0;
    for (std::size_t k = 1; k < length; ++k) {
      good = good && byte(i + k) >> 6 == 2;
      point = point << 6 | (byte(i + k) & 0x3f);
    }
    good = good && point >= least[length] && point <= 0x10ffff && point >> 11 != 0x1b;
    if (!good) throw std::runtime_error(name + ": byte " + std::to_string(i + 1) + " is not UTF-8");
    points += point;
    i += length;
  }
  return points;
}

inline std::string encode(char32_t point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | point >> 18), tail(12), tail(6), tail(0)};
}

/// A text as numbers: each character's place in the text's own alphabet.
struct Text {
  std::u32string alphabet;       ///< in order, each character once
  unroll::Matrix<float> tokens;  ///< 1 x characters

  std::string alphabet_as_utf8() const {
    std::string result;
    for (const char32_t point : alphabet) result += encode(point);
    return result;
  }
};

/// Throws std::runtime_error for a file that cannot be read, is not UTF-8 or too short to hold anything out.
inline Text read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) throw std::runtime_error(path + ": cannot be read");
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::u32string points = decode(bytes, path);
  constexpr std::size_t least = 200;
  if (points.size() < least)
    throw std::runtime_error(path + ": found " + std::to_string(points.size()) + " characters, expected at least " +
                             std::to_string(least));
  Text text{points, unroll::Matrix<float>(1, static_cast<unroll::Index>(points.size()))};
  std::sort(text.alphabet.begin(), text.alphabet.end());
  text.alphabet.erase(std::unique(text.alphabet.begin(), text.alphabet.end()), text.alphabet.end());
  unroll::Index at = 0;
  for (const char32_t point : points)
    text.tokens(0, at++) =
        static_cast<float>(std::lower_bound(text.alphabet.begin(), text.alphabet.end(), point) - text.alphabet.begin());
  return text;
}

/// Bits per character of a model that counts: p(c | the `order` characters before) = (count + 1) / (all + V), counted
/// in `training` (Laplace's add-one), on the characters of `part` that have so many before them.
inline double counting_bits(const unroll::Matrix<float>& training, const unroll::Matrix<float>& part,
                            unroll::Index order, std::size_t alphabet) {
  using Key = std::vector<float>;
  std::map<Key, double> counts;  // of each context, and of each context with the next character
  const auto key = [](const unroll::Matrix<float>& text, unroll::Index first, unroll::Index length) {
    return Key(text.data() + first, text.data() + first + length);
  };
  for (unroll::Index t = order; t < training.cols(); ++t) {
    ++counts[key(training, t - order, order)];
    ++counts[key(training, t - order, order + 1)];
  }
  const auto count = [&](const Key& of) {
    const auto found = counts.find(of);
    return found == counts.end() ? 0 : found->second;
  };
  double bits = 0;
  for (unroll::Index t = order; t < part.cols(); ++t)
    bits -= std::log2((count(key(part, t - order, order + 1)) + 1) /
                      (count(key(part, t - order, order)) + static_cast<double>(alphabet)));
  return bits / static_cast<double>(part.cols() - order);
}
