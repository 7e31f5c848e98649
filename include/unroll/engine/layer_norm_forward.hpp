#pragma once

#include "unroll/cells/lstm.hpp"
#include "unroll/engine/gate_weights.hpp"
#include "unroll/engine/layer_norm.hpp"
#include "unroll/engine/step.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// The weights of a LayerNormLstm.
template <class Scalar>
struct LayerNormWeights : GateWeights<cells::Lstm, Scalar> {
  using Base = GateWeights<cells::Lstm, Scalar>;

  Vector<Scalar> gain_ih;  ///< 4 H
  Vector<Scalar> gain_hh;  ///< 4 H
  Vector<Scalar> gain_c;   ///< H
  Vector<Scalar> bias_c;   ///< H

  /// Weights and bias as an Lstm's; gains 1 and bias_c 0, as in the paper.
  void initialize(Random& random, Initial initial) {
    Base::initialize(random, initial);
    for (auto* gain : {&gain_ih, &gain_hh, &gain_c}) gain->setOnes();
    bias_c.setZero();
  }

  template <class Weights, class F>
  static void each_shape(Weights& weights, Index inputs, Index units, Index outputs, F f) {
    Base::each_shape(weights, inputs, units, outputs, f);
    f("gain_ih", weights.gain_ih, 4 * units, 1);
    f("gain_hh", weights.gain_hh, 4 * units, 1);
    f("gain_c", weights.gain_c, units, 1);
    f("bias_c", weights.bias_c, units, 1);
  }

  template <class F, class... Weights>
  static void visit(F&& f, const std::string& prefix, Weights&... weights) {
    Base::visit(f, prefix, weights...);
    f(TensorName(prefix + "gain_ih", TensorKind::gain), weights.gain_ih...);
    f(TensorName(prefix + "gain_hh", TensorKind::gain), weights.gain_hh...);
    f(TensorName(prefix + "gain_c", TensorKind::gain), weights.gain_c...);
    f(TensorName(prefix + "bias_c", TensorKind::bias), weights.bias_c...);
  }
};

/// The weights as the products and the steps read them; gains and biases are one column each. The bias of the gates is
/// added after the normalisation, so `PackedGates::bias` is zero.
template <class Scalar, class Storage = Full>
struct PackedLayerNorm : PackedGates<cells::Lstm, Scalar, Storage> {
  BlockedMatrix<Scalar> gain_ih, gain_hh, bias_behind;  // 4 gates of H units
  BlockedMatrix<Scalar> gain_c, bias_c;                 // 1 group of H units

  void pack(const LayerNormWeights<Scalar>& weights, const Member& member = {}) {
    PackedGates<cells::Lstm, Scalar, Storage>::pack(weights, member);
    member.single([&] {
      const Index units = weights.units();
      this->bias.set_zero();
      gain_ih.set_column(4, units, weights.gain_ih);
      gain_hh.set_column(4, units, weights.gain_hh);
      bias_behind.set_column(4, units, weights.bias);
      gain_c.set_column(1, units, weights.gain_c);
      bias_c.set_column(1, units, weights.bias_c);
    });
  }
};

/// The normalised numbers, and the factors that normalised them. On the way back `input` and `recurrent` become dL/d
/// what they were before the normalisation.
template <class Scalar>
struct LayerNormBuffers {
  BlockedMatrix<Scalar> input, recurrent;                   // 4 gates of H units, columns
  BlockedMatrix<Scalar> memory;                             // H units, columns
  Matrix<Scalar> factors;                                   // 3 x columns
  BlockedMatrix<Scalar> d_product;                          // one step's dL/d W_hh h, B columns
  BlockedMatrix<Scalar> d_memory;                           // one step's dL/dc through h, B columns
  Vector<double> d_gain_ih, d_gain_hh, d_gain_c, d_bias_c;  // summed over the columns

