// Recurrent dropout and zoneout: what they compute, their gradients, and that they are drawn as they say.

#include "unroll/engine/noise.hpp"

#include "engine/gradient_matrix.hpp"

using namespace engine_test;

namespace {

constexpr Unrolling both{.recurrent_dropout = 0.4, .zoneout = 0.3, .zoneout_cell_state = 0.2};
constexpr std::uint64_t seed = 5;

Unrolling in_direction(Unrolling how, Direction direction) {
  how.direction = direction;
  return how;
}

bool are_zero_or(const Matrix<double>& mask, double value) {
  return (mask.array() == 0 || mask.array() == value).all();
}

/// A tape after a forward pass with noise over 20 steps of 50 samples.
template <class Cell>
typename LayerOf<Cell>::Tape drawn(const Unrolling& how, std::optional<std::uint64_t> dropout_seed) {
  Random random(1);
  const LayerOf<Cell> layer(2, 40, random, how);
  typename LayerOf<Cell>::Tape tape;
  layer.forward(random_matrix<double>(2, 20 * 50, random), tape, {.size = 50}, {}, {.dropout_seed = dropout_seed});
  return tape;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("gradients under noise are those of central differences", "[noise]", AllCells) {
  for (const Direction direction : directions) {
    CAPTURE(TestType::name, direction == Direction::reverse);
    Random random(2);
    const auto layer =
        with_biases(LayerOf<TestType>(3, 7, random, in_direction(noise_of<TestType>(both), direction)), random);
    for (const GradientCase& one : gradient_cases) {
      if (one.truncation.window > 0) continue;
      INFO(one.name);
      const Batch batch = batch_of(one, 12);
      const ForwardOptions forward{.dropout_seed = seed};
      const Sequence<LayerOf<TestType>> in = random_sequence(layer, 12, batch, random, forward);
      const auto report = testing::check_gradient(layer, in.x, batch, {.entries = 16, .forward = forward}, in.initial);
      CAPTURE(report.where);
      CHECK(report.worst <= 1e-7);
      CHECK(report.compared >= 48);  // all tensors of a minimal cell have 16 each
    }
  }
}

TEMPLATE_LIST_TEST_CASE("zoneout's mean has the gradients of central differences", "[noise]", AllCells) {
  const auto direction = GENERATE(Direction::forward, Direction::reverse);
  Random random(3);
  const auto layer =
      with_biases(LayerOf<TestType>(3, 7, random, in_direction(noise_of<TestType>(both), direction)), random);
  check_gradient_matrix(layer, 12, {.entries = 16});
}

TEST_CASE("an LSTM under noise is what the papers say, step by step", "[noise]") {
  Random random(4);
  const auto layer = with_biases(Lstm<double>(3, 7, random, both), random);
  const Index B = 3, H = 7;
  const Matrix<double> x = random_matrix<double>(3, 6 * B, random);
  for (const bool training : {false, true}) {
    CAPTURE(training);
    Lstm<double>::Tape tape;
    ForwardOptions options;
    if (training) options.dropout_seed = seed;
    const auto y = layer.forward(x, tape, {.size = B}, {}, options);
    Matrix<double> h = Matrix<double>::Zero(H, B), c = h;
    for (Index t = 0; t < 6; ++t) {
      const auto share = [&](std::size_t n, double rate) -> Matrix<double> {
        return training ? Matrix<double>(tape.zoneout[n].kept.middleCols(t * B, B))
                        : Matrix<double>::Constant(H, B, rate);
      };
      const Matrix<double> seen = training ? tape.dropout.mask.cwiseProduct(h).eval() : h;
      const Matrix<double> a =
          ((layer.weight_ih * x.middleCols(t * B, B) + layer.weight_hh * seen).colwise() + layer.bias).eval();
      const auto gate = [&](Index k) { return a.middleRows(k * H, H).array(); };
      const auto squashed = [&](Index k) { return 1 / (1 + (-gate(k)).exp()); };
      const Matrix<double> new_c = squashed(1) * c.array() + squashed(0) * gate(2).tanh();
      const Matrix<double> new_h = squashed(3) * new_c.array().tanh();
      const auto mix = [](const Matrix<double>& kept, const Matrix<double>& old, const Matrix<double>& fresh) {
        return (kept.array() * old.array() + (1 - kept.array()) * fresh.array()).matrix().eval();
      };
      h = mix(share(0, 0.3), h, new_h);
      c = mix(share(1, 0.2), c, new_c);
      CHECK(relative_difference(y.middleCols(t * B, B), h) <= 1e-14);
    }
    CHECK(relative_difference(tape.final_state.values[1], c) <= 1e-14);
  }
}

TEST_CASE("noise is drawn at its rates, dropout once a sequence and zoneout at every step", "[noise]") {
  const auto tape = drawn<cells::Lstm>(both, seed);
  CHECK(are_zero_or(tape.dropout.mask, 1 / 0.6));
  REQUIRE(tape.dropout.mask.cols() == 50);
  CHECK(std::abs((tape.dropout.mask.array() == 0).cast<double>().mean() - 0.4) <= 5 * std::sqrt(0.24 / 2000));
  for (const auto& [n, rate] : {std::pair<std::size_t, double>{0, 0.3}, {1, 0.2}}) {
    CHECK(are_zero_or(tape.zoneout[n].kept, 1));
    REQUIRE(tape.zoneout[n].kept.cols() == 20 * 50);
    CHECK(std::abs(tape.zoneout[n].kept.mean() - rate) <= 5 * std::sqrt(rate * (1 - rate) / 40000));
  }
  CHECK(tape.zoneout[0].kept.leftCols(50) != tape.zoneout[0].kept.rightCols(50));
  CHECK(tape.zoneout[0].kept != tape.zoneout[1].kept);
}

TEST_CASE("dropout and the zoneout of each state are drawn apart, at equal rates too", "[noise]") {
  const auto tape = drawn<cells::Lstm>({.recurrent_dropout = 0.3, .zoneout = 0.3, .zoneout_cell_state = 0.3}, seed);
  CHECK(tape.zoneout[0].kept != tape.zoneout[1].kept);
  const Matrix<double> dropped = (tape.dropout.mask.array() == 0).cast<double>();
  for (const auto& of_state : tape.zoneout) CHECK(of_state.kept.leftCols(50) != dropped);
}

TEST_CASE("without a seed there is no noise, without a rate nothing is kept for it", "[noise]") {
  const auto inference = drawn<cells::Gru>(noise_of<cells::Gru>(both), {});
  CHECK(inference.dropout.mask.size() == 0);
  CHECK(inference.zoneout[0].kept == Matrix<double>::Constant(40, 50, 0.3));
  const auto plain = drawn<cells::Gru>({}, seed);
  CHECK(plain.dropout.mask.size() == 0);
  CHECK(plain.dropout.fed_back.size() == 0);
  CHECK(plain.zoneout[0].kept.size() == 0);
  CHECK(plain.zoneout[0].made.size() == 0);
  CHECK(plain.states[0] == drawn<cells::Gru>({}, {}).states[0]);
}

TEST_CASE("a seed gives the same noise again, and another gives other noise", "[noise]") {
  CHECK(drawn<cells::Lstm>(both, 1).states[0] == drawn<cells::Lstm>(both, 1).states[0]);
  CHECK(drawn<cells::Lstm>(both, 1).states[0] != drawn<cells::Lstm>(both, 2).states[0]);
}

TEST_CASE("a pass that is not recorded gives the same outputs under noise", "[noise]") {
  Random random(6);
  const Lstm<double> layer(3, 7, random, both);
  const Matrix<double> x = random_matrix<double>(3, 6 * 2, random);
  Lstm<double>::Tape kept, not_kept;
  const Matrix<double> y = layer.forward(x, kept, {.size = 2}, {}, {.dropout_seed = seed});
  CHECK(layer.forward(x, not_kept, {.size = 2}, {}, {.dropout_seed = seed, .record = false}) == y);
  CHECK(not_kept.zoneout[0].made.size() == 0);
}

TEMPLATE_LIST_TEST_CASE("a stream with zoneout gives the sequence's bits", "[noise]", AllCells) {
  Random random(7);
  const LayerOf<TestType> layer(3, 9, random, noise_of<TestType>(both));
  const Matrix<double> x = random_matrix<double>(3, 20, random);
  typename LayerOf<TestType>::Tape tape;
  const Matrix<double> y = layer.forward(x, tape);
  auto stream = layer.stream();
  for (Index t = 0; t < 20; ++t) REQUIRE(Vector<double>::Map(stream.step(x.col(t).data()), 9) == y.col(t));
}

TEST_CASE("one unit of one sample has its zoneout too", "[noise]") {
  Random random(4);
  const Rnn<double> layer(1, 1, random, {.zoneout = 0.5});
  const Matrix<double> x{{0.5, -1, 2}};
  Rnn<double>::Tape tape;
  const Matrix<double> y = layer.forward(x, tape);
  double h = 0;
  for (Index t = 0; t < 3; ++t) {
    const double made = std::tanh(layer.weight_ih(0, 0) * x(t) + layer.weight_hh(0, 0) * h + layer.bias[0]);
    h = 0.5 * h + 0.5 * made;
    CHECK(y(t) == Approx(h).epsilon(1e-14));
  }
}

TEST_CASE("noise that has nothing to act on is refused", "[noise]") {
  Random random(9);
  const auto no_weights = contains_text(": recurrent_dropout is 0.4, but there is no W_hh that could see h");
  const auto no_cell_state = contains_text(": zoneout_cell_state is 0.2, but h is the only state");
  CHECK_THROWS_WITH(MinGru<double>(2, 3, random, {.recurrent_dropout = 0.4}), no_weights);
  CHECK_THROWS_WITH(MinLstm<double>(2, 3, random, {.recurrent_dropout = 0.4}), no_weights);
  CHECK_THROWS_WITH(Gru<double>(2, 3, random, {.zoneout_cell_state = 0.2}), no_cell_state);
  CHECK_THROWS_WITH(Rnn<double>::zeros(2, 3, {.zoneout_cell_state = 0.2}), no_cell_state);
  MinGru<double> layer(2, 3, random);
  layer.unrolling.recurrent_dropout = 0.4;
  MinGru<double>::Tape tape;
  CHECK_THROWS_WITH(layer.forward(Matrix<double>::Zero(2, 1), tape), no_weights);
}

TEST_CASE("rates that are none are refused when a layer is made and when it is used", "[noise]") {
  Random random(8);
  for (const double rate : {-0.1, 1.0, 2.0, std::nan("")}) {
    CAPTURE(rate);
    CHECK_THROWS_WITH(Lstm<double>(2, 3, random, {.recurrent_dropout = rate}),
                      contains_text("Lstm: recurrent_dropout is ") && contains_text(", expected 0 <= rate < 1"));
    CHECK_THROWS_WITH(Lstm<double>(2, 3, random, {.zoneout = rate}), contains_text("Lstm: zoneout is "));
    Lstm<double> layer(2, 3, random);
    layer.unrolling.zoneout_cell_state = rate;
    Lstm<double>::Tape tape;
    CHECK_THROWS_WITH(layer.forward(Matrix<double>::Zero(2, 1), tape), contains_text("zoneout_cell_state is "));
  }
}
