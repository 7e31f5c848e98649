#pragma once

#include <cmath>

#include "unroll/engine/forward.hpp"

/// Layer normalisation inside a recurrent layer (Ba, Kiros & Hinton 2016): the steps of engine/forward.hpp for an
/// Lstm whose two products and whose memory are normalised before they are used; layer_norm_backward.hpp goes back.
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

/// The gains and biases as the steps read them: one column each.
template <class Scalar>
struct LayerNormGains {
  GateBuffer<Scalar> gain_ih, gain_hh, bias;  // gates x H
  GateBuffer<Scalar> gain_c, bias_c;          // H

  template <class L>
  void pack(const L& layer) {
    const Index units = layer.gain_c.size(), gates = layer.bias.size() / units;
    gain_ih.set_column(gates, units, layer.gain_ih);
    gain_hh.set_column(gates, units, layer.gain_hh);
    bias.set_column(gates, units, layer.bias);
    gain_c.set_column(1, units, layer.gain_c);
    bias_c.set_column(1, units, layer.bias_c);
  }
};

/// What was normalised, as it is after that, and the factors that did it. On the way back the first two become dL/d
/// what they were before.
template <class Scalar>
struct Normalized {
  GateBuffer<Scalar> input, recurrent;  // gates x H, columns
  GateBuffer<Scalar> memory;            // H, columns
  Matrix<Scalar> factors;               // 3 x columns

  void resize(Index gates, Index units, Index steps, Index batch) {
    for (auto* buffer : {&input, &recurrent}) buffer->resize(gates, units, steps, batch);
    memory.resize(1, units, steps, batch);
    detail::resize(factors, 3, steps * batch);
  }
};

/// One step of all samples. In: W_ih x in normalized.input.
template <class Cell, class Scalar, class Weight = Scalar>
struct LayerNormStep {
  const LayerPanels<Cell, Scalar, Weight>& panels;
  const LayerNormGains<Scalar>& gains;
  Normalized<Scalar>& normalized;
  GateBuffer<Scalar>& gates;  // out: what the cell's rule leaves there
  Index first;                // the step's first column in both
  Index size;                 // B
  std::array<const Scalar*, 2> before = {};
  std::array<Scalar*, 2> next = {};
  Member member = {};  // whose part of the units, then of the samples is meant

  void run() {
    multiply<gate_count<Cell>, Scalar>(member.part_of(panels.early.blocks()),
                                       {before[0], size, gates.units(), 1, {gates.units()}}, no_sums<Scalar>(),
                                       normalized.recurrent.sums(0, first), nothing_more);
    member.wait();  // the means are over all units
    const Range mine = member.part(size);
    for (Index b = mine.first; b < mine.first + mine.count; ++b) {
      const Index column = first + b;
      if constexpr (LayerPanels<Cell, Scalar, Weight>::scaled)
        for (auto* product : {&normalized.input, &normalized.recurrent}) scale(*product, column);
      normalized.factors(0, column) = normalize(normalized.input, column);
      normalized.factors(1, column) = normalize(normalized.recurrent, column);
      remember(b);
      normalized.factors(2, column) = normalize(normalized.memory, column);
      put_out(b);
    }
  }

 private:
  using P = Pack<Scalar>;

  void scale(GateBuffer<Scalar>& product, Index column) {
    for_each_pack(product, [&](Index block, Index place, Index) {
      (P::load(product.at(block, column) + place) * P::load(panels.scale.at(block, 0) + place))
          .store(product.at(block, column) + place);
    });
  }

  /// The cell's rule, which makes c.
  EIGEN_DONT_INLINE void remember(Index b) {
    const Index column = first + b;
    for (Index block = 0; block < gates.blocks(); ++block) {
      const Index offset = b * gates.units() + block * gates.lanes, count = gates.count(block);
      auto values = array_of<Cell::gate_names.size()>([&](std::size_t g) {
        const Index place = static_cast<Index>(g) * gates.lanes;
        const auto at = [&](const GateBuffer<Scalar>& buffer, Index j) { return P::load(buffer.at(block, j) + place); };
        return multiply_add(at(gains.gain_ih, 0), at(normalized.input, column),
                            multiply_add(at(gains.gain_hh, 0), at(normalized.recurrent, column), at(gains.bias, 0)));
      });
      auto state = load_states<Cell, Scalar>(before, offset, count);
      Cell::forward(values, state);
      store_gates<Cell, Scalar>(values, gates.at(block, column));
      state[1].store(next[1] + offset, count);
      state[1].store(normalized.memory.at(block, column));
    }
  }

  /// h = o tanh(LN(c))
  EIGEN_DONT_INLINE void put_out(Index b) {
    const Index column = first + b;
    for (Index block = 0; block < gates.blocks(); ++block) {
      const auto& [i, f, g, o] = load_gates<Cell, Scalar>(gates.at(block, column));
      const P c = multiply_add(P::load(gains.gain_c.at(block, 0)), P::load(normalized.memory.at(block, column)),
                               P::load(gains.bias_c.at(block, 0)));
      (o * tanh(c)).store(next[0] + b * gates.units() + block * gates.lanes, gates.count(block));
    }
  }
};

}  // namespace unroll::detail
