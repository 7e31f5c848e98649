#pragma once

#include "unroll/engine/layer_norm.hpp"
#include "unroll/engine/sweep.hpp"

namespace unroll::detail {

/// sums(gates x units) += sum over some columns of d * z: every 16 of them in their own type, those sums in double.
template <int Gates, class Scalar>
void add_products_of_columns(const GateBuffer<Scalar>& d, const GateBuffer<Scalar>& z, Range columns,
                             Vector<double>& sums, const Member& member) {
  using P = Pack<Scalar>;
  const Range mine = member.part(d.blocks());
  for (Index block = mine.first; block < mine.first + mine.count; ++block)
    for (Index gate = 0; gate < Gates; ++gate)
      for_each_part(columns.count, 16, [&](Index first, Index count) {
        P sum(0);
        for (Index j = columns.first + first; j < columns.first + first + count; ++j)
          sum = multiply_add(P::load(d.at(block, j) + gate * d.lanes), P::load(z.at(block, j) + gate * d.lanes), sum);
        sum.add_to(sums.data() + gate * d.units() + block * d.lanes, d.count(block));
      });
}

/// One step of a sweep back through a LayerNormLstm, when dL/dh of all units is there.
template <class Sweep>
struct LayerNormBackward {
  using Cell = typename Sweep::Cell;
  using Scalar = typename Sweep::Scalar;
  using P = Pack<Scalar>;

  Sweep& sweep;

  /// The samples are shared out among the members.
  void run() {
    auto& tape = sweep.tape;
    sweep.member.wait();  // dL/dh is whole
    const Range mine = sweep.member.part(tape.size());
    for (Index b = mine.first; b < mine.first + mine.count; ++b) {
      const Index column = sweep.column() + b;
      if (!sweep.is_active(b)) {
        set_zero(sweep.d_gates, column);
        set_zero(sweep.d_output, column);
        continue;
      }
      through_output(b);
      normalize_back(sweep.d_output, column, tape.packed.gain_c, tape.buffers.memory, column,
                     tape.buffers.factors(2, column), tape.buffers.d_memory, b);
      through_rule(b);
    }
    sweep.clip(sweep.d_gates, sweep.column(), {0, 4});
    for (Index b = mine.first; b < mine.first + mine.count; ++b)
      if (sweep.is_active(b))
        normalize_back(sweep.d_gates, sweep.column() + b, tape.packed.gain_hh, tape.buffers.recurrent,
                       sweep.column() + b, tape.buffers.factors(1, sweep.column() + b), tape.buffers.d_product, b);
      else
        set_zero(tape.buffers.d_product, b);
  }

 private:
  static void set_zero(GateBuffer<Scalar>& buffer, Index column) {
    for (Index block = 0; block < buffer.blocks(); ++block)
      std::fill_n(buffer.at(block, column), buffer.gates() * buffer.lanes, Scalar(0));
  }

  /// h = o tanh(n), n = gain_c z + bias_c: leaves dL/dn in d_output, dL/do's pre-activation in d_gates, and in d_state
  /// what reaches h past the rule, and all that reaches c.
  EIGEN_DONT_INLINE void through_output(Index b) {
    const auto& tape = sweep.tape;
    const auto at = sweep.view();
    const Index units = tape.gates.units(), column = sweep.column() + b;
    const bool cut = sweep.is_cut(b);
    for (Index block = 0; block < tape.gates.blocks(); ++block) {
      const Index unit = block * tape.gates.lanes, count = tape.gates.count(block);
      const auto [d_h, past] = at.arrive(0, b, unit, units, count, cut, sweep.square_norm());
      const P z = P::load(tape.buffers.memory.at(block, column));
      const P o = P::load(tape.gates.at(block, column) + 3 * tape.gates.lanes);
      const P out =
          tanh(multiply_add(P::load(tape.packed.gain_c.at(block, 0)), z, P::load(tape.packed.bias_c.at(block, 0))));
      (d_h * o * (1 - out * out)).first(count).store(sweep.d_output.at(block, column));
      (d_h * out * o * (1 - o)).first(count).store(sweep.d_gates.at(block, column) + 3 * tape.gates.lanes);
      past.store(at.d_state[0] + b * units + unit, count);
    }
  }

  /// The cell's rule for c alone; d_memory holds what came to c through the output.
  EIGEN_DONT_INLINE void through_rule(Index b) {
    const auto& tape = sweep.tape;
    const auto at = sweep.view();
    const Index units = tape.gates.units(), column = sweep.column() + b;
    const bool cut = sweep.is_cut(b);
    for (Index block = 0; block < tape.gates.blocks(); ++block) {
      const Index unit = block * tape.gates.lanes, count = tape.gates.count(block), offset = b * units + unit;
      const auto [d_c, past] = at.arrive(1, b, unit, units, count, cut, nullptr);
      const P d_o = P::load(sweep.d_gates.at(block, column) + 3 * tape.gates.lanes);
      std::array<P, 2> d_state{P(0), d_c + P::load(tape.buffers.d_memory.at(block, b))};
      GateValues<Cell, P> d_gates;
      Cell::backward(load_gates<Cell, Scalar>(tape.gates.at(block, column)),
                     load_states<Cell, Scalar>(at.before, offset, count),
                     load_states<Cell, Scalar>(at.made, offset, count), d_state, d_gates);
      d_gates[3] = d_o;
      for (auto& d : d_gates) d = d.first(count);
      store_gates<Cell, Scalar>(d_gates, sweep.d_gates.at(block, column));
      (d_state[1] + past).store(at.d_state[1] + offset, count);
    }
  }
};

}  // namespace unroll::detail
