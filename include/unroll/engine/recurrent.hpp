#pragma once

#include "unroll/core/parameters.hpp"
#include "unroll/engine/backward.hpp"
#include "unroll/engine/initializers.hpp"
#include "unroll/engine/noise.hpp"
#include "unroll/engine/non_finite.hpp"
#include "unroll/engine/stream.hpp"

namespace unroll {

/// A recurrent layer: any cell, unrolled over a sequence forward and backward. A value: it holds the parameters and
/// nothing else.
///
///   pre-activations  a_t = W_ih x_t + W_hh h_{t-1} + b      gate by gate, H rows each
///   states           the cell's rule on a_t and the states of t-1
///
/// I and H are sizes at compile time, or Dynamic. See cells/cell.hpp for what a cell is.
template <class Cell, class Scalar_ = float, int Inputs = Dynamic, int H = Dynamic>
class Recurrent {
  static_assert(detail::check_cell<Cell>());
  static_assert(Inputs == Dynamic || Inputs > 0, "a recurrent layer needs an input size of at least 1");
  static_assert(H == Dynamic || H > 0, "a recurrent layer needs a hidden size of at least 1");

 public:
  using Scalar = Scalar_;
  using State = RecurrentState<Cell, Scalar>;
  using Tape = RecurrentTape<Cell, Scalar>;
  using Stream = RecurrentStream<Cell, Scalar, Inputs, H>;
  static constexpr int InputSize = Inputs;
  static constexpr int OutputSize = H;

  Matrix<Scalar> weight_ih;  ///< (gates of the input x H) x I
  Matrix<Scalar> weight_hh;  ///< (recurrent gates x H) x H
  Vector<Scalar> bias;       ///< G x H
  Unrolling unrolling;

  /// A layer with fresh weights. Throws std::invalid_argument where a size is below 1 or not the compile-time size.
  Recurrent(Index input_size, Index hidden_size, Random& random, Unrolling how = {})
      : Recurrent(zeros(input_size, hidden_size, how)) {
    initialize(random);
  }
  explicit Recurrent(Random& random, Unrolling how = {})
    requires(Inputs != Dynamic && H != Dynamic)
      : Recurrent(Inputs, H, random, how) {}

  /// A layer whose weights are zero: to be set or loaded, or to hold a gradient.
  static Recurrent zeros(Index input_size, Index hidden_size, Unrolling how = {}) {
    return Recurrent(input_size, hidden_size, how);
  }
  static Recurrent zeros(Unrolling how = {})
    requires(Inputs != Dynamic && H != Dynamic)
  {
    return Recurrent(Inputs, H, how);
  }

  Index input_size() const { return Inputs == Dynamic ? weight_ih.cols() : Inputs; }
  Index hidden_size() const { return H == Dynamic ? weight_hh.cols() : H; }
  Index output_size() const { return hidden_size(); }

  /// Draws all parameters anew.
  void initialize(Random& random, Initial initial = Initial::standard) {
    const Index hidden = hidden_size();
    if (initial == Initial::pytorch) {
      const double limit = 1 / std::sqrt(static_cast<double>(hidden));
      set_uniform(weight_ih, limit, random);
      set_uniform(weight_hh, limit, random);
      set_uniform(bias, limit, random);
      return;
    }
    set_glorot(weight_ih, input_size(), hidden, random);
    set_orthogonal(weight_hh, random);
    bias.setZero();
    if constexpr (requires { Cell::initial_bias; })
      for (Index gate = 0; gate < gate_count<Cell>; ++gate)
        bias.segment(gate * hidden, hidden)
            .setConstant(static_cast<Scalar>(Cell::initial_bias[static_cast<std::size_t>(gate)]));
  }

  /// Runs the sequences of a batch: x is I x (T*B), the outputs H x (T*B), or H x B where they are read out.
  ///
  /// The tape takes all that `backward` needs, `tape.final_state` the state after each sequence's own end. `initial`
  /// is the state before the first step, H x B; without it zeros. Throws std::invalid_argument for shapes that do not
  /// fit; nothing is changed then.
  Output<Scalar> forward(const Input<Scalar>& x, Tape& tape, const Batch& batch = {}, const State& initial = {}) const;