  void resize(Index units, Index, Index steps, Index batch) {
    for (auto* buffer : {&input, &recurrent}) buffer->resize(4, units, steps, batch);
    memory.resize(1, units, steps, batch);
    detail::resize(factors, 3, steps * batch);
  }
  void resize_back(Index units, Index batch) {
    d_product.resize(4, units, 1, batch);
    d_memory.resize(1, units, 1, batch);
    for (auto* sums : {&d_gain_ih, &d_gain_hh}) resize_to_zeros(*sums, 4 * units);
    for (auto* sums : {&d_gain_c, &d_bias_c}) resize_to_zeros(*sums, units);
  }
};

/// One step of all samples forward. Before it buffers.input holds W_ih x.
template <class Scalar, class Storage>
struct LayerNormForward {
  using Cell = cells::Lstm;
  const PackedLayerNorm<Scalar, Storage>& packed;
  BlockedMatrix<Scalar>& gates;
  LayerNormBuffers<Scalar>& buffers;
  const ForwardView<Scalar, 2>& at;

  void run() {
    multiply<4, Scalar>(at.member.part_of(packed.early.panels()),
                        {at.fed_back, at.size, packed.early.depth(), 1, {packed.early.depth()}}, no_sums<Scalar>(),
                        buffers.recurrent.sums(0, at.first), nothing_more);
    at.member.wait();  // the means are over all units
    on_processor<Scalar>([&]<class P>() { finish<P>(at.member.part(at.size)); });
  }

 private:
  /// The rest of the step for some samples, when the products are there.
  template <class P>
  UNROLL_INNER_LOOP void finish(Range samples) {
    for (Index b = samples.first; b < samples.end(); ++b) {
      const Index column = at.first + b;
      if constexpr (is_scaled<Storage>)
        for (auto* product : {&buffers.input, &buffers.recurrent}) scale<P>(*product, column);
      buffers.factors(0, column) = normalize<P>(buffers.input, column);
      buffers.factors(1, column) = normalize<P>(buffers.recurrent, column);
      remember<P>(b);
      buffers.factors(2, column) = normalize<P>(buffers.memory, column);
      put_out<P>(b);
    }
  }

  template <class P>
  UNROLL_INNER_LOOP void scale(BlockedMatrix<Scalar>& product, Index column) {
    for_each_pack<P>(product, [&](Index panel, Index place, Index) {
      (P::load(product.at(panel, column) + place) * P::load(packed.scale.at(panel, 0) + place))
          .store(product.at(panel, column) + place);
    });
  }

  /// The cell's rule, which makes c.
  template <class P>
  UNROLL_INNER_LOOP void remember(Index b) {
    const Index column = at.first + b;
    for (Index panel = 0; panel < gates.panels(); ++panel) {
      const Index unit = panel * P::size, offset = b * gates.units() + unit, count = gates.units() - unit;
      auto values = array_of<4>([&]<int g>() {
        const Index place = g * P::size;
        const auto load = [&](const BlockedMatrix<Scalar>& buffer, Index j) {
          return P::load(buffer.at(panel, j) + place);
        };
        return multiply_add(
            load(packed.gain_ih, 0), load(buffers.input, column),
            multiply_add(load(packed.gain_hh, 0), load(buffers.recurrent, column), load(packed.bias_behind, 0)));
      });
      auto state = load_states<Cell, P>(at.before, offset, count);
      Cell::forward(values, state);
      store_gates<Cell, P>(values, gates.at(panel, column));
      state[1].store(buffers.memory.at(panel, column));
      at.leave(1, state[1], offset, count, at.is_past_end(b));
    }
  }

  /// h = o tanh(gain_c LN(c) + bias_c)
  template <class P>
  UNROLL_INNER_LOOP void put_out(Index b) {
    const Index column = at.first + b;
    for (Index panel = 0; panel < gates.panels(); ++panel) {
      const P o = P::load(gates.at(panel, column) + 3 * P::size);
      const P c = multiply_add(P::load(packed.gain_c.at(panel, 0)), P::load(buffers.memory.at(panel, column)),
                               P::load(packed.bias_c.at(panel, 0)));
      const Index unit = panel * P::size;
      at.leave(0, o * tanh(c), b * gates.units() + unit, gates.units() - unit, at.is_past_end(b));
    }
  }
};

}  // namespace unroll::inline UNROLL_TARGET::detail
