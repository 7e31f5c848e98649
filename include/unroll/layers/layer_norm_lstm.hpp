#pragma once

#include "unroll/cells/lstm.hpp"
#include "unroll/engine/layer_norm_backward.hpp"
#include "unroll/engine/recurrent.hpp"

namespace unroll {

namespace cells {

/// An Lstm's rule, of which the layer below keeps all but h.
struct LayerNormLstm : Lstm {
  static constexpr const char* name = "LayerNormLstm";
};

}  // namespace cells

/// A long short-term memory whose products and memory are normalised over the units (Ba, Kiros & Hinton 2016,
/// equations 20 to 22), which keeps them in range whatever the weights' scale and steadies training:
///
///   i f g o   gain_ih LN(W_ih x_t) + gain_hh LN(W_hh h_{t-1}) + bias, then as in an Lstm
///   c = f c + i g
///   h = o tanh(gain_c LN(c) + bias_c)
///
/// LN(z) = (z - mean) / sqrt(variance + 1e-5) over a column's 4 H numbers, or the H of c. The paper's biases inside and
/// outside of its first two normalisations always add up: here they are one. As everywhere x is I x (T*B), outputs are
/// H x (T*B), or H x B where they are read out. Sizes are known at run time.
template <class Scalar_ = float>
class LayerNormLstm : Recurrent<cells::LayerNormLstm, Scalar_> {
  using Base = Recurrent<cells::LayerNormLstm, Scalar_>;
  static constexpr GateRun all = {0, gate_count<cells::LayerNormLstm>};

 public:
  using Cell = cells::LayerNormLstm;
  using Scalar = Scalar_;
  using State = RecurrentState<Cell, Scalar>;
  static constexpr int InputSize = Dynamic;
  static constexpr int OutputSize = Dynamic;

  using Base::bias;        ///< 4 H
  using Base::weight_hh;   ///< 4 H x H
  using Base::weight_ih;   ///< 4 H x I
  Vector<Scalar> gain_ih;  ///< 4 H
  Vector<Scalar> gain_hh;  ///< 4 H
  Vector<Scalar> gain_c;   ///< H
  Vector<Scalar> bias_c;   ///< H
  using Base::unrolling;

  struct Tape : RecurrentTape<Cell, Scalar> {
    detail::LayerNormGains<Scalar> gains;
    detail::Normalized<Scalar> normalized;
    detail::GateBuffer<Scalar> d_product;                     // one step's dL/d W_hh h, B columns
    detail::GateBuffer<Scalar> d_memory;                      // one step's dL/dc through h, B columns
    Vector<double> d_gain_ih, d_gain_hh, d_gain_c, d_bias_c;  // summed over the columns
  };

  /// Throws std::invalid_argument where a size is below 1.
  LayerNormLstm(Index inputs, Index hidden, Random& random, Unrolling how = {})
      : LayerNormLstm(zeros(inputs, hidden, how)) {
    initialize(random);
  }
  /// All parameters zero, the gains too: to be set or loaded, or to hold a gradient.
  static LayerNormLstm zeros(Index inputs, Index hidden, Unrolling how = {}) {
    return LayerNormLstm(inputs, hidden, how);
  }

  using Base::hidden_size;
  using Base::input_size;
  using Base::output_size;

  /// Weights and bias as an Lstm's; gains 1 and bias_c 0, as in the paper.
  void initialize(Random& random, Initial initial = Initial::standard) {
    Base::initialize(random, initial);
    for (auto* gain : {&gain_ih, &gain_hh, &gain_c}) gain->setOnes();
    bias_c.setZero();
  }

  /// As Recurrent::forward.
  Output<Scalar> forward(const Input<Scalar>& x, Tape& tape, const Batch& batch = {}, const State& initial = {}) const;

  /// As Recurrent::backward.
  Output<Scalar> backward(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, LayerNormLstm& gradient,
                          const BackwardOptions& options = {}, const State& d_final = {}) const;

  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    require_gains();
    return Base::require_forward(rows, columns, batch, initial);
  }

  void require_backward(const Tape& tape, const LayerNormLstm& gradient, const BackwardOptions& options,
                        const State& d_final) const {
    require_gains();
    Base::require_backward(tape, gradient, options, d_final);
    detail::require_same_shape("LayerNormLstm::backward", *this, gradient);
  }

  std::optional<NonFinite> find_non_finite(const Tape& tape) const { return detail::find_non_finite(tape); }

