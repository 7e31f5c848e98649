#pragma once

#include "unroll/engine/layer_norm.hpp"
#include "unroll/engine/sweep.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// One step of a sweep back through a LayerNormLstm; it needs dL/dh of all units.
template <class Sweep>
struct LayerNormBackward {
  using Cell = typename Sweep::Cell;
  using Scalar = typename Sweep::Scalar;

  Sweep& sweep;

  /// The samples are shared out among the members.
  void run() {
    auto& tape = sweep.tape;
    sweep.member.wait();  // dL/dh is whole
    const Range mine = sweep.member.part(tape.size());
    on_processor<Scalar>([&]<class P>() { through_output_and_rule<P>(mine); });
    sweep.clip(sweep.d_gates, sweep.column(), {0, 4});
    on_processor<Scalar>([&]<class P>() { through_product<P>(mine); });
  }

 private:
  template <class P>
  UNROLL_INNER_LOOP void through_output_and_rule(Range mine) {
    auto& tape = sweep.tape;
    for (Index b = mine.first; b < mine.end(); ++b) {
      const Index column = sweep.column() + b;
      if (!sweep.is_active(b)) {
        set_zero(sweep.d_gates, column);
        set_zero(sweep.d_output, column);
        continue;
      }
      through_output<P>(b);
      normalize_back<P>(sweep.d_output, column, tape.packed.gain_c, tape.buffers.memory, column,
                        tape.buffers.factors(2, column), tape.buffers.d_memory, b);
      through_rule<P>(b);
    }
  }
  template <class P>
  UNROLL_INNER_LOOP void through_product(Range mine) {
    auto& tape = sweep.tape;
    for (Index b = mine.first; b < mine.end(); ++b)
      if (sweep.is_active(b))
        normalize_back<P>(sweep.d_gates, sweep.column() + b, tape.packed.gain_hh, tape.buffers.recurrent,
                          sweep.column() + b, tape.buffers.factors(1, sweep.column() + b), tape.buffers.d_product, b);
      else
        set_zero(tape.buffers.d_product, b);
  }

  static void set_zero(BlockedMatrix<Scalar>& buffer, Index column) {
    for (Index panel = 0; panel < buffer.panels(); ++panel)
      std::fill_n(buffer.at(panel, column), buffer.groups() * buffer.lanes(), Scalar(0));
  }

  /// h = o tanh(n), n = gain_c z + bias_c. Leaves dL/dn in d_output, dL/d the pre-activation of o in d_gates, and in
  /// d_state[0] what reaches h past the rule. d_state[1] keeps all that reaches c.
  template <class P>
  UNROLL_INNER_LOOP void through_output(Index b) {
    const auto& tape = sweep.tape;
    const auto at = sweep.view();
    const Index units = tape.gates.units(), column = sweep.column() + b;
    const bool cut = sweep.is_cut(b);
    for (Index panel = 0; panel < tape.gates.panels(); ++panel) {
      const Index unit = panel * P::size, count = units - unit;
      const auto [d_h, past] = at.template arrive<P>(0, b, unit, units, count, cut, sweep.square_norm());
      const P z = P::load(tape.buffers.memory.at(panel, column));
      const P o = P::load(tape.gates.at(panel, column) + 3 * P::size);
      const P out =
          tanh(multiply_add(P::load(tape.packed.gain_c.at(panel, 0)), z, P::load(tape.packed.bias_c.at(panel, 0))));
      (d_h * o * (1 - out * out)).first(count).store(sweep.d_output.at(panel, column));
      (d_h * out * o * (1 - o)).first(count).store(sweep.d_gates.at(panel, column) + 3 * P::size);
      past.store(at.d_state[0] + b * units + unit, count);
    }
  }

  /// The cell's rule for c alone; d_memory holds what came to c through the output.
  template <class P>
  UNROLL_INNER_LOOP void through_rule(Index b) {
    const auto& tape = sweep.tape;
    const auto at = sweep.view();
    const Index units = tape.gates.units(), column = sweep.column() + b;
    const bool cut = sweep.is_cut(b);
    for (Index panel = 0; panel < tape.gates.panels(); ++panel) {
      const Index unit = panel * P::size, count = units - unit, offset = b * units + unit;
      const auto [d_c, past] = at.template arrive<P>(1, b, unit, units, count, cut, nullptr);
      const P d_o = P::load(sweep.d_gates.at(panel, column) + 3 * P::size);
      std::array<P, 2> d_state{P(0), d_c + P::load(tape.buffers.d_memory.at(panel, b))};
      GateValues<Cell, P> d_gates;
      Cell::backward(load_gates<Cell, P>(tape.gates.at(panel, column)), load_states<Cell, P>(at.before, offset, count),
                     load_states<Cell, P>(at.made, offset, count), d_state, d_gates);
      d_gates[3] = d_o;
      for (auto& d : d_gates) d = d.first(count);
      store_gates<Cell, P>(d_gates, sweep.d_gates.at(panel, column));
      (d_state[1] + past).store(at.d_state[1] + offset, count);
    }
  }
};

}  // namespace unroll::inline UNROLL_TARGET::detail
