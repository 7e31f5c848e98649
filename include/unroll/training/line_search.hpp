#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "unroll/core/types.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// A point on the line of a search: weights, and what the loss is like there.
struct LinePoint {
  Vector<double> weights, gradient;
  double loss = 0;
  double at = 0;     // steps along the direction from where its search began
  double slope = 0;  // of the loss along the direction

  bool finite() const { return std::isfinite(loss) && gradient.allFinite(); }
};

/// Looks along a direction for a point of the strong Wolfe conditions (Nocedal & Wright 2006, algorithm 3.5).
class WolfeSearch {
 public:
  using Evaluate = std::function<LinePoint(double at)>;

  WolfeSearch(const LinePoint& start, Evaluate evaluate, double least_width)
      : start_(start), evaluate_(std::move(evaluate)), least_width_(least_width) {}

  /// Returns that point, or the start where nothing lower was found.
  LinePoint from(double first) {
    LinePoint before = start_, now = evaluate_(first);
    for (left_ = most; left_ > 0; --left_) {
      if (too_high(now) || (left_ < most && now.loss >= before.loss)) return zoom(std::move(before), std::move(now));
      if (flat_enough(now)) return now;
      if (now.slope >= 0) return zoom(std::move(now), std::move(before));
      const double next = cubic_minimum(before, now, 2 * now.at, 10 * now.at);
      before = std::exchange(now, evaluate_(next));
    }
    return before;
  }

 private:
  static constexpr double sufficient_decrease = 1e-4, curvature = 0.9;
  static constexpr int most = 25;  // evaluations

  /// Whether the loss has not decreased enough, or a number is not finite.
  bool too_high(const LinePoint& p) const {
    return !p.finite() || p.loss > start_.loss + sufficient_decrease * p.at * start_.slope;
  }
  bool flat_enough(const LinePoint& p) const { return std::abs(p.slope) <= -curvature * start_.slope; }

  /// Searches between the lowest point that has decreased enough and another one: algorithm 3.6.
  LinePoint zoom(LinePoint low, LinePoint high) {
    for (; left_ > 0 && std::abs(high.at - low.at) >= least_width_; --left_) {
      const auto [first, last] = std::minmax({low.at, high.at});
      const double margin = 0.1 * (last - first);  // else it could creep along from an end
      LinePoint now = evaluate_(cubic_minimum(low, high, first + margin, last - margin));
      if (too_high(now) || now.loss >= low.loss) {
        high = std::move(now);
        continue;
      }
      if (flat_enough(now)) return now;
      if (now.slope * (high.at - low.at) >= 0) high = std::move(low);
      low = std::move(now);
    }
    return low;
  }

  /// The minimum of the cubic through two points (equation 3.59), kept between two bounds; the middle if there is none.
  static double cubic_minimum(const LinePoint& one, const LinePoint& other, double lowest, double highest) {
    const LinePoint &a = one.at < other.at ? one : other, &b = one.at < other.at ? other : one;
    const double d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.at - b.at), d2 = d1 * d1 - a.slope * b.slope;
    if (!(d2 >= 0) || !std::isfinite(d2)) return (lowest + highest) / 2;
    const double root = std::sqrt(d2);
    const double at = b.at - (b.at - a.at) * ((b.slope + root - d1) / (b.slope - a.slope + 2 * root));
    return std::isnan(at) ? (lowest + highest) / 2 : std::clamp(at, lowest, highest);
  }

  const LinePoint& start_;
  Evaluate evaluate_;
  double least_width_;
  int left_ = most;
};

}  // namespace unroll::inline UNROLL_TARGET::detail
