#pragma once

#include "unroll/engine/tape.hpp"

/// The forward engine: one product for the input of all steps, then one step after the other.
namespace unroll::detail {

/// gates(:, j) = bias + W_ih x(:, j) for `columns` columns from `first` on, for the gates that the input feeds; the
/// others get their bias alone.
template <class Cell, class Scalar, class Weight>
void project_input(const LayerPanels<Cell, Scalar, Weight>& panels, const Scalar* x, Index x_stride, Index columns,
                   GateBuffer<Scalar>& gates, Index first, const Member& member = {}) {
  static constexpr GateRun run = input_gates<Cell>();
  Sums<const Scalar> bias = panels.bias.sums(run.first, 0);
  bias.column_stride = 0;
  multiply<run.count, Scalar>(member.part_of(panels.input.blocks()), {x, columns, x_stride, 1, {panels.input.depth()}},
                              bias, gates.sums(run.first, first), nothing_more);
  for (int gate = 0; gate < gate_count<Cell>; ++gate) {
    if (gate >= run.first && gate < run.first + run.count) continue;
    const Range mine = member.part(gates.blocks());
    for (Index block = mine.first; block < mine.first + mine.count; ++block)
      for (Index j = first; j < first + columns; ++j)
        Pack<Scalar>::load(panels.bias.at(block, 0) + gate * gates.lanes)
            .store(gates.at(block, j) + gate * gates.lanes);
  }
}

/// {f(0), f(1), ...}: with constant indices, or the compilers would keep the array in memory.
template <std::size_t N, class F>
auto array_of(F f) {
  return
      [&]<std::size_t... J>(std::index_sequence<J...>) { return std::array{f(J)...}; }(std::make_index_sequence<N>());
}
template <std::size_t N, class F>
void for_each_index(F f) {
  [&]<std::size_t... J>(std::index_sequence<J...>) { (f(J), ...); }(std::make_index_sequence<N>());
}

template <class Cell, class Scalar, class Pointers>
StateValues<Cell, Pack<Scalar>> load_states(const Pointers& states, Index offset, Index count) {
  return array_of<Cell::state_names.size()>(
      [&](std::size_t n) { return Pack<Scalar>::load(states[n] + offset, count); });
}
template <class Cell, class Scalar, class Pointers>
void store_states(const StateValues<Cell, Pack<Scalar>>& values, const Pointers& states, Index offset, Index count) {
  for_each_index<Cell::state_names.size()>([&](std::size_t n) { values[n].store(states[n] + offset, count); });
}

/// The gates of one block of units of one column.
template <class Cell, class Scalar>
GateValues<Cell, Pack<Scalar>> load_gates(const Scalar* from) {
  return array_of<Cell::gate_names.size()>(
      [&](std::size_t g) { return Pack<Scalar>::load(from + g * Pack<Scalar>::size); });
}
template <class Cell, class Scalar>
void store_gates(const GateValues<Cell, Pack<Scalar>>& values, Scalar* to) {
  for_each_index<Cell::gate_names.size()>([&](std::size_t g) { values[g].store(to + g * Pack<Scalar>::size); });
}

/// One step of all samples: the recurrent product, and the cell's rule while its sums are at hand.
template <class Cell, class Scalar, class Weight = Scalar>
struct ForwardStep {
  static constexpr std::size_t N = Cell::state_names.size();
  static constexpr GateRun in = input_gates<Cell>(), early = early_gates<Cell>(), late = late_gates<Cell>();
  static constexpr bool takes_alone = late.count == 0 && std::is_same_v<Weight, Scalar>;

  const LayerPanels<Cell, Scalar, Weight>& panels;
  GateBuffer<Scalar>& gates;                    // in: bias and input part
  Index first;                                  // the step's first column of gates
  Index size;                                   // B
  bool keep_gates;                              // whether what the rule leaves in its gates is wanted
  std::array<const Scalar*, N> before = {};     // H x B each
  std::array<Scalar*, N> next = {};             // H x B each
  const Scalar* fed_back = nullptr;             // H x B: h before, or that with dropout
  Scalar* operand = nullptr;                    // H x B, late gates only
  Index t = 0;                                  // by turns the weights are read forwards and backwards
  const std::vector<Index>* lengths = nullptr;  // past them the states become zero
  const Scalar* operand_mask = nullptr;         // H x B, dropout with late gates only
  std::array<const Scalar*, N> kept = {};       // zoneout: the share that stays, H x B each, or null
  std::array<Scalar*, N> candidates = {};       // zoneout: the rule's states, H x B each, or null
  const Scalar* x = nullptr;                    // a sample alone: its input where `gates` do not hold its part, I
  bool padded = false;                          // whether the states have room for whole blocks of units
  Member member = {};                           // whose part of the units is meant

