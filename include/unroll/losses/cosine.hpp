#pragma once

#include <algorithm>
#include <cmath>

#include "unroll/losses/loss.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

struct CosineRule {
  static constexpr const char* name = "cosine_distance";
  static constexpr const char* target_text = " as y";
  static constexpr bool by_element = false;
  static constexpr double least = 1e-8;  // of a length, as in PyTorch

  static Index target_rows(Index rows) { return rows; }
  static Index terms(Index) { return 1; }

  template <class Scalar>
  static const char* problem(const Scalar*, Index, const double*) {
    return nullptr;
  }

  template <class Scalar>
  static double column(const Scalar* y, const Scalar* target, Index rows, Scalar* d, const double*) {
    double dot = 0, y_square = 0, target_square = 0;
    for (Index i = 0; i < rows; ++i) {
      const double a = static_cast<double>(y[i]), b = static_cast<double>(target[i]);
      dot += a * b;
      y_square += a * a;
      target_square += b * b;
    }
    const double by_y = scale_of(y_square, y, rows), by_target = scale_of(target_square, target, rows);
    if (by_y != 1 || by_target != 1) {
      const Vector<double> a = Vector<Scalar>::Map(y, rows).template cast<double>() * by_y;
      const Vector<double> b = Vector<Scalar>::Map(target, rows).template cast<double>() * by_target;
      Vector<double> slopes(rows);
      const double loss = column(a.data(), b.data(), rows, slopes.data(), nullptr);
      Vector<Scalar>::Map(d, rows) = (slopes * by_y).template cast<Scalar>();
      return loss;
    }
    const double length = (std::max)(std::sqrt(y_square), least), other = (std::max)(std::sqrt(target_square), least);
    const double cosine = dot / (length * other);
    const double along = y_square > least * least ? cosine / (length * length) : 0;  // a clamped length is constant
    for (Index i = 0; i < rows; ++i)
      d[i] = static_cast<Scalar>(along * static_cast<double>(y[i]) - static_cast<double>(target[i]) / (length * other));
    return 1 - cosine;
  }

  /// Below 1 where the squares of a column are too large for a double: a smaller column has the same cosine.
  template <class Scalar>
  static double scale_of(double square, const Scalar* column, Index rows) {
    return std::isinf(square) && Vector<Scalar>::Map(column, rows).allFinite() ? 0x1p-530 : 1;
  }
};

}  // namespace detail

/// The type of `cosine_distance`.
using CosineDistance = Loss<detail::CosineRule>;

/// The mean over the columns of 1 - cos(y, target) = 1 - y . target / (|y| |target|), lengths at least 1e-8 as in
/// PyTorch, with the gradient (cos y / |y| - target / |target|) / |y| / n. See Loss for masks and weights.
inline constexpr CosineDistance cosine_distance;

}  // namespace unroll::inline UNROLL_TARGET
