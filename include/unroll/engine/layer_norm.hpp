#pragma once

#include "unroll/engine/backward.hpp"

/// Layer normalisation inside a recurrent layer (Ba, Kiros & Hinton 2016): the steps of engine/forward.hpp and
/// engine/backward.hpp for an Lstm whose two products and whose memory are normalised before they are used.
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

template <class Scalar>
Scalar sum_of_lanes(Pack<Scalar> values) {
  Scalar lanes[Pack<Scalar>::size];
  values.store(lanes);
  Scalar sum = 0;
  for (const Scalar lane : lanes) sum += lane;
  return sum;
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
    factors.resize(3, steps * batch);
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

/// A sweep back over the steps processed in the places [begin, end), as BackwardSweep.
template <class Tape, class L>
class LayerNormSweep {
  using Cell = typename L::Cell;
  using Scalar = typename L::Scalar;
  using P = Pack<Scalar>;

 public:
  /// d_h: dL/dh of every step, used from the place `first_error` on. dL/d gain_c and bias_c are added to `gradient`.
  LayerNormSweep(Tape& tape, const Input<Scalar>& d_h, Index first_error, const BackwardOptions& options,
                 GateBuffer<Scalar>& d_gates, L& gradient, const Member& member)
      : tape_(tape),
        d_h_(d_h),
        first_error_(first_error),
        options_(options),
        d_gates_(d_gates),
        gradient_(gradient),
        member_(member) {}

  /// The member's part of the products; the first one does the rest, whose sums are over units and samples. Returns the
  /// sum of squares of what it clipped.
  double run(Index begin, Index end) {
    for (Index s = end - 1; s >= begin; --s) {
      if (s + 1 < end) to_h_before();
      member_.wait();  // dL/dh is whole
      member_.alone([&] { step_back(s); });
    }
    if (end > begin) to_h_before();
    member_.wait();
    member_.alone([&] { reach_initial_state(begin); });
    return clipped_squares_;
  }

 private:
  void step_back(Index s) {
    const Index t = tape_.step_at(s);
    square_norm_ = 0;
    for (Index b = 0; b < tape_.size(); ++b) {
      const Index column = t * tape_.size() + b;
      if (!tape_.active(t, b)) {
        for (Index block = 0; block < d_gates_.blocks(); ++block)
          for (auto* zero : {d_gates_.at(block, column), tape_.d_product.at(block, b)})
            std::fill_n(zero, d_gates_.gates() * d_gates_.lanes, Scalar(0));
        continue;
      }
      if (s + 1 < tape_.steps && tape_.fresh(tape_.step_at(s + 1), b))  // nothing comes back from there
        for (auto& d : tape_.d_state) d.col(b).setZero();
      if (s >= first_error_) tape_.d_state[0].col(b) += d_h_.col(column);
      through_output(column, b);
      normalize_back(tape_.d_memory, b, tape_.gains.gain_c, tape_.normalized.memory, column,
                     tape_.normalized.factors(2, column), tape_.d_memory, b);
      through_rule(t, b);
      if (options_.clip > 0)
        clipped_squares_ += clip_gates(d_gates_, column, 1, {0, gate_count<Cell>}, options_.clip, tape_.clip_report);
      normalize_back(d_gates_, column, tape_.gains.gain_hh, tape_.normalized.recurrent, column,
                     tape_.normalized.factors(1, column), tape_.d_product, b);
    }
    if (options_.record_norms) tape_.d_h_norms[static_cast<std::size_t>(t)] = std::sqrt(square_norm_);
  }

  void reach_initial_state(Index begin) {
    for (Index b = 0; b < tape_.size(); ++b)
      if (tape_.begins(b) >= begin && !tape_.fresh(tape_.step_at(0), b))  // not truncated, not cut off by a reset
        for (std::size_t n = 0; n < tape_.d_state.size(); ++n)
          tape_.d_initial.values[n].col(b) += tape_.d_state[n].col(b);
  }

  /// d_h += W_hh^T d_product
  void to_h_before() {
    Matrix<Scalar>& d_h = tape_.d_state[0];
    const Sums<Scalar> sums = column_sums(d_h.data(), d_h.rows(), d_h.rows());
    multiply<1, Scalar>(member_.part_of(tape_.panels.early.blocks()),
                        tape_.d_product.operand({0, gate_count<Cell>}, 0, tape_.size()), constant(sums), sums,
                        nothing_more);
  }

  /// h = o tanh(n), n = gain_c z + bias_c: leaves dL/dn in d_memory, and dL/do's pre-activation in d_state[0], whose
  /// own number is not needed any more.
  EIGEN_DONT_INLINE void through_output(Index column, Index b) {
    for (Index block = 0; block < d_gates_.blocks(); ++block) {
      const Index first = block * d_gates_.lanes, count = d_gates_.count(block);
      Scalar* d_state = tape_.d_state[0].data() + b * d_gates_.units() + first;
      const P d_h = P::load(d_state, count), z = P::load(tape_.normalized.memory.at(block, column));
      const P o = P::load(tape_.gates.at(block, column) + 3 * d_gates_.lanes);
      const P out =
          tanh(multiply_add(P::load(tape_.gains.gain_c.at(block, 0)), z, P::load(tape_.gains.bias_c.at(block, 0))));
      const P d_n = d_h * o * (1 - out * out);
      if (options_.record_norms) square_norm_ += sum_of_squares(d_h);
      (d_h * out * o * (1 - o)).store(d_state, count);
      d_n.store(tape_.d_memory.at(block, b));
      Scalar *gain = gradient_.gain_c.data() + first, *bias = gradient_.bias_c.data() + first;
      (P::load(gain, count) + d_n * z).store(gain, count);
      (P::load(bias, count) + d_n).store(bias, count);
    }
  }

  /// The cell's rule for c alone; d_memory holds what came to c through the output.
  EIGEN_DONT_INLINE void through_rule(Index t, Index b) {
    const auto d_states = array_of<2>([&](std::size_t n) { return tape_.d_state[n].data(); });
    const auto before = array_of<2>([&](std::size_t n) { return tape_.before(n, t); });
    const auto next = array_of<2>([&](std::size_t n) { return tape_.next(n, t); });
    for (Index block = 0; block < d_gates_.blocks(); ++block) {
      const Index column = t * tape_.size() + b, count = d_gates_.count(block);
      const Index offset = b * d_gates_.units() + block * d_gates_.lanes;
      auto d_state = load_states<Cell, Scalar>(d_states, offset, count);
      const P d_o = d_state[0];
      d_state[0] = P(0);
      d_state[1] += P::load(tape_.d_memory.at(block, b));
      GateValues<Cell, P> d_gates;
      Cell::backward(load_gates<Cell, Scalar>(tape_.gates.at(block, column)),
                     load_states<Cell, Scalar>(before, offset, count), load_states<Cell, Scalar>(next, offset, count),
                     d_state, d_gates);
      d_gates[3] = d_o;
      for (auto& d : d_gates) d = d.first(count);
      store_gates<Cell, Scalar>(d_gates, d_gates_.at(block, column));
      store_states<Cell, Scalar>(d_state, d_states, offset, count);
    }
  }

  Tape& tape_;
  const Input<Scalar>& d_h_;
  Index first_error_;
  const BackwardOptions& options_;
  GateBuffer<Scalar>& d_gates_;
  L& gradient_;
  Member member_;
  double square_norm_ = 0;  // of this step's dL/dh
  double clipped_squares_ = 0;
};

}  // namespace unroll::detail
