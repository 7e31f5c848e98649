#pragma once

#include <charconv>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace unroll::detail {

/// A number as the shortest text that reads back as the same number, whatever the locale is.
template <class Number>
std::string number_text(Number number) {
  char digits[64];  // of a long double there are at most 40
  return {digits, std::to_chars(digits, digits + sizeof(digits), +number).ptr};
}

/// Strings and numbers side by side, without streams.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::string result;
  const auto append = [&](const auto& part) {
    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(part)>>)
      result += number_text(part);
    else
      result += part;
  };
  (append(parts), ...);
  return result;
}

/// Throws std::invalid_argument with the parts as its message, unless `good`.
template <class... Parts>
void require(bool good, const Parts&... parts) {
  if (!good) throw std::invalid_argument(text(parts...));
}

}  // namespace unroll::detail
