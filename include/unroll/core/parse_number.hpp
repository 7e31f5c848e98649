#pragma once

#include <charconv>
#include <cmath>
#include <locale>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "unroll/core/target.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// The number that the whole text is, in any locale. Nothing for any other text, infinity, NaN and numbers beyond
/// double's range. Numbers too small for a double are rounded, the smallest ones to zero; libc++ before 20 gives
/// nothing for them.
inline std::optional<double> parse_number(std::string_view text) {
  const auto begins_number = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  const std::size_t sign = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0;
  if (text.size() == sign || !begins_number(text[sign])) return std::nullopt;
  const auto by_chars = [&](auto& number) {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    if constexpr (requires { std::from_chars(begin, end, number); }) {
      const auto read = std::from_chars(begin + (text[0] == '+' ? 1 : 0), end, number);
      return read.ec == std::errc() && read.ptr == end;
    }
    return false;  // not covered: only libc++ before 20, which has it for integers alone
  };
  double number = 0;
  if (by_chars(number)) return number;
  // Slow. Where there is from_chars it is rare: from_chars does not say whether a number is too large or too small.
  // Some libraries would read hexadecimal numbers.
  if (text.find_first_not_of("0123456789.eE+-") != text.npos) return std::nullopt;
  std::istringstream in{std::string(text)};
  in.imbue(std::locale::classic());
  in >> std::noskipws >> number;
  if (in.fail() || in.peek() != std::istringstream::traits_type::eof()) return std::nullopt;
  return number;
}

}  // namespace unroll::inline UNROLL_TARGET::detail
