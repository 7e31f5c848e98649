// One network, two answers, one objective. A bell rings now and then in one of four tones. At every step two things are
// asked for: which tone rang last (a class), and how many steps ago (a value). An LSTM with two heads learns both by an
// objective of its own, the sum of two losses, which `fit` takes as it takes a loss. Beside it stand a network without
// a memory, which the same objective trains, and who always says the commonest tone and the mean time. Built by `./run
// demo`, then (a moment):
//
//   build/demo/examples/two_heads

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <unroll/unroll.hpp>
#include <vector>

#include "support/program.hpp"

using unroll::Index, unroll::Matrix;
using Dense = unroll::Dense<float>;
using Heads = unroll::Branches<Dense, Dense>;

constexpr Index tones = 4;
constexpr float time_unit = 10;  // steps: so both losses are of one size, and neither is learnt alone

struct Options {
  std::uint64_t seed = 1;
  Index steps = 40, rows = 256, epochs = 30;
  bool quick = false;
};

/// Rows of rings, one input a tone; the target's first row is the last tone, its second the time since then.
unroll::Sequences<float> draw_rows(const Options& o, Index batch, unroll::Random random) {
  std::vector<Matrix<float>> rings, asked;
  for (Index n = 0; n < o.rows; ++n) {
    Matrix<float> x = Matrix<float>::Zero(tones, o.steps), target(2, o.steps);
    for (Index t = 0, tone = 0, ago = 0; t < o.steps; ++t, ++ago) {
      if (t == 0 || random.uniform() < 0.15) {
        tone = static_cast<Index>(random.uniform() * tones);
        x(tone, t) = 1;
        ago = 0;
      }
      target.col(t) << static_cast<float>(tone), static_cast<float>(ago) / time_unit;
    }
    rings.push_back(x);
    asked.push_back(target);
  }
  return {rings, asked, batch};
}

/// The cross-entropy of the tone plus the squared error of the time, each a mean over all columns. It keeps its tape
/// and buffers from call to call.
template <class Model>
struct ToneAndTime {
  typename Model::Tape tape = {};
  Matrix<float> d_tone = {}, d_time = {}, d_y = {};

  unroll::ExampleLoss operator()(const Model& model, const unroll::Example<float>& e,
                                 unroll::ObjectivePass<Model>& pass, Model* gradient) {
    const auto y =
        model.forward(e.x, tape, e.batch, e.batch.continues ? pass.carried : typename Model::State(), pass.forward);
    pass.carried = tape.final_state;
    const double loss = unroll::softmax_cross_entropy(y.topRows(tones), e.target.topRows(1), d_tone, e.batch) +
                        unroll::mean_squared_error(y.bottomRows(1), e.target.bottomRows(1), d_time, e.batch);
    if (gradient) {
      d_y.resize(y.rows(), y.cols());
      d_y << d_tone, d_time;
      model.backward(e.x, d_y, tape, *gradient, pass.backward);
    }
    return {loss, static_cast<double>(y.cols())};
  }
};

void print(const char* name, Index weights, double right, double error) {
  std::printf("%-22s %8td %9.1f%% %14.2f\n", name, weights, 100 * right, error);
}

/// Trains the model, and prints how it does on rows that it never saw.
template <class Model>
void learn(const char* name, const Model& model, const Options& o, const unroll::Example<float>& test) {
  unroll::TrainingState state(model, unroll::Adam(model, {.learning_rate = 1e-2}), unroll::Random(o.seed));
  unroll::fit(state, draw_rows(o, 16, unroll::Random::substream(o.seed, 1)), ToneAndTime<Model>(),
              {.epochs = o.epochs, .clip_norm = 1});

  typename Model::Tape tape;
  const auto y = state.model.forward(test.x, tape, test.batch);
  Index right = 0;
  for (Index j = 0, tone; j < y.cols(); ++j) {
    y.col(j).head(tones).maxCoeff(&tone);
    right += static_cast<float>(tone) == test.target(0, j);
  }
  const double square = (y.row(tones) - test.target.row(1)).squaredNorm() / static_cast<float>(y.cols());
  print(name, unroll::parameter_count(model), static_cast<double>(right) / static_cast<double>(y.cols()),
        time_unit * std::sqrt(square));
}

void run(const Options& o) {
  const auto test = draw_rows(o, o.rows, unroll::Random::substream(o.seed, 2)).example(0, unroll::shuffled(o.rows, {}));
  std::printf("%-22s %8s %10s %14s\n", "", "weights", "tone right", "time off, rms");
  const auto time = test.target.row(1).array();
  double commonest = 0;
  for (Index tone = 0; tone < tones; ++tone)
    commonest = std::max(commonest, (test.target.row(0).array() == static_cast<float>(tone)).cast<double>().mean());
  print("the same answer always", 0, commonest, time_unit * std::sqrt((time - time.mean()).square().mean()));

  unroll::Random random(o.seed);
  const auto heads = [&] { return Heads{Dense(24, tones, random), Dense(24, 1, random)}; };
  learn("no memory", unroll::Sequential{Dense(tones, 24, random), unroll::Tanh<float>(), heads()}, o, test);
  learn("an LSTM", unroll::Sequential{unroll::Lstm<float>(tones, 24, random), heads()}, o, test);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Which of four tones rang last, and how long ago: two heads of one network.", "two_heads");
  app.add_option("--seed", o.seed, "of weights and rings")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--steps", o.steps, "length of the rows")->check(CLI::Range(1, 1000))->capture_default_str();
  auto* rows = app.add_option("--rows", o.rows, "to learn from")->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--epochs", o.epochs, "passes over them")->check(CLI::Range(1, 10'000))->capture_default_str();
  app.add_flag("--quick", o.quick, "64 rows, which are too few")->excludes(rows);
  return run_program(app, argc, argv, [&] {
    if (o.quick) o.rows = 64;
    run(o);
  });
}
