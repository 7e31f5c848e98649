#pragma once

#include <charconv>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace unroll::detail {

/// A part of a message: a string, or a number as the shortest text that reads back as the same number, whatever the
/// locale is. A string must outlive it.
class TextPart {
 public:
  TextPart(std::string_view string) : text_(string) {}
  TextPart(const std::string& string) : text_(string) {}
  TextPart(const char* string) : text_(string) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  TextPart(Number number)
      : text_(digits_, static_cast<std::size_t>(std::to_chars(digits_, std::end(digits_), +number).ptr - digits_)) {}
  TextPart(const TextPart&) = delete;
  TextPart& operator=(const TextPart&) = delete;

  operator std::string_view() const { return text_; }

 private:
  char digits_[64];  // of a long double there are at most 40
  std::string_view text_;
};

// These two are no templates: a program has hundreds of messages, each of other types, and compiles one body for all.
inline std::string joined(std::initializer_list<TextPart> parts) {
  std::string result;
  for (const std::string_view part : parts) result += part;
  return result;
}

[[noreturn]] inline void refuse(std::initializer_list<TextPart> parts) { throw std::invalid_argument(joined(parts)); }

/// Strings and numbers side by side, without streams.
template <class... Parts>
std::string text(const Parts&... parts) {
  return joined({TextPart(parts)...});
}

/// Throws std::invalid_argument with the parts as its message, unless `good`.
template <class... Parts>
void require(bool good, const Parts&... parts) {
  if (!good) refuse({TextPart(parts)...});
}

}  // namespace unroll::detail
