#pragma once

#include "unroll/engine/backward.hpp"
#include "unroll/engine/layer_norm.hpp"

namespace unroll::detail {

/// A sweep back over the steps processed in the places [begin, end), as BackwardSweep.
template <class Tape, class Cell, class Scalar>
class LayerNormSweep {
  using P = Pack<Scalar>;

 public:
  /// d_h: dL/dh of every step, used from the place `first_error` on. dL/d gain_c and bias_c are added to the tape's.
  LayerNormSweep(Tape& tape, const Input<Scalar>& d_h, Index first_error, const BackwardOptions& options,
                 GateBuffer<Scalar>& d_gates, const Member& member)
      : tape_(tape), d_h_(d_h), first_error_(first_error), options_(options), d_gates_(d_gates), member_(member) {}

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
      (d_n * z).add_to(tape_.d_gain_c.data() + first, count);
      d_n.add_to(tape_.d_bias_c.data() + first, count);
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
  Member member_;
  double square_norm_ = 0;  // of this step's dL/dh
  double clipped_squares_ = 0;
};

}  // namespace unroll::detail
