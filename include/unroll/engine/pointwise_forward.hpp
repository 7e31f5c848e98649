#pragma once

#include "unroll/engine/gate_weights.hpp"
#include "unroll/engine/step.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// One step of all samples forward: the recurrent product, and the cell's rule on each finished tile of sums.
template <class Cell, class Scalar, class Storage>
struct PointwiseForward {
  static constexpr std::size_t N = Cell::state_names.size();
  static constexpr GateRun in = input_gates<Cell>(), early = early_gates<Cell>(), late = late_gates<Cell>();

  const PackedGates<Cell, Scalar, Storage>& packed;
  BlockedMatrix<Scalar>& gates;  // before the step: bias and input part
  Matrix<Scalar>& operand;       // H x columns, late gates only
  const ForwardView<Scalar, N>& at;
  const Scalar* x = nullptr;  // the samples' inputs, I x B, where `gates` do not hold their part

  EIGEN_ALWAYS_INLINE void run() {
    if constexpr (late.count == 0) {
      if (at.size == 1) return run_one_sample();
      if (x != nullptr) return run_several();
    }
    const auto rule = [this](const Tile& tile) { on_processor<Scalar>([&]<class P>() { apply_rule<P>(tile); }); };
    if constexpr (late.count > 0) {
      add_product<early.count>(packed.early, early.first, at.fed_back, [this](const Tile& tile) {
        on_processor<Scalar>([&]<class P>() { make_operand<P>(tile); });
      });
      at.member.wait();  // the operand is whole
      add_product<late.count>(packed.late, late.first, operand_at(0), rule);
    } else if constexpr (early.count > 0) {
      add_product<early.count>(packed.early, early.first, at.fed_back, rule);
    } else {
      rule({at.member.part(gates.panels()), {0, at.size}});
    }
  }

 private:
  Scalar* operand_at(Index b) { return operand.data() + (at.first + b) * operand.rows(); }

  template <int Gates, class Done>
  void add_product(const PackedMatrix<Scalar, Storage>& weights, int first_gate, const Scalar* h, Done done) {
    const Sums<Scalar> to = gates.sums(first_gate, at.first);
    multiply<Gates, Scalar>(at.member.part_of(weights.panels()), {h, at.size, weights.depth(), 1, {weights.depth()}},
                            constant(to), to, done, at.t % 2 != 0);
  }

  /// One sample: the rule takes the sums before they leave the registers.
  void run_one_sample() {
    with_packs<Scalar>([&]<class P>() { run_one_sample<P>(); });
  }
  template <class P>
  UNROLL_INNER_LOOP void run_one_sample() {
    using T = MicroTiles<P, (std::max)(early.count, 1), Storage>;
    constexpr int most = (std::min)(T::side_of_one, 4);  // each number n of panels is a function with n rules
    static constexpr auto table =
        array_of<most>([]<int p>() { return compiled_for<P, &PointwiseForward::tile_and_rule<P, p + 1, 1, true>>; });
    const Range mine = at.member.part(gates.panels());
    if constexpr (halves<P>)
      if (mine.count == 1 && gates.units() <= P::Half::size)
        return compiled_for<P, &PointwiseForward::tile_and_rule<P, 1, 1, true, typename P::Half>>(*this, 0, 0);
    for_each_part(
        mine.count, std::min<Index>(T::panels_of_one(packed.early.panels().stride), most),
        [&](Range part) { table[static_cast<std::size_t>(part.count - 1)](*this, mine.first + part.first, 0); },
        at.t % 2 != 0);
  }
  /// Several samples whose inputs are in x: the same, some columns at a time.
  void run_several() {
    with_packs<Scalar>([&]<class P>() { run_several<P>(); });
  }
  template <class P>
  UNROLL_INNER_LOOP void run_several() {
    constexpr int most = std::clamp(8 / gate_count<Cell>, 1, 4);  // eight sums hide the latency of the multiply-adds
    static constexpr auto table =
        array_of<most>([]<int c>() { return compiled_for<P, &PointwiseForward::tile_and_rule<P, 1, c + 1, false>>; });
    for (Index panel = 0; panel < gates.panels(); ++panel)
      for_each_part(at.size, most, [&](Range columns) {
        table[static_cast<std::size_t>(columns.count - 1)](*this, panel, columns.first);
      });
  }
  /// `Side` panels by NR columns, from (panel, column) on. Part is P, or half a P for one panel whose units fit it.
  template <class P, int Side, int NR, bool Alone, class Part = P>
  static void tile_and_rule(PointwiseForward& self, Index panel, Index column) {
    self.in_registers<P, Part, NR>(panel, Alone ? 0 : column, std::make_integer_sequence<int, Side>(),
                                   std::make_integer_sequence<int, Side * NR>(),
                                   std::make_integer_sequence<int, Side * NR * gate_count<Cell>>());
  }
  template <class P, class Part, int NR, int... p, int... q, int... i>
  UNROLL_INNER_LOOP void in_registers(Index panel, Index b, std::integer_sequence<int, p...>,
                                      std::integer_sequence<int, q...>, std::integer_sequence<int, i...>) {
    constexpr int Side = sizeof...(p), G = gate_count<Cell>;
    const Scalar* const from[] = {(x != nullptr ? packed.bias.at(panel + p, 0) : gates.at(panel + p, at.first))...};
    Part s[] = {Part::load(from[i / G % Side] + i % G * P::size)...};
    const Index inputs = packed.input.depth(), outputs = packed.early.depth();
    if (x != nullptr)
      add_products<TileShape<P, in.count, Side, NR, G, in.first>>(packed.input.panels(),
                                                                  {x, at.size, inputs, 1, {inputs}}, panel, b, s);
    if constexpr (early.count > 0)
      add_products<TileShape<P, early.count, Side, NR, G, early.first>>(
          packed.early.panels(), {at.fed_back, at.size, outputs, 1, {outputs}}, panel, b, s);
    (apply_rule<P>(panel + q % Side, b + q / Side, s + q * G, std::make_integer_sequence<int, G>()), ...);
  }
  template <class Whole, class P, int... g>
  UNROLL_INNER_LOOP void apply_rule(Index panel, Index b, const P* s, std::integer_sequence<int, g...>) {
    GateValues<Cell, P> values{{s[g]...}};
    apply_rule<Whole, P>(panel, b, values);
  }

