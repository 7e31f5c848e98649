#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "unroll/core/target.hpp"

namespace unroll::inline UNROLL_TARGET {

/// In a program compiled without exceptions, this is called instead of a throw, with the exception's message. It must
/// not return. Without a handler the program writes the message to stderr, where there is one, and aborts.
inline void (*error_handler)(const char* message) = nullptr;

namespace detail {

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
inline constexpr bool has_exceptions = true;
#else
inline constexpr bool has_exceptions = false;
#endif

/// Throws Error(arguments...): all errors of the library begin here.
template <class Error, class... Arguments>
[[noreturn]] void raise(Arguments&&... arguments) {
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
  throw Error(std::forward<Arguments>(arguments)...);
#else
  const Error error(std::forward<Arguments>(arguments)...);
  if (error_handler != nullptr) error_handler(error.what());
#if defined(__unix__) || defined(__APPLE__) || defined(_WIN32)
  std::fprintf(stderr, "unroll: %s\n", error.what());
#endif
  std::abort();
#endif
}

/// Calls f(). Returns what it throws, to be thrown again elsewhere.
template <class F>
std::exception_ptr exception_of(const F& f) {
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
  try {
    f();
  } catch (...) {
    return std::current_exception();
  }
#else
  f();
#endif
  return nullptr;
}

/// A number as the shortest text that reads back as the same number, whatever the locale.
template <class Number>
std::string shortest_text(Number number) {
  char digits[64];  // of a long double there are at most 40
  return {digits, std::to_chars(digits, digits + sizeof(digits), +number).ptr};
}

/// The same for messages. Programs without exceptions are short of memory; in them fractions have six digits, because
/// the tables of the shortest text take 130 KB.
template <class Number>
std::string number_text(Number number) {
  if constexpr (std::is_floating_point_v<Number> && !has_exceptions) {  // not covered: only without exceptions
    if (!std::isfinite(number)) return std::isnan(number) ? "nan" : number < 0 ? "-inf" : "inf";
    int exponent = 0;
    for (; std::abs(number) >= 1e6; number /= 10) ++exponent;
    for (; std::abs(number) < 1e5 && number != 0; number *= 10) --exponent;
    long digits = std::lround(number);
    for (; digits % 10 == 0 && exponent < 0; digits /= 10) ++exponent;
    std::string result = number_text(digits);
    if (exponent != 0) (result += 'e') += number_text(exponent);
    return result;
  } else {
    return shortest_text(number);
  }
}

/// A part of a message: a number, or a string that must outlive it. It becomes text only in `joined`. A program has
/// hundreds of messages, with parts of many types; so what is compiled for each must be as little as possible.
class TextPart {
 public:
  TextPart(const std::string& string) : string_(string) {}
  TextPart(const char* string) : string_(string) {}
  template <class Number>
    requires(std::is_arithmetic_v<Number> && sizeof(Number) <= sizeof(std::uint64_t))
  TextPart(Number number) : append_(&append<Number>) {
    std::memcpy(&number_, &number, sizeof(number));
  }

  void append_to(std::string& text) const {
    if (append_ != nullptr)
      append_(*this, text);
    else
      text += string_;
  }

 private:
  template <class Number>
  static void append(const TextPart& part, std::string& text) {
    Number number;
    std::memcpy(&number, &part.number_, sizeof(number));
    text += number_text(number);
  }

  void (*append_)(const TextPart&, std::string&) = nullptr;  // of a number's type
  std::uint64_t number_ = 0;                                 // its bytes
  std::string_view string_;
};

inline std::string joined(const std::initializer_list<TextPart>& parts) {
  std::string result;
  for (const TextPart& part : parts) part.append_to(result);
  return result;
}

[[noreturn]] inline void refuse(const std::initializer_list<TextPart>& parts) {
  raise<std::invalid_argument>(joined(parts));
}

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

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
