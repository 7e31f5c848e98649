#pragma once

#include "unroll/engine/layer_norm_step.hpp"
#include "unroll/engine/recurrent.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A long short-term memory whose products and memory are normalised over the units (Ba, Kiros & Hinton 2016, equations
/// 20 to 22). This keeps them in range whatever the weights' scale, and makes training steadier:
///
///   i f g o   gain_ih LN(W_ih x_t) + gain_hh LN(W_hh h_{t-1}) + bias, then as in an Lstm
///   c = f c + i g
///   h = o tanh(gain_c LN(c) + bias_c)
///
/// LN(z) = (z - mean) / sqrt(variance + 1e-5) over a column's 4 H numbers, or the H of c. The paper has biases inside
/// and outside of its first two normalisations; only their sum acts, so here they are one. Zoneout of c comes after the
/// normalisation.
template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using LayerNormLstm = RecurrentLayer<detail::LayerNormStep<Scalar>, Inputs, H>;

}  // namespace unroll::inline UNROLL_TARGET