  /// Adds dL/d parameters to `gradient` and returns dL/dx, I x (T*B), from `d_y` = dL/d outputs and `d_final` = dL/d
  /// final state (empty: zeros). x must be what `forward` saw. Consumes the tape: `tape.d_initial` is dL/d initial
  /// state, `tape.d_h_norms` and `tape.clip_report` what the options asked for.
  ///
  /// Throws std::invalid_argument for shapes or options that do not fit, std::logic_error without a forward pass to go
  /// back through; nothing is changed then.
  Output<Scalar> backward(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Recurrent& gradient,
                          const BackwardOptions& options = {}, const State& d_final = {}) const;

  /// The first number on the tape that is not finite, if there is one.
  std::optional<NonFinite> find_non_finite(const Tape& tape) const { return detail::find_non_finite(tape); }

  /// A stream over a copy of the weights as they are now.
  Stream stream(WeightStorage storage = WeightStorage::full) const {
    require_stream(storage);
    return Stream(weight_ih, weight_hh, bias, unrolling, storage);
  }

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "weight_ih", layers.weight_ih...);
    f(prefix + "weight_hh", layers.weight_hh...);
    f(prefix + "bias", layers.bias...);
  }

  static const char* name() { return Cell::name; }

  /// Throws unless `forward` can take an x of this shape; the number of output columns.
  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    require_parameters();
    detail::require(rows == input_size(), Cell::name, "::forward: x has ", rows, " rows, expected input_size ",
                    input_size());
    batch.require_covers(Cell::name, columns);
    detail::require(!batch.continues || unrolling.direction == Direction::forward, Cell::name,
                    "::forward: a reverse layer starts behind these steps and cannot go on from those before them "
                    "(Batch::continues)");
    require_state("forward: the initial", initial, batch.size);
    return unrolling.readout == Readout::all ? columns : batch.size;
  }

  /// Throws unless `backward` can take these.
  void require_backward(const Tape& tape, const Recurrent& gradient, const BackwardOptions& options,
                        const State& d_final) const {
    const std::string caller = detail::text(Cell::name, "::backward");
    if (tape.content == Tape::Content::outputs)
      throw std::logic_error(caller + ": the forward pass was not recorded (Batch::record)");
    if (tape.content != Tape::Content::activations)
      throw std::logic_error(caller + ": the tape holds no forward pass; a backward pass consumes it");
    require_parameters();
    detail::require(tape.inputs == input_size() && tape.states[0].rows() == hidden_size(), caller,
                    ": the tape is of a layer of ", tape.inputs, " inputs and ", tape.states[0].rows(),
                    " units, this one has ", input_size(), " and ", hidden_size());
    detail::require_same_shape(caller.c_str(), *this, gradient);
    require_state("backward: the final gradient's", d_final, tape.size());
    const Truncation& cut = options.truncation;
    detail::require(cut.stride >= 0 && cut.window >= cut.stride, caller, ": truncation window ", cut.window,
                    " and stride ", cut.stride, ", expected window >= stride >= 0");
    detail::require(options.clip >= 0, caller, ": clip is ", options.clip, ", expected at least 0");
  }

  /// Throws unless `stream` can be made.
  void require_stream(WeightStorage storage) const {
    require_parameters();
    detail::require(unrolling.direction == Direction::forward, Cell::name,
                    "::stream: a reverse layer needs the whole sequence");
    detail::require(unrolling.readout != Readout::mean, Cell::name, "::stream: a mean needs the whole sequence");
    detail::require_storage<Scalar>(Cell::name, storage);
  }

  /// Throws std::invalid_argument unless every state is empty or H x batch.
  void require_state(const char* which, const State& state, Index batch) const {
    for (std::size_t n = 0; n < state.values.size(); ++n) {
      const Matrix<Scalar>& value = state.values[n];
      detail::require(value.size() == 0 || (value.rows() == hidden_size() && value.cols() == batch), Cell::name,
                      "::", which, " state ", Cell::state_names[n], " is ", value.rows(), " x ", value.cols(),
                      ", expected ", hidden_size(), " x ", batch);
    }
  }

 protected:
  /// How many threads of the batch's pool share a step.
  Index team_size(const Batch& batch) const {
    return detail::team_size(batch.pool, detail::block_count<Scalar>(hidden_size()), weight_hh.size() * batch.size);
  }

 private:
  Recurrent(Index input_size, Index hidden_size, Unrolling how) : unrolling(how) {
    detail::require(input_size >= 1 && (Inputs == Dynamic || input_size == Inputs), Cell::name, ": input_size is ",
                    input_size, ", expected ", Inputs == Dynamic ? "at least 1" : std::to_string(Inputs));
    detail::require(hidden_size >= 1 && (H == Dynamic || hidden_size == H), Cell::name, ": hidden_size is ",
                    hidden_size, ", expected ", H == Dynamic ? "at least 1" : std::to_string(H));
    how.require_rates(Cell::name);
    weight_ih.setZero(input_gates<Cell>().count * hidden_size, input_size);
    weight_hh.setZero(recurrent_gates<Cell>().count * hidden_size, hidden_size);
    bias.setZero(gate_count<Cell> * hidden_size);
  }

  /// The parameters are public: what a caller put there must still fit together.
  void require_parameters() const {
    const Index hidden = hidden_size();
    detail::require(weight_ih.rows() == input_gates<Cell>().count * hidden && weight_ih.cols() == input_size(),
                    Cell::name, ": weight_ih is ", weight_ih.rows(), " x ", weight_ih.cols(), ", expected ",
                    input_gates<Cell>().count * hidden, " x ", input_size());
    detail::require(weight_hh.rows() == recurrent_gates<Cell>().count * hidden && weight_hh.cols() == hidden,
                    Cell::name, ": weight_hh is ", weight_hh.rows(), " x ", weight_hh.cols(), ", expected ",
                    recurrent_gates<Cell>().count * hidden, " x ", hidden);
    detail::require(bias.size() == gate_count<Cell> * hidden, Cell::name, ": bias has ", bias.size(),
                    " rows, expected ", gate_count<Cell> * hidden);
    unrolling.require_rates(Cell::name);
  }
};

