// Clipping inside back-propagation (BackwardOptions::clip) against the same written out by hand, unit by unit.

#include <limits>

#include "passes.hpp"

using namespace engine_test;

namespace {

/// One sample of a forward layer, in plain loops.
template <class Cell>
class ByHand {
 public:
  ByHand(const LayerOf<Cell>& layer, const Sequence<LayerOf<Cell>>& in, double clip)
      : layer_(layer), clip_(clip), H(layer.hidden_size()), gradient(zeros_like(layer)) {
    Values state;
    for (std::size_t n = 0; n < N; ++n) state[n] = in.initial.values[n];
    for (Index t = 0; t < in.x.cols(); ++t) {
      before_.push_back(state);
      forward_step(in.x.col(t), state);
      next_.push_back(state);
    }
    d_x.resize(in.x.rows(), in.x.cols());
    for (std::size_t n = 0; n < N; ++n) d_state_[n] = in.d_final.values[n];
    for (Index t = in.x.cols() - 1; t >= 0; --t) {
      d_state_[0] += in.d_y.col(t);
      backward_step(static_cast<std::size_t>(t), in.x.col(t));
    }
    report.norm = std::sqrt(square_sum_);
  }

 private:
  using V = Pack<double>;
  using Vectord = Vector<double>;
  static constexpr std::size_t N = Cell::state_names.size();
  using Values = std::array<Vectord, N>;
  static constexpr GateRun in_gates = input_gates<Cell>(), early = early_gates<Cell>(), late = late_gates<Cell>();

  static double number(V value) {
    double lanes[V::size];
    value.store(lanes);
    return lanes[0];
  }
  /// A unit's gates or states.
  template <std::size_t Count>
  std::array<V, Count> unit_of(const Vectord& gates, Index unit) const {
    std::array<V, Count> values;
    for (std::size_t g = 0; g < Count; ++g) values[g] = V(gates[static_cast<Index>(g) * H + unit]);
    return values;
  }
  std::array<V, N> unit_of(const Values& states, Index unit) const {
    std::array<V, N> values;
    for (std::size_t n = 0; n < N; ++n) values[n] = V(states[n][unit]);
    return values;
  }
  template <std::size_t Count>
  void put(const std::array<V, Count>& values, Index unit, Vectord& gates) const {
    for (std::size_t g = 0; g < Count; ++g) gates[static_cast<Index>(g) * H + unit] = number(values[g]);
  }
  void put(const std::array<V, N>& values, Index unit, Values& states) const {
    for (std::size_t n = 0; n < N; ++n) states[n][unit] = number(values[n]);
  }
  auto rows(Vectord& gates, GateRun run) const { return gates.segment(run.first * H, run.count * H); }
  auto rows(auto& weight_hh, GateRun run) const {
    return weight_hh.middleRows((run.first - recurrent_gates<Cell>().first) * H, run.count * H);
  }

  void forward_step(const Vectord& x, Values& state) {
    Vectord gates = layer_.bias, operand = Vectord::Zero(H);
    rows(gates, in_gates) += layer_.weight_ih * x;
    rows(gates, early) += rows(layer_.weight_hh, early) * state[0];
    if constexpr (late.count > 0) {
      for (Index u = 0; u < H; ++u) operand[u] = number(Cell::operand(unit_of<G>(gates, u), unit_of(state, u)));
      rows(gates, late) += rows(layer_.weight_hh, late) * operand;
    }
    for (Index u = 0; u < H; ++u) {
      auto of_unit = unit_of<G>(gates, u);
      auto states = unit_of(state, u);
      auto left = of_unit;
      Cell::forward(left, states);
      put(HasBackward<Cell> ? left : of_unit, u, gates);
      put(states, u, state);
    }
    gates_.push_back(gates);
    operands_.push_back(operand);
  }

