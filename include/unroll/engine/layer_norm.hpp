#pragma once

#include <cmath>

#include "unroll/engine/gate_buffer.hpp"

/// Layer normalisation of columns of a gate buffer (Ba, Kiros & Hinton 2016).
///
/// All functions see one column at a time, and are not inlined: a sample has the same bits alone, in any batch and
/// streamed.
namespace unroll::detail {

/// Added to the variance, as in the authors' program and in PyTorch.
inline constexpr double layer_norm_epsilon = 1e-5;

/// f(block, place, count) for every pack of a column, gate by gate; `place` is where it lies in its block.
template <class Scalar, class F>
EIGEN_ALWAYS_INLINE void for_each_pack(const GateBuffer<Scalar>& like, F f) {
  for (Index block = 0; block < like.blocks(); ++block)
    for (Index place = 0; place < like.gates() * like.lanes; place += like.lanes) f(block, place, like.count(block));
}

/// z = (z - mean) / sqrt(variance + epsilon) over all gates and units of a column (equation 3); returns the factor.
template <class Scalar>
EIGEN_DONT_INLINE Scalar normalize(GateBuffer<Scalar>& z, Index column) {
  using P = Pack<Scalar>;
  const Scalar size = static_cast<Scalar>(z.gates() * z.units());
  P sum(0), squares(0);
  for_each_pack(z, [&](Index block, Index place, Index count) { sum += P::load(z.at(block, column) + place, count); });
  const P mean(sum_of_lanes(sum) / size);
  for_each_pack(z, [&](Index block, Index place, Index count) {
    const P centred = (P::load(z.at(block, column) + place) - mean).first(count);
    squares = multiply_add(centred, centred, squares);
    centred.store(z.at(block, column) + place);
  });
  const Scalar factor = 1 / std::sqrt(sum_of_lanes(squares) / size + static_cast<Scalar>(layer_norm_epsilon));
  for_each_pack(z, [&](Index block, Index place, Index) {
    (P::load(z.at(block, column) + place) * P(factor)).store(z.at(block, column) + place);
  });
  return factor;
}

/// From d = dL/d(gain z), z the normalised column, to dL/d what was normalised:
///
///   factor (e - mean(e) - z mean(e z)),   e = gain d
///
/// `to` may be z itself.
template <class Scalar>
EIGEN_DONT_INLINE void normalize_back(const GateBuffer<Scalar>& d, Index d_column, const GateBuffer<Scalar>& gain,
                                      const GateBuffer<Scalar>& z, Index column, Scalar factor, GateBuffer<Scalar>& to,
                                      Index to_column) {
  using P = Pack<Scalar>;
  const Scalar size = static_cast<Scalar>(z.gates() * z.units());
  const auto e = [&](Index block, Index place) {
    return P::load(gain.at(block, 0) + place) * P::load(d.at(block, d_column) + place);
  };
  P sum(0), products(0);
  for_each_pack(z, [&](Index block, Index place, Index count) {
    const P value = e(block, place).first(count);
    sum += value;
    products = multiply_add(value, P::load(z.at(block, column) + place), products);
  });
  const P mean(sum_of_lanes(sum) / size), slope(-sum_of_lanes(products) / size);
  for_each_pack(z, [&](Index block, Index place, Index count) {
    const P value = multiply_add(slope, P::load(z.at(block, column) + place), e(block, place) - mean);
    (value * P(factor)).first(count).store(to.at(block, to_column) + place);
  });
}

}  // namespace unroll::detail
