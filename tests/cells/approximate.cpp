#include "unroll/cells/approximate.hpp"

#include "catch.hpp"
#include "unroll/testing/cell_contract.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;

namespace {

/// A user's cell, with all that a rule may call.
struct Everything {
  static constexpr const char* name = "Everything";
  static constexpr std::array gate_names{"a", "b", "c"};
  static constexpr std::array state_names{"h", "m"};

  template <class V>
  static void forward(std::array<V, 3>& gates, std::array<V, 2>& state) {
    auto& [a, b, c] = gates;
    auto& [h, m] = state;
    V sum = 0.5f * sigmoid(a) - 1;
    sum += exp(-(b * b));
    sum *= tanh(c);
    sum -= relu(h + 3) / (2 + m * m);
    m = -sum / sqrt(1 + h * h);
    h = select_less(V(0), sum, sum, 0.5f * sum) - 0.25f * abs(m);
  }
};

/// The same layer with other rules: the greatest difference of their outputs.
template <class Cell, int digits>
double distance() {
  Random random(1);
  const Recurrent<Cell, double> exact(2, 24, random);
  auto rough = Recurrent<cells::Approximate<Cell, digits>, double>::zeros(2, 24);
  rough.weight_ih = exact.weight_ih;
  rough.weight_hh = exact.weight_hh;
  rough.bias = exact.bias;
  Matrix<double> x(2, 100);
  set_uniform(x, 2, random);
  typename Recurrent<Cell, double>::Tape tape;
  typename Recurrent<cells::Approximate<Cell, digits>, double>::Tape rough_tape;
  return (exact.forward(x, tape) - rough.forward(x, rough_tape)).cwiseAbs().maxCoeff();
}

}  // namespace

TEMPLATE_TEST_CASE("approximate cells keep the contract", "[approximate]", cells::Lstm, cells::Gru, cells::OriginalGru,
                   cells::MinGru, Everything) {
  CHECK(testing::broken_clauses<cells::Approximate<TestType>>() == std::vector<std::string>{});
}

TEST_CASE("of 5 digits too", "[approximate]") {
  CHECK(testing::broken_clauses<cells::Approximate<cells::Lstm, 5>>() == std::vector<std::string>{});
}

TEST_CASE("it is the same cell but for the digits", "[approximate]") {
  using A = cells::Approximate<cells::Gru>;
  CHECK(A::name == std::string("Gru"));
  const auto names = [](const auto& of) { return std::vector<std::string>(of.begin(), of.end()); };
  CHECK(names(A::gate_names) == names(cells::Gru::gate_names));
  CHECK(input_gates<A>().count == 3);
  CHECK(recurrent_gates<A>().first == 1);
  CHECK(late_gates<cells::Approximate<cells::OriginalGru>>().count == 1);
  CHECK(cells::Approximate<cells::Lstm>::initial_bias == cells::Lstm::initial_bias);
}

TEST_CASE("outputs are near the exact cell's, and not its own", "[approximate]") {
  for (const double error :
       {distance<cells::Lstm, 4>(), distance<cells::Gru, 4>(), distance<cells::OriginalGru, 4>()}) {
    CHECK(error < 1e-3);
    CHECK(error > 1e-6);
  }
  CHECK(distance<cells::Lstm, 5>() < 1e-5);
  CHECK(distance<cells::PeepholeLstm, 5>() < 1e-5);
  using V = Pack<double>;
  GateValues<Everything, V> gates{V(0.3), V(-0.7), V(1.1)}, also = gates;
  StateValues<Everything, V> state{V(0.5), V(-0.2)}, near = state;
  Everything::forward(gates, state);
  cells::Approximate<Everything, 5>::forward(also, near);
  for (std::size_t n = 0; n < 2; ++n) CHECK(std::abs((state[n] - near[n]).first_lane()) < 1e-5);
}

TEST_CASE("a stream has the bits of the sequence, alone and in a batch", "[approximate]") {
  for (const int hidden : {1, 7, 24, 100}) {
    Random random(2);
    const FastLstm<float> layer(3, hidden, random);
    Matrix<float> x(3, 2 * 20);
    set_uniform(x, 2, random);
    FastLstm<float>::Tape tape;
    const Matrix<float> y = layer.forward(x, tape, {.size = 2});
    auto stream = layer.stream();
    bool same = true;
    for (Index t = 0; t < 20; ++t) {
      const float* h = stream.step(x.col(2 * t).data());
      same = same && std::equal(h, h + hidden, y.col(2 * t).data());
    }
    CAPTURE(hidden);
    CHECK(same);
  }
}

TEST_CASE("a fast layer learns", "[approximate]") {
  Random random(3);
  std::vector<Matrix<float>> xs, means;
  for (int i = 0; i < 64; ++i) {
    xs.emplace_back(1, 12);
    set_uniform(xs.back(), 1, random);
    means.push_back(Matrix<float>::Constant(1, 1, xs.back().mean()));
  }
  const Sequential model{FastGru<float>(1, 8, random, {.readout = Readout::last}), Dense<float>(8, 1, random)};
  TrainingState state(model, Adam(model, {.learning_rate = 0.01}), random);
  fit(state, Sequences<float>(xs, means, 16), mean_squared_error, {.epochs = 30});
  CHECK(state.history.loss.back() < 0.05 * state.history.loss.front());
}