  using Base::name;

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "weight_ih", layers.weight_ih...);
    f(prefix + "weight_hh", layers.weight_hh...);
    f(prefix + "bias", layers.bias...);
    f(prefix + "gain_ih", layers.gain_ih...);
    f(prefix + "gain_hh", layers.gain_hh...);
    f(prefix + "gain_c", layers.gain_c...);
    f(prefix + "bias_c", layers.bias_c...);
  }

  class Stream : public detail::StreamedState<Cell, Scalar> {
   public:
    Stream(const LayerNormLstm& layer, WeightStorage storage)
        : detail::StreamedState<Cell, Scalar>(layer.hidden_size()),
          weights_(storage,
                   [&](auto& packed) {
                     packed.panels.pack(layer.weight_ih, layer.weight_hh, Vector<Scalar>::Zero(layer.bias.size()),
                                        layer.hidden_size());
                     packed.gains.pack(layer);
                   }),
          input_size_(layer.input_size()),
          output_size_(layer.output_size()) {
      gates_.resize(all.count, output_size_, 1, 1);
      normalized_.resize(all.count, output_size_, 1, 1);
    }

    Index input_size() const noexcept { return input_size_; }
    Index output_size() const noexcept { return output_size_; }

    /// One step: x has I values, the result H, valid until the next call.
    const Scalar* step(const Scalar* x) noexcept {
      weights_.visit([&]<class Weight>(const Packed<Weight>& packed) {
        detail::project_input(packed.panels, x, input_size_, 1, normalized_.input, 0);
        detail::LayerNormStep<Cell, Scalar, Weight> step{packed.panels, packed.gains, normalized_, gates_, 0, 1};
        this->connect(step);
        step.run();
      });
      return this->advance();
    }

   private:
    template <class Weight>
    struct Packed {
      detail::LayerPanels<Cell, Scalar, Weight> panels;
      detail::LayerNormGains<Scalar> gains;
    };

    detail::SharedWeights<Scalar, Packed> weights_;
    Index input_size_;
    Index output_size_;
    detail::GateBuffer<Scalar> gates_;       // one column
    detail::Normalized<Scalar> normalized_;  // one column
  };

  Stream stream(WeightStorage storage = WeightStorage::full) const {
    require_gains();
    Base::require_stream(storage);
    return Stream(*this, storage);
  }

 private:
  LayerNormLstm(Index inputs, Index hidden, Unrolling how) : Base(Base::zeros(inputs, hidden, how)) {
    require_no_noise();
    gain_ih.setZero(bias.size());
    gain_hh.setZero(bias.size());
    gain_c.setZero(hidden);
    bias_c.setZero(hidden);
  }

  void require_no_noise() const {
    detail::require(unrolling.recurrent_dropout == 0 && !unrolling.zones_out(), name(),
                    ": it has no recurrent dropout and no zoneout");
  }

  void require_gains() const {
    require_no_noise();
    const Index hidden = hidden_size();
    const auto check = [&](const char* what, const Vector<Scalar>& tensor, Index rows) {
      detail::require(tensor.size() == rows, name(), ": ", what, " has ", tensor.size(), " rows, expected ", rows);
    };
    check("gain_ih", gain_ih, all.count * hidden);
    check("gain_hh", gain_hh, all.count * hidden);
    check("gain_c", gain_c, hidden);
    check("bias_c", bias_c, hidden);
  }

  /// The tape's gates hold dL/d pre-activation: adds dL/d gain, and turns a normalised product into dL/d product.
  static void through_normalization(const Tape& tape, const detail::GateBuffer<Scalar>& gain, Index which,
                                    detail::GateBuffer<Scalar>& product, Vector<double>& d_gain) {
    using P = Pack<Scalar>;
    for (Index j = 0; j < product.columns(); ++j) {
      detail::for_each_pack(product, [&](Index block, Index place, Index count) {
        const P d = P::load(tape.gates.at(block, j) + place), z = P::load(product.at(block, j) + place);
        (d * z).add_to(d_gain.data() + place / product.lanes * product.units() + block * product.lanes, count);
      });
      detail::normalize_back(tape.gates, j, gain, product, j, tape.normalized.factors(which, j), product, j);
    }
  }
};

template <class Scalar_>
auto LayerNormLstm<Scalar_>::forward(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State& initial) const
    -> Output<Scalar> {
  require_forward(x.rows(), x.cols(), batch, initial);
  if (detail::overlap(x, tape.output())) return forward(Matrix<Scalar>(x), tape, batch, initial);
  const Index hidden = hidden_size();
  const bool pack = !batch.same_weights || !tape.packed_from(weight_ih, weight_hh);
  detail::begin_forward(tape, x, batch, initial, hidden, unrolling);
  if (pack) tape.gains.pack(*this);
  const Index chunk = batch.record ? std::max<Index>(tape.steps, 1) : tape.steps_at_once(hidden);
  tape.gates.resize(all.count, hidden, batch.record ? tape.steps : chunk, batch.size);
  tape.normalized.resize(all.count, hidden, batch.record ? tape.steps : chunk, batch.size);

  const Input<Scalar> input = batch.lengths.empty() ? x : Input<Scalar>(tape.input);
  detail::run_team(batch.pool, Base::team_size(batch), [&](const detail::Member& member) {
    if (pack) tape.panels.pack(weight_ih, weight_hh, Vector<Scalar>::Zero(bias.size()), hidden, member);
    for (Index begin = 0; begin < tape.steps; begin += chunk) {
      const Index end = (std::min)(begin + chunk, tape.steps);
      const Index from = (std::min)(tape.step_at(begin), tape.step_at(end - 1));  // the chunk's first step
      detail::project_input(tape.panels, input.data() + from * batch.size * input.outerStride(), input.outerStride(),
                            (end - begin) * batch.size, tape.normalized.input, 0, member);
      for (Index s = begin; s < end; ++s) {
        const Index t = tape.step_at(s);
        member.wait();  // the states before the step are whole
        if (tape.irregular()) member.alone([&] { detail::gather_previous(tape, t); });
        detail::LayerNormStep<Cell, Scalar> step{
            tape.panels, tape.gains, tape.normalized, tape.gates, (t - from) * batch.size, batch.size};
        for (std::size_t n = 0; n < tape.states.size(); ++n) {
          step.before[n] = tape.before(n, t);
          step.next[n] = tape.next(n, t);
        }
        step.member = member;
        step.run();
        const detail::Range mine = member.part(batch.size);
        for (Index b = mine.first; b < mine.first + mine.count; ++b)
          if (!tape.active(t, b))
            for (auto& state : tape.states) state.col(tape.next_block(t) * batch.size + b).setZero();
      }
    }
  });
  detail::take_final_state(tape);
  detail::read_out(tape);
  tape.content = batch.record ? Tape::Content::activations : Tape::Content::outputs;
  return tape.output();
}