  void backward_step(std::size_t t, const Vectord& x) {
    Vectord d = Vectord::Zero(layer_.bias.size());
    const auto each_unit = [&](auto step) {
      for (Index u = 0; u < H; ++u) {
        auto d_states = unit_of(d_state_, u);
        auto d_gates = unit_of<G>(d, u);
        step(u, unit_of<G>(gates_[t], u), unit_of(before_[t], u), d_states, d_gates);
        put(d_states, u, d_state_);
        put(d_gates, u, d);
      }
    };
    each_unit([&](Index u, const auto& gates, const auto& before, auto& d_states, auto& d_gates) {
      detail::step_backward<Cell, V>(gates, before, unit_of(next_[t], u), d_states, d_gates);
    });
    if constexpr (late.count > 0) {
      clip(rows(d, late));
      const Vectord d_operand = rows(layer_.weight_hh, late).transpose() * rows(d, late);
      each_unit([&](Index u, const auto& gates, const auto& before, auto& d_states, auto& d_gates) {
        detail::operand_backward<Cell, V>(gates, before, V(d_operand[u]), d_states, d_gates);
      });
      rows(gradient.weight_hh, late) += rows(d, late) * operands_[t].transpose();
    }
    clip(d.head(late.first * H));
    clip(d.tail((static_cast<Index>(G) - late.first - late.count) * H));
    gradient.bias += d;
    gradient.weight_ih += rows(d, in_gates) * x.transpose();
    rows(gradient.weight_hh, early) += rows(d, early) * before_[t][0].transpose();
    d_x.col(static_cast<Index>(t)) = layer_.weight_ih.transpose() * rows(d, in_gates);
    d_state_[0] += rows(layer_.weight_hh, early).transpose() * rows(d, early);
  }

  void clip(Eigen::Ref<Vectord> d) {
    if (clip_ == 0) return;
    square_sum_ += d.squaredNorm();
    const Vectord clipped = d.cwiseMin(clip_).cwiseMax(-clip_);
    report.clipped = report.clipped || clipped != d;
    d = clipped;
  }

  static constexpr std::size_t G = Cell::gate_names.size();
  const LayerOf<Cell>& layer_;
  double clip_;
  Index H;
  std::vector<Values> before_, next_;
  std::vector<Vectord> gates_, operands_;
  Values d_state_;
  double square_sum_ = 0;