template <class Cell, class Scalar_, int Inputs, int H>
auto Recurrent<Cell, Scalar_, Inputs, H>::forward(const Input<Scalar>& x, Tape& tape, const Batch& batch,
                                                  const State& initial) const -> Output<Scalar> {
  require_forward(x.rows(), x.cols(), batch, initial);
  if (detail::overlap(x, tape.output())) return forward(Matrix<Scalar>(x), tape, batch, initial);
  const Index hidden = hidden_size();
  detail::GateBuffer<Scalar>& gates = tape.gates;

  const bool pack = !batch.same_weights || !tape.packed_from(weight_ih, weight_hh);
  detail::begin_forward(tape, x, batch, initial, hidden, unrolling);
  const Index chunk = tape.steps_at_once(hidden);
  gates.resize(gate_count<Cell>, hidden, batch.record ? tape.steps : chunk, batch.size);
  if constexpr (late_gates<Cell>().count > 0) detail::resize(tape.operand, hidden, x.cols());
  detail::draw_recurrent_dropout(tape, unrolling.recurrent_dropout, hidden);
  detail::draw_zoneout(tape, unrolling, hidden);

  const Scalar* input = batch.lengths.empty() ? x.data() : tape.input.data();
  const Index stride = batch.lengths.empty() ? x.outerStride() : tape.input.rows();
  detail::run_team(batch.pool, team_size(batch), [&](const detail::Member& member) {
    if (pack) tape.panels.pack(weight_ih, weight_hh, bias, hidden, member);
    for (Index begin = 0; begin < tape.steps; begin += chunk) {
      const Index end = (std::min)(begin + chunk, tape.steps);
      const Index from = (std::min)(tape.step_at(begin), tape.step_at(end - 1));  // the chunk's first step
      const Index shift = batch.record ? 0 : from;
      detail::project_input(tape.panels, input + from * batch.size * stride, stride, (end - begin) * batch.size, gates,
                            (from - shift) * batch.size, member);
      for (Index s = begin; s < end; ++s) {
        const Index t = tape.step_at(s);
        member.wait();  // the states before the step are whole
        if (tape.irregular()) member.alone([&] { detail::gather_previous(tape, t); });
        if (tape.recurrent_mask.size() != 0) member.alone([&] { detail::mask_fed_back(tape, t); });
        detail::ForwardStep<Cell, Scalar> step{tape.panels, gates, (t - shift) * batch.size, batch.size, batch.record};
        for (std::size_t n = 0; n < tape.states.size(); ++n) {
          step.before[n] = tape.before(n, t);
          step.next[n] = tape.next(n, t);
          step.kept[n] = tape.share_kept(n, t);
          if (batch.record && step.kept[n] != nullptr) step.candidates[n] = tape.candidate(n, t);
        }
        step.fed_back = tape.fed_back(t);
        if (tape.recurrent_mask.size() != 0) step.operand_mask = tape.recurrent_mask.data();
        step.operand = tape.operand.data() + t * batch.size * tape.operand.rows();
        step.t = t;
        if (!batch.lengths.empty()) step.lengths = &tape.batch.lengths;
        step.member = member;
        step.run();
      }
    }
  });
  detail::take_final_state(tape);
  detail::read_out(tape);
  tape.content = batch.record ? Tape::Content::activations : Tape::Content::outputs;
  return tape.output();
}

