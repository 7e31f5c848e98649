#pragma once

#include "unroll/engine/gate_weights.hpp"
#include "unroll/engine/step.hpp"

namespace unroll::detail {

/// One step of all samples forward: the recurrent product, and the cell's rule while its sums are at hand.
template <class Cell, class Scalar, class Weight>
struct PointwiseForward {
  static constexpr std::size_t N = Cell::state_names.size();
  static constexpr GateRun in = input_gates<Cell>(), early = early_gates<Cell>(), late = late_gates<Cell>();
  static constexpr bool takes_alone = late.count == 0 && std::is_same_v<Weight, Scalar>;

  const PackedGates<Cell, Scalar, Weight>& packed;
  GateBuffer<Scalar>& gates;  // in: bias and input part
  Matrix<Scalar>& operand;    // H x columns, late gates only
  const ForwardView<Scalar, N>& at;
  const Scalar* x = nullptr;  // a sample alone: its input where `gates` do not hold its part, I

  EIGEN_ALWAYS_INLINE void run() {
    if constexpr (takes_alone)
      if (at.size == 1) return run_alone();
    const auto rule = [this](Index block, Index blocks, Index column, Index columns) {
      apply_rule(block, blocks, column, columns);
    };
    if constexpr (late.count > 0) {
      add_product<early.count>(packed.early, early.first, at.fed_back,
                               [this](Index block, Index blocks, Index column, Index columns) {
                                 make_operand(block, blocks, column, columns);
                               });
      at.member.wait();  // the operand is whole
      add_product<late.count>(packed.late, late.first, operand_at(0), rule);
    } else if constexpr (early.count > 0) {
      add_product<early.count>(packed.early, early.first, at.fed_back, rule);
    } else {
      const Range mine = at.member.part(gates.blocks());
      rule(mine.first, mine.count, 0, at.size);
    }
  }

 private:
  Scalar* operand_at(Index b) { return operand.data() + (at.first + b) * operand.rows(); }

  template <int Gates, class Done>
  void add_product(const PanelsOf<Scalar, Weight>& weights, int first_gate, const Scalar* h, Done done) {
    const Sums<Scalar> to = gates.sums(first_gate, at.first);
    multiply<Gates, Scalar>(at.member.part_of(weights.blocks()), {h, at.size, weights.depth(), 1, {weights.depth()}},
                            constant(to), to, done, at.t % 2 != 0);
  }

  /// One sample: the rule takes the sums before they leave the registers.
  void run_alone() {
    using T = Tiles<Scalar, (std::max)(early.count, 1)>;
    constexpr int most = (std::min)(T::units_of_one, 4);  // each number of blocks is a function with as many rules
    [&]<int... U>(std::integer_sequence<int, U...>) {
      static constexpr std::array table{&PointwiseForward::alone<U + 1>...};
      const Range mine = at.member.part(gates.blocks());
      for_each_part(
          mine.count, std::min<Index>(T::blocks_of_one(packed.early.blocks().stride), most),
          [&](Index block, Index blocks) { (this->*table[static_cast<std::size_t>(blocks - 1)])(mine.first + block); },
          at.t % 2 != 0);
    }(std::make_integer_sequence<int, most>());
  }
  template <int Units>
  [[gnu::flatten]] EIGEN_DONT_INLINE void alone(Index block) {
    run_blocks(block, std::make_integer_sequence<int, Units>(),
               std::make_integer_sequence<int, Units * gate_count<Cell>>());
  }
  template <int... U, int... J>
  EIGEN_ALWAYS_INLINE void run_blocks(Index block, std::integer_sequence<int, U...>, std::integer_sequence<int, J...>) {
    constexpr int G = gate_count<Cell>, Units = sizeof...(U);
    const Scalar* from[] = {(x != nullptr ? packed.bias.at(block + U, 0) : gates.at(block + U, at.first))...};
    Pack<Scalar> s[] = {Pack<Scalar>::load(from[J / G] + J % G * gates.lanes)...};
    if (x != nullptr)
      add_products<in.count, Units, 1, G, in.first>(packed.input.blocks(), {x, 1, 0, 1, {packed.input.depth()}}, block,
                                                    0, s);
    if constexpr (early.count > 0)
      add_products<early.count, Units, 1, G, early.first>(packed.early.blocks(),
                                                          {at.fed_back, 1, 0, 1, {packed.early.depth()}}, block, 0, s);
    (apply_rule(block + U, 0, array_of<G>([&](std::size_t g) { return s[U * G + static_cast<int>(g)]; })), ...);
  }

  GateValues<Cell, Pack<Scalar>> scaled(Index block, GateValues<Cell, Pack<Scalar>> values) const {
    if constexpr (PackedGates<Cell, Scalar, Weight>::scaled) {
      const auto scale = load_gates<Cell, Scalar>(packed.scale.at(block, 0));
      for_each_index<Cell::gate_names.size()>([&](std::size_t g) { values[g] *= scale[g]; });
    }
    return values;
  }

  // The loops are inside, for the sake of the rule's many constants.
  [[gnu::flatten]] EIGEN_DONT_INLINE void apply_rule(Index block, Index blocks, Index column, Index columns) {
    for (Index i = block; i < block + blocks; ++i)
      for (Index b = column; b < column + columns; ++b)
        apply_rule(i, b, load_gates<Cell, Scalar>(gates.at(i, at.first + b)));
  }

  /// The cell's rule on a block of units of a sample.
  EIGEN_ALWAYS_INLINE void apply_rule(Index block, Index b, const GateValues<Cell, Pack<Scalar>>& sums) {
    const Index offset = b * gates.units() + block * gates.lanes, count = at.padded ? gates.lanes : gates.count(block);
    auto values = scaled(block, sums);
    auto state = load_states<Cell, Scalar>(at.before, offset, count);
    if constexpr (LinearCell<Cell>) {
      if (!at.activated) Cell::activate(values);
      Cell::advance(values, state);
    } else {
      step_forward<Cell, Pack<Scalar>>(values, state);
    }
    if (at.keep_gates) store_gates<Cell, Scalar>(values, gates.at(block, at.first + b));
    const bool past_end = at.is_past_end(b);
    for_each_index<N>([&](std::size_t n) { at.leave(n, state[n], offset, count, past_end); });
  }

  EIGEN_DONT_INLINE void make_operand(Index block, Index blocks, Index column, Index columns) {
    for (Index i = block; i < block + blocks; ++i)
      for (Index b = column; b < column + columns; ++b) {
        const Index unit = i * gates.lanes, count = gates.count(i), offset = b * gates.units() + unit;
        const auto values = scaled(i, load_gates<Cell, Scalar>(gates.at(i, at.first + b)));
        auto made = Cell::operand(values, load_states<Cell, Scalar>(at.before, offset, count));
        if (at.mask != nullptr) made = made * Pack<Scalar>::load(at.mask + offset, count);
        made.store(operand_at(b) + unit, count);
      }
  }
};

}  // namespace unroll::detail