 public:
  LayerOf<Cell> gradient;
  Matrix<double> d_x;
  ClipReport report;
  const Values& d_initial() const { return d_state_; }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("every dL/d pre-activation is clipped before it goes further back", "[clipping]", AllCells) {
  using Layer = LayerOf<TestType>;
  Random random(1);
  const auto layer = with_biases(Layer(3, 5, random), random);
  const Sequence<Layer> in = random_sequence(layer, 12, {}, random);
  for (const double limit : {0.0, 1e-3, 0.02, 0.1, 0.15, 1e6}) {
    CAPTURE(TestType::name, limit);
    const ByHand<TestType> expected(layer, in, limit);
    Layer gradient = zeros_like(layer);
    typename Layer::Tape tape;
    layer.forward(in.x, tape, {}, in.initial);
    const auto d_x = layer.backward(in.x, in.d_y, tape, gradient, {.clip = limit}, in.d_final);
    CHECK(relative_difference(d_x, expected.d_x) <= 1e-13);
    check_gradients_agree(gradient, expected.gradient, 1e-13);
    for (std::size_t n = 0; n < tape.d_initial.values.size(); ++n)
      CHECK(relative_difference(tape.d_initial.values[n], Matrix<double>(expected.d_initial()[n])) <= 1e-13);
    CHECK(tape.clip_report.norm == Approx(expected.report.norm).epsilon(1e-13));
    CHECK(tape.clip_report.clipped == expected.report.clipped);
    CHECK(expected.report.clipped == (limit > 0 && limit < 1));
  }
}

TEMPLATE_LIST_TEST_CASE("a limit that nothing reaches changes no bit", "[clipping]", AllCells) {
  for (const Direction direction : directions) {
    CAPTURE(TestType::name, direction == Direction::reverse);
    Random random(2);
    const auto layer = with_biases(LayerOf<TestType>(3, 7, random, {direction}), random);
    const auto in = random_sequence(layer, 9, {.size = 3, .lengths = {9, 4, 0}}, random);
    const auto plain = run(layer, in), clipped = run(layer, in, {.clip = 1e6});
    check_gradients_agree(clipped.gradient, plain.gradient, 0);
    CHECK(clipped.d_x == plain.d_x);
    CHECK(same_bits(clipped.d_initial, plain.d_initial));
  }
}

TEMPLATE_LIST_TEST_CASE("a reverse layer clips as a forward one of the mirrored sequence", "[clipping]", AllCells) {
  using Layer = LayerOf<TestType>;
  constexpr Index steps = 8, size = 2;
  Random random(3);
  auto layer = with_biases(Layer(3, 5, random), random);
  Sequence<Layer> in = random_sequence(layer, steps, {.size = size}, random), mirrored = in;
  for (Index t = 0; t < steps; ++t) {
    mirrored.x.middleCols(t * size, size) = in.x.middleCols((steps - 1 - t) * size, size);
    mirrored.d_y.middleCols(t * size, size) = in.d_y.middleCols((steps - 1 - t) * size, size);
  }
  const auto forward = run(layer, in, {.clip = 0.05});
  layer.unrolling.direction = Direction::reverse;
  check_gradients_agree(run(layer, mirrored, {.clip = 0.05}).gradient, forward.gradient, 1e-14);
}

TEST_CASE("clipping bounds what explodes and keeps NaN", "[clipping]") {
  Random random(4);
  const Rnn<float> layer(3, 5, random);
  Sequence<Rnn<float>> in = random_sequence(layer, 6, {.size = 2}, random);
  const auto gates = [&](float d_y) {
    Rnn<float>::Tape tape;
    layer.forward(in.x, tape, in.batch);
    in.d_y(0, 8) = d_y;
    Rnn<float> gradient = zeros_like(layer);
    layer.backward(in.x, in.d_y, tape, gradient, {.clip = 0.5});
    CHECK(tape.clip_report.clipped);
    Matrix<float> d_gates(5, in.x.cols());
    for (Index j = 0; j < d_gates.cols(); ++j)
      for (Index unit = 0; unit < d_gates.rows(); ++unit) d_gates(unit, j) = tape.gates.value(0, unit, j);
    return d_gates;
  };
  const auto infinite = gates(std::numeric_limits<float>::infinity());
  CHECK(infinite.allFinite());
  CHECK(infinite.maxCoeff() == 0.5f);
  CHECK(infinite.minCoeff() >= -0.5f);
  CHECK(gates(std::numeric_limits<float>::quiet_NaN()).hasNaN());
}

TEST_CASE("what is exactly at the bound is not clipped", "[clipping]") {
  const auto layer = Rnn<double>::zeros(1, 1);  // h = tanh(0), so the gate's error is d_y
  const Matrix<double> x = Matrix<double>::Zero(1, 1);
  for (const double d_y : {0.5, -0.5, std::nextafter(0.5, 1.0), std::nextafter(-0.5, -1.0)}) {
    CAPTURE(d_y);
    Rnn<double>::Tape tape;
    Rnn<double> gradient = layer;
    layer.forward(x, tape);
    layer.backward(x, Matrix<double>::Constant(1, 1, d_y), tape, gradient, {.clip = 0.5});
    CHECK(gradient.bias[0] == (d_y > 0 ? 0.5 : -0.5));
    CHECK(tape.clip_report.clipped == (std::abs(d_y) > 0.5));
  }
}

TEST_CASE("each layer of a model reports its own clipping", "[clipping]") {
  Random random(5);
  const Sequential model{Lstm<double>(3, 5, random), Bidirectional<Gru<double>>(5, 4, random)};
  const auto in = random_sequence(model, 7, {.size = 2}, random);
  decltype(model)::Tape tape;
  model.forward(in.x, tape, in.batch, in.initial, in.forward);
  auto gradient = zeros_like(model);
  model.backward(in.x, in.d_y * 1e-3, tape, gradient, {.clip = 0.01});
  const auto& [lstm, both] = tape.layers;
  CHECK(lstm.clip_report.norm > 0);
  CHECK_FALSE(lstm.clip_report.clipped);
  CHECK(both.forward_layer.clip_report.norm > 0);
  CHECK(both.reverse_layer.clip_report.norm != both.forward_layer.clip_report.norm);
}