template <class Cell, class Scalar_, int Inputs, int H>
auto Recurrent<Cell, Scalar_, Inputs, H>::backward(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape,
                                                   Recurrent& gradient, const BackwardOptions& options,
                                                   const State& d_final) const -> Output<Scalar> {
  require_backward(tape, gradient, options, d_final);
  detail::require_shape(Cell::name, "x", x, input_size(), tape.columns());
  detail::require_shape(Cell::name, "d_y", d_y, tape.output().rows(), tape.output().cols());
  if (&d_final == &tape.d_initial) return backward(x, d_y, tape, gradient, options, State(d_final));
  if (detail::overlap(x, tape.d_input)) return backward(Matrix<Scalar>(x), d_y, tape, gradient, options, d_final);
  if (detail::overlap(d_y, tape.d_input)) return backward(x, Matrix<Scalar>(d_y), tape, gradient, options, d_final);
  const Index hidden = hidden_size(), columns = tape.columns();

  ThreadPool* const pool = tape.batch.pool;
  const Index members = team_size(tape.batch);
  detail::run_team(pool, members, [&](const detail::Member& member) {
    tape.panels.pack_transposed(weight_ih, weight_hh, hidden, member);
  });
  const Input<Scalar> d_h = detail::begin_backward(tape, d_y, d_final, options);
  detail::sweep_back(
      tape, options, d_final, members,
      [&](Index first, Index begin, Index end, detail::GateBuffer<Scalar>& d_gates, const detail::Member& member) {
        return detail::BackwardSweep<Cell, Scalar>(tape, d_h.data(), d_h.outerStride(), first, options, d_gates, member)
            .run(begin, end);
      });
  tape.content = Tape::Content::gradients;

  // dL/d weights: one product each over the steps of a chunk.
  static constexpr GateRun in = input_gates<Cell>(), early = early_gates<Cell>(), late = late_gates<Cell>();
  const detail::GateBuffer<Scalar>& d_gates = tape.gates;
  const bool masked = !tape.batch.lengths.empty();
  const Scalar* input = masked ? tape.input.data() : x.data();
  const Index stride = masked ? tape.input.rows() : x.outerStride();
  const Scalar* fed_back = tape.recurrent_mask.size() != 0 ? tape.recurrent_input.data() : tape.before(0, 0);
  detail::resize(tape.d_input, input_size(), columns);
  detail::resize_to_zeros(tape.d_bias, bias.size());
  detail::for_each_sum({0, columns}, gradient, [&](Recurrent& sum, detail::Range part) {
    detail::run_team(pool, members, [&](const detail::Member& member) {
      detail::for_each_chunk(part, [&](detail::Range chunk) {
        const auto across = [&](const Scalar* fed, Index apart, Index rows) {
          return detail::across(fed, apart, rows, chunk, tape.spread, member);
        };
        detail::add_outer_products<in.count>(d_gates, chunk, in, 0, across(input, stride, input_size()), sum.weight_ih,
                                             member);
        detail::add_outer_products<early.count>(d_gates, chunk, early, 0, across(fed_back, hidden, hidden),
                                                sum.weight_hh, member);
        if constexpr (late.count > 0)
          detail::add_outer_products<late.count>(d_gates, chunk, late, early.count,
                                                 across(tape.operand.data(), hidden, hidden), sum.weight_hh, member);
        detail::add_column_sums<gate_count<Cell>>(d_gates, chunk, tape.d_bias, member);
        detail::multiply_transposed(tape.panels.input, d_gates, chunk, in, tape.d_input, member);
      });
    });
  });
  gradient.bias += tape.d_bias.template cast<Scalar>();
  return {tape.d_input.data(), tape.d_input.rows(), tape.d_input.cols()};
}

}  // namespace unroll