template <class Scalar_>
auto LayerNormLstm<Scalar_>::backward(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape,
                                      LayerNormLstm& gradient, const BackwardOptions& options,
                                      const State& d_final) const -> Output<Scalar> {
  require_backward(tape, gradient, options, d_final);
  detail::require_shape(name(), "x", x, input_size(), tape.columns());
  detail::require_shape(name(), "d_y", d_y, tape.output().rows(), tape.output().cols());
  if (&d_final == &tape.d_initial) return backward(x, d_y, tape, gradient, options, State(d_final));
  if (detail::overlap(x, tape.d_input)) return backward(Matrix<Scalar>(x), d_y, tape, gradient, options, d_final);
  if (detail::overlap(d_y, tape.d_input)) return backward(x, Matrix<Scalar>(d_y), tape, gradient, options, d_final);
  const Index hidden = hidden_size();
  ThreadPool* const pool = tape.batch.pool;
  const Index members = Base::team_size(tape.batch);
  detail::run_team(pool, members, [&](const detail::Member& member) {
    tape.panels.pack_transposed(weight_ih, weight_hh, hidden, member);
  });
  tape.d_product.resize(all.count, hidden, 1, tape.size());
  tape.d_memory.resize(1, hidden, 1, tape.size());
  for (auto* sums : {&tape.d_bias, &tape.d_gain_ih, &tape.d_gain_hh}) detail::resize_to_zeros(*sums, bias.size());
  for (auto* sums : {&tape.d_gain_c, &tape.d_bias_c}) detail::resize_to_zeros(*sums, hidden);
  const Input<Scalar> d_h = detail::begin_backward(tape, d_y, d_final, options);
  detail::sweep_back(
      tape, options, d_final, members,
      [&](Index first, Index begin, Index end, detail::GateBuffer<Scalar>& d_gates, const detail::Member& member) {
        return detail::LayerNormSweep<Tape, Cell, Scalar>(tape, d_h, first, options, d_gates, member).run(begin, end);
      });
  tape.content = Tape::Content::gradients;

  detail::add_column_sums<all.count>(tape.gates, {0, tape.columns()}, tape.d_bias);
  detail::Normalized<Scalar>& normalized = tape.normalized;
  through_normalization(tape, tape.gains.gain_ih, 0, normalized.input, tape.d_gain_ih);
  through_normalization(tape, tape.gains.gain_hh, 1, normalized.recurrent, tape.d_gain_hh);
  const auto add = [](Vector<Scalar>& to, const Vector<double>& sums) { to += sums.template cast<Scalar>(); };
  add(gradient.bias, tape.d_bias);
  add(gradient.gain_ih, tape.d_gain_ih);
  add(gradient.gain_hh, tape.d_gain_hh);
  add(gradient.gain_c, tape.d_gain_c);
  add(gradient.bias_c, tape.d_bias_c);

  const Input<Scalar> input = tape.batch.lengths.empty() ? x : Input<Scalar>(tape.input);
  detail::resize(tape.d_input, input_size(), tape.columns());
  detail::for_each_sum({0, tape.columns()}, gradient, [&](LayerNormLstm& sum, detail::Range part) {
    detail::run_team(pool, members, [&](const detail::Member& member) {
      detail::for_each_chunk(part, [&](detail::Range chunk) {
        const auto across = [&](const Scalar* fed, Index apart, Index rows) {
          return detail::across(fed, apart, rows, chunk, tape.spread, member);
        };
        detail::add_outer_products<all.count>(normalized.input, chunk, all, 0,
                                              across(input.data(), input.outerStride(), input_size()), sum.weight_ih,
                                              member);
        detail::add_outer_products<all.count>(normalized.recurrent, chunk, all, 0,
                                              across(tape.before(0, 0), hidden, hidden), sum.weight_hh, member);
        detail::multiply_transposed(tape.panels.input, normalized.input, chunk, all, tape.d_input, member);
      });
    });
  });
  return {tape.d_input.data(), tape.d_input.rows(), tape.d_input.cols()};
}

}  // namespace unroll
