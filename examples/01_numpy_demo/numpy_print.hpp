#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "numpy_array.hpp"

namespace numpy {

/// How one array writes its numbers: all in one notation and width, point below point.
///
/// NumPy's defaults: at most 8 digits after the point, and powers of ten once the numbers' sizes differ too much.
class NumberFormat {
 public:
  explicit NumberFormat(const std::vector<double>& values) {
    double largest = 0;
    double smallest = std::numeric_limits<double>::infinity();
    for (const double x : values) {
      if (x == 0 || !std::isfinite(x)) continue;
      largest = std::max(largest, std::abs(x));
      smallest = std::min(smallest, std::abs(x));
    }
    if (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000) notation_ = std::chars_format::scientific;

    bool any_finite = false;
    for (const double x : values) {
      if (!std::isfinite(x)) continue;
      any_finite = true;
      const Parts parts = shortest(x);
      before_ = std::max(before_, parts.whole.size());
      after_ = std::max(after_, parts.fraction.size());
      power_ = std::max(power_, parts.power.size());
    }
    width_ = any_finite ? before_ + 1 + after_ + (power_ == 0 ? 0 : 1 + power_) : 0;
    const std::size_t finite_width = width_;
    for (const double x : values) {
      if (!std::isfinite(x)) width_ = std::max(width_, not_finite(x).size());
    }
    before_ += width_ - finite_width;
  }

  std::string operator()(double x) const {
    if (!std::isfinite(x)) return padded(not_finite(x), width_);
    if (notation_ == std::chars_format::fixed) {
      const Parts parts = shortest(x);
      return padded(parts.whole, before_) + '.' + parts.fraction + std::string(after_ - parts.fraction.size(), ' ');
    }
    Parts parts = split(digits(x, static_cast<int>(after_)));
    parts.power.insert(1, power_ - parts.power.size(), '0');
    return padded(parts.whole, before_) + '.' + parts.fraction + 'e' + parts.power;
  }

 private:
  static constexpr std::size_t precision = 8;

  struct Parts {
    std::string whole, fraction, power;  // -1.5e-05: "-1", "5", "-05"
  };

  static Parts split(std::string_view text) {
    const std::size_t e = std::min(text.find('e'), text.size());
    const std::size_t point = std::min(text.find('.'), e);
    return {.whole = std::string(text.substr(0, point)),
            .fraction = std::string(point == e ? "" : text.substr(point + 1, e - point - 1)),
            .power = std::string(e == text.size() ? "" : text.substr(e + 1))};
  }

  /// With a number of digits: the exact value, rounded. Without: the fewest digits that read back as x.
  template <class... Digits>
  std::string digits(double x, Digits... after_point) const {
    char text[64];  // fixed notation is used below 1e8 only
    return {text, std::to_chars(text, text + sizeof text, x, notation_, after_point...).ptr};
  }

  /// The fewest digits that read back as x; if they are too many, the exact value rounded.
  Parts shortest(double x) const {
    Parts parts = split(digits(x));
    if (parts.fraction.size() <= precision) return parts;
    parts = split(digits(x, static_cast<int>(precision)));
    parts.fraction.erase(parts.fraction.find_last_not_of('0') + 1);
    return parts;
  }

  static std::string not_finite(double x) { return std::isnan(x) ? "nan" : x < 0 ? "-inf" : "inf"; }

  static std::string padded(const std::string& text, std::size_t width) {
    return std::string(width - text.size(), ' ') + text;
  }

  std::chars_format notation_ = std::chars_format::fixed;
  std::size_t before_ = 0;  // the point
  std::size_t after_ = 0;   // the point
  std::size_t power_ = 0;   // sign and digits of the power of ten
  std::size_t width_ = 0;
};

/// What Python's str(array) gives, the whole array whatever its size.
inline std::string text(const Array& array) {
  if (array.values.empty()) return "[]";
  constexpr std::size_t line_width = 75;
  const NumberFormat format(array.values);
  const std::size_t dimensions = array.shape.size();
  auto next = array.values.begin();

  const auto nested = [&](const auto& self, std::size_t axis) -> std::string {
    if (axis == dimensions) return format(*next++);
    const std::string indent(axis + 1, ' ');
    const std::size_t room = line_width - axis - 1;  // every open bracket needs its closing one
    std::string done;
    std::string line = std::string(axis, ' ') + '[';
    for (Index i = 0; i < array.shape[axis]; ++i) {
      const std::string item = self(self, axis + 1);
      if (axis + 1 < dimensions) {
        if (i > 0) line.append(dimensions - axis - 1, '\n') += indent;
      } else {
        if (i > 0) line += ' ';
        if (line.size() + item.size() > room && line.size() > indent.size()) {
          done += line.erase(line.find_last_not_of(' ') + 1) + '\n';
          line = indent;
        }
      }
      line += item;
    }
    return (done + line).substr(axis) + ']';
  };
  return nested(nested, 0);
}

/// A Python tuple of two or more: (3, 10, 4).
inline std::string shape_text(const Array& array) {
  std::string list;
  for (const Index size : array.shape) list += (list.empty() ? "" : ", ") + std::to_string(size);
  return '(' + list + ')';
}

}  // namespace numpy
