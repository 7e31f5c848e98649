#pragma once

#include <cmath>

#include "unroll/product/blocked_matrix.hpp"

/// Layer normalisation of columns of a blocked matrix (Ba, Kiros & Hinton 2016).
///
/// All functions see one column at a time: a sample has the same bits alone, in any batch and streamed.
namespace unroll::inline UNROLL_TARGET::detail {

/// Added to the variance, as in the authors' program and in PyTorch.
inline constexpr double layer_norm_epsilon = 1e-5;

/// f(panel, place, count) for every pack of a column, gate by gate; `place` is where it lies in its panel.
template <class P, class F>
UNROLL_INNER_LOOP void for_each_pack(const BlockedMatrix<typename P::Lane>& like, const F& f) {
  for (Index unit = 0, panel = 0; unit < like.units(); unit += P::size, ++panel)
    for (Index place = 0; place < like.groups() * P::size; place += P::size) f(panel, place, like.units() - unit);
}

/// z = (z - mean) / sqrt(variance + epsilon) over all gates and units of a column (equation 3); returns the factor.
template <class P, class Scalar>
UNROLL_INNER_LOOP Scalar normalize(BlockedMatrix<Scalar>& z, Index column) {
  const Scalar size = static_cast<Scalar>(z.groups() * z.units());
  P sum(0), squares(0);
  for_each_pack<P>(z,
                   [&](Index panel, Index place, Index count) { sum += P::load(z.at(panel, column) + place, count); });
  const P mean(sum_of_lanes(sum) / size);
  for_each_pack<P>(z, [&](Index panel, Index place, Index count) {
    const P centred = (P::load(z.at(panel, column) + place) - mean).first(count);
    squares = multiply_add(centred, centred, squares);
    centred.store(z.at(panel, column) + place);
  });
  const Scalar variance = sum_of_lanes(squares) / size;
  // NaN where the squares are too large for a Scalar: else all would become zero without a word.
  const Scalar factor = 0 * variance + 1 / std::sqrt(variance + static_cast<Scalar>(layer_norm_epsilon));
  for_each_pack<P>(z, [&](Index panel, Index place, Index) {
    (P::load(z.at(panel, column) + place) * P(factor)).store(z.at(panel, column) + place);
  });
  return factor;
}

/// Turns d = dL/d(gain z), where z is the normalised column, into dL/d what was normalised:
///
///   factor (e - mean(e) - z mean(e z)),   e = gain d
///
/// `to` may be z itself.
template <class P, class Scalar>
UNROLL_INNER_LOOP void normalize_back(const BlockedMatrix<Scalar>& d, Index d_column, const BlockedMatrix<Scalar>& gain,
                                      const BlockedMatrix<Scalar>& z, Index column, Scalar factor,
                                      BlockedMatrix<Scalar>& to, Index to_column) {
  const Scalar size = static_cast<Scalar>(z.groups() * z.units());
  const auto e = [&](Index panel, Index place) {
    return P::load(gain.at(panel, 0) + place) * P::load(d.at(panel, d_column) + place);
  };
  P sum(0), products(0);
  for_each_pack<P>(z, [&](Index panel, Index place, Index count) {
    const P value = e(panel, place).first(count);
    sum += value;
    products = multiply_add(value, P::load(z.at(panel, column) + place), products);
  });
  const P mean(sum_of_lanes(sum) / size), slope(-sum_of_lanes(products) / size);
  for_each_pack<P>(z, [&](Index panel, Index place, Index count) {
    const P value = multiply_add(slope, P::load(z.at(panel, column) + place), e(panel, place) - mean);
    (value * P(factor)).first(count).store(to.at(panel, to_column) + place);
  });
}

}  // namespace unroll::inline UNROLL_TARGET::detail