  void run() {
    if constexpr (takes_alone)
      if (size == 1) return run_alone();
    const auto rule = [this](Index block, Index blocks, Index column, Index columns) {
      apply_rule(block, blocks, column, columns);
    };
    if constexpr (late.count == 0) {
      add_product<early.count>(panels.early, early.first, fed_back, rule);
    } else {
      add_product<early.count>(panels.early, early.first, fed_back,
                               [this](Index block, Index blocks, Index column, Index columns) {
                                 make_operand(block, blocks, column, columns);
                               });
      member.wait();  // the operand is whole
      add_product<late.count>(panels.late, late.first, operand, rule);
    }
  }

 private:
  template <int Gates, class Done>
  void add_product(const PanelsOf<Scalar, Weight>& weights, int first_gate, const Scalar* h, Done done) {
    const Sums<Scalar> to = gates.sums(first_gate, first);
    multiply<Gates, Scalar>(member.part_of(weights.blocks()), {h, size, gates.units(), 1, {gates.units()}},
                            constant(to), to, done, t % 2 != 0);
  }

  /// One sample: the rule takes the sums before they leave the registers.
  void run_alone() {
    using T = Tiles<Scalar, early.count>;
    constexpr int most = (std::min)(T::units_of_one, 4);  // each number of blocks is a function with as many rules
    [&]<int... U>(std::integer_sequence<int, U...>) {
      static constexpr std::array table{&ForwardStep::alone<U + 1>...};
      const Range mine = member.part(gates.blocks());
      for_each_part(
          mine.count, std::min<Index>(T::blocks_of_one(panels.early.blocks().stride), most),
          [&](Index block, Index blocks) { (this->*table[static_cast<std::size_t>(blocks - 1)])(mine.first + block); },
          t % 2 != 0);
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
    const Scalar* from[] = {(x != nullptr ? panels.bias.at(block + U, 0) : gates.at(block + U, first))...};
    Pack<Scalar> s[] = {Pack<Scalar>::load(from[J / G] + J % G * gates.lanes)...};
    if (x != nullptr)
      add_products<in.count, Units, 1, G, in.first>(panels.input.blocks(), {x, 1, 0, 1, {panels.input.depth()}}, block,
                                                    0, s);
    add_products<early.count, Units, 1, G, early.first>(panels.early.blocks(), {fed_back, 1, 0, 1, {gates.units()}},
                                                        block, 0, s);
    (apply_rule(block + U, 0, array_of<G>([&](std::size_t g) { return s[U * G + static_cast<int>(g)]; })), ...);
  }

  GateValues<Cell, Pack<Scalar>> scaled(Index block, GateValues<Cell, Pack<Scalar>> values) const {
    if constexpr (LayerPanels<Cell, Scalar, Weight>::scaled) {
      const auto scale = load_gates<Cell, Scalar>(panels.scale.at(block, 0));
      for_each_index<Cell::gate_names.size()>([&](std::size_t g) { values[g] *= scale[g]; });
    }
    return values;
  }

  // The loops are inside, for the sake of the rule's many constants.
  [[gnu::flatten]] EIGEN_DONT_INLINE void apply_rule(Index block, Index blocks, Index column, Index columns) {
    for (Index i = block; i < block + blocks; ++i)
      for (Index b = column; b < column + columns; ++b)
        apply_rule(i, b, load_gates<Cell, Scalar>(gates.at(i, first + b)));
  }

  /// The cell's rule on a block of units of a sample.
  EIGEN_ALWAYS_INLINE void apply_rule(Index block, Index b, const GateValues<Cell, Pack<Scalar>>& sums) {
    const Index offset = b * gates.units() + block * gates.lanes, count = padded ? gates.lanes : gates.count(block);
    auto values = scaled(block, sums);
    auto state = load_states<Cell, Scalar>(before, offset, count);
    step_forward<Cell, Pack<Scalar>>(values, state);
    if (keep_gates) store_gates<Cell, Scalar>(values, gates.at(block, first + b));
    zone_out(state, offset, count);
    if (lengths != nullptr && t >= (*lengths)[static_cast<std::size_t>(b)]) state.fill(Scalar(0));
    store_states<Cell, Scalar>(state, next, offset, count);
  }

  EIGEN_DONT_INLINE void make_operand(Index block, Index blocks, Index column, Index columns) {
    for (Index i = block; i < block + blocks; ++i)
      for (Index b = column; b < column + columns; ++b) {
        const Index offset = b * gates.units() + i * gates.lanes, count = gates.count(i);
        const auto values = scaled(i, load_gates<Cell, Scalar>(gates.at(i, first + b)));
        auto made = Cell::operand(values, load_states<Cell, Scalar>(before, offset, count));
        if (operand_mask != nullptr) made = made * Pack<Scalar>::load(operand_mask + offset, count);
        made.store(operand + offset, count);
      }
  }

  void zone_out(StateValues<Cell, Pack<Scalar>>& state, Index offset, Index count) const {
    for_each_index<N>([&](std::size_t n) {
      if (kept[n] == nullptr) return;
      if (candidates[n] != nullptr) state[n].store(candidates[n] + offset, count);
      const auto share = Pack<Scalar>::load(kept[n] + offset, count);
      state[n] = share * Pack<Scalar>::load(before[n] + offset, count) + (1 - share) * state[n];
    });
  }
};

/// Tells the tape of the layer and the batch, and sets its states to the initial one.
template <class Cell, class Scalar>
void begin_forward(RecurrentTape<Cell, Scalar>& tape, const Input<Scalar>& x, const Batch& batch,
                   const RecurrentState<Cell, Scalar>& initial, Index hidden, const Unrolling& how) {
  tape.content = RecurrentTape<Cell, Scalar>::Content::nothing;  // until the pass comes to its end
  tape.batch = batch;
  tape.steps = batch.steps(x.cols());
  tape.inputs = x.rows();
  tape.direction = how.direction;
  tape.readout = how.readout;
  if (!batch.lengths.empty()) mask_past_ends(x, batch, tape.input);
  const Index first = tape.previous_block(tape.step_at(0)) * batch.size;
  for (std::size_t n = 0; n < tape.states.size(); ++n) {
    resize(tape.states[n], hidden, x.cols() + batch.size);
    if (initial.values[n].size() == 0)
      tape.states[n].middleCols(first, batch.size).setZero();
    else
      tape.states[n].middleCols(first, batch.size) = initial.values[n];
    if (tape.irregular()) resize(tape.previous[n], hidden, x.cols());
  }
}

/// Irregular batches: copies the states that step t starts from.
template <class Cell, class Scalar>
void gather_previous(RecurrentTape<Cell, Scalar>& tape, Index t) {
  for (std::size_t n = 0; n < tape.states.size(); ++n)
    for (Index b = 0; b < tape.size(); ++b) {
      auto to = tape.previous[n].col(t * tape.size() + b);
      const bool last = tape.direction == Direction::reverse && t + 1 == tape.batch.length(b, tape.steps);
      const Index from = last ? tape.steps : tape.previous_block(t);
      if (tape.fresh(t, b))
        to.setZero();
      else
        to = tape.states[n].col(from * tape.size() + b);
    }
}

/// Recurrent dropout: hides units of h from W_hh at step t.
template <class Cell, class Scalar>
void mask_fed_back(RecurrentTape<Cell, Scalar>& tape, Index t) {
  const Input<Scalar> h(Matrix<Scalar>::Map(tape.before(0, t), tape.recurrent_mask.rows(), tape.size()));
  tape.recurrent_input.middleCols(t * tape.size(), tape.size()) = tape.recurrent_mask.cwiseProduct(h);
}

/// The state after each sequence's own last step; the initial state where there was none.
template <class Cell, class Scalar>
void take_final_state(RecurrentTape<Cell, Scalar>& tape) {
  const bool forward = tape.direction == Direction::forward;
  for (std::size_t n = 0; n < tape.states.size(); ++n) {
    Matrix<Scalar>& to = tape.final_state.values[n];
    resize(to, tape.states[n].rows(), tape.size());
    for (Index b = 0; b < tape.size(); ++b) {
      const Index length = tape.batch.length(b, tape.steps);
      const Index block = forward ? length : length == 0 ? tape.steps : 0;
      to.col(b) = tape.states[n].col(block * tape.size() + b);
    }
  }
}

/// last: the final h; mean: the mean of h over each sequence's own steps, zero where there are none.
template <class Cell, class Scalar>
void read_out(RecurrentTape<Cell, Scalar>& tape) {
  if (tape.readout == Readout::all) return;
  resize_to_zeros(tape.read, tape.states[0].rows(), tape.size());
  for (Index b = 0; b < tape.size(); ++b) {
    const Index length = tape.batch.length(b, tape.steps);
    if (length == 0) continue;
    if (tape.readout == Readout::last) {
      tape.read.col(b) = tape.final_state.values[0].col(b);
    } else {
      resize_to_zeros(tape.read_sum, tape.read.rows());
      for (Index t = 0; t < length; ++t)
        tape.read_sum += tape.states[0].col(tape.next_block(t) * tape.size() + b).template cast<double>();
      tape.read.col(b) = (tape.read_sum / static_cast<double>(length)).template cast<Scalar>();
    }
  }
}

}  // namespace unroll::detail