  template <class Whole, class P>
  UNROLL_INNER_LOOP void scale(Index panel, GateValues<Cell, P>& values) const {
    if constexpr (is_scaled<Storage>) {
      const auto scale = load_gates<Cell, P, Whole::size>(packed.scale.at(panel, 0));
      for (std::size_t g = 0; g < values.size(); ++g) values[g] *= scale[g];
    }
  }

  // The loops are inside, so that the rule's many constants are loaded once.
  template <class P>
  UNROLL_INNER_LOOP void apply_rule(const Tile& tile) {
    for (Index i = tile.panels.first; i < tile.panels.end(); ++i)
      for (Index b = tile.columns.first; b < tile.columns.end(); ++b) {
        auto values = load_gates<Cell, P>(gates.at(i, at.first + b));
        apply_rule<P, P>(i, b, values);
      }
  }

  /// The cell's rule on a panel of units of a sample.
  template <class Whole, class P>
  UNROLL_INNER_LOOP void apply_rule(Index panel, Index b, GateValues<Cell, P>& values) {
    const Index unit = panel * Whole::size, offset = b * gates.units() + unit;
    const Index count = at.padded ? P::size : gates.units() - unit;
    scale<Whole>(panel, values);
    auto state = load_states<Cell, P>(at.before, offset, count);
    constexpr bool derived = !HasBackward<Cell>;  // the derivative needs pre-activations, not what the rule leaves
    if (derived && at.keep_gates) store_gates<Cell, P, Whole::size>(values, gates.at(panel, at.first + b));
    if constexpr (LinearCell<Cell>) {
      if (!at.activated) Cell::activate(values);
      Cell::advance(values, state);
    } else {
      Cell::forward(values, state);
    }
    if (!derived && at.keep_gates) store_gates<Cell, P, Whole::size>(values, gates.at(panel, at.first + b));
    at.leave(state, offset, count, at.is_past_end(b), std::make_index_sequence<N>());
  }

  template <class P>
  UNROLL_INNER_LOOP void make_operand(const Tile& tile) {
    for (Index i = tile.panels.first; i < tile.panels.end(); ++i)
      for (Index b = tile.columns.first; b < tile.columns.end(); ++b) {
        const Index unit = i * P::size, count = gates.units() - unit, offset = b * gates.units() + unit;
        auto values = load_gates<Cell, P>(gates.at(i, at.first + b));
        scale<P>(i, values);
        auto made = Cell::operand(values, load_states<Cell, P>(at.before, offset, count));
        if (at.mask != nullptr) made = made * P::load(at.mask + offset, count);
        made.store(operand_at(b) + unit, count);
      }
  }
};

}  // namespace unroll::inline UNROLL_TARGET::detail
