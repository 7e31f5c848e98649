// What a network cannot know: the future. At every step of a row of random bits the question is what most of three are:
// the bit before, this one and the one after. An LSTM that reads forward has not seen the last of them; two LSTMs that
// read from both ends have. Built by `./run demo`, then (a moment):
//
//   build/demo/examples/both_directions --plot .

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unroll/unroll.hpp>
#include <vector>

#include "support/plot.hpp"
#include "support/program.hpp"

using Eigen::VectorXd;
using unroll::Index, unroll::Matrix;
using Lstm = unroll::Lstm<float>;
using Dense = unroll::Dense<float>;

struct Options {
  std::uint64_t seed = 1;
  Index steps = 20, rows = 256, epochs = 30;
  bool quick = false;
  std::string plot;
};

/// Rows of bits, and what most of each bit and its neighbours are; beyond the ends stands 0.
unroll::Sequences<float> draw_rows(const Options& o, Index batch, unroll::Random random) {
  std::vector<Matrix<float>> bits, most;
  for (Index n = 0; n < o.rows; ++n) {
    Matrix<float> x(1, o.steps), y(1, o.steps);
    for (float& bit : x.reshaped()) bit = random.uniform() < 0.5 ? 0.0f : 1.0f;
    for (Index t = 0; t < o.steps; ++t) {
      const float before = t > 0 ? x(0, t - 1) : 0, after = t + 1 < o.steps ? x(0, t + 1) : 0;
      y(0, t) = before + x(0, t) + after > 1.5f ? 1.0f : 0.0f;
    }
    bits.push_back(x);
    most.push_back(y);
  }
  return {bits, most, batch};
}

/// Trains the model, and returns the share of right answers at each step of rows that it never saw.
template <class Model>
VectorXd learn(const char* name, const Model& model, const Options& o) {
  unroll::TrainingState state(model, unroll::Adam(model, {.learning_rate = 1e-2}), unroll::Random(o.seed));
  unroll::fit(state, draw_rows(o, 16, unroll::Random::substream(o.seed, 1)), unroll::binary_cross_entropy,
              {.epochs = o.epochs, .clip_norm = 1});

  const auto test = draw_rows(o, o.rows, unroll::Random::substream(o.seed, 2)).example(0, unroll::shuffled(o.rows, {}));
  typename Model::Tape tape;
  const auto logits = state.model.forward(test.x, tape, test.batch);
  const auto right = ((logits.array() > 0) == (test.target.array() > 0.5f)).template cast<double>().eval();
  const VectorXd by_step = right.reshaped(o.rows, o.steps).colwise().mean();  // column t * rows + n
  std::printf("%-16s %8td %9.1f%% %12.1f%%\n", name, unroll::parameter_count(model), 100 * by_step.mean(),
              100 * by_step[o.steps - 1]);
  return by_step;
}

void run(const Options& o) {
  unroll::Random random(o.seed);
  std::printf("%-16s %8s %10s %13s\n", "an LSTM", "weights", "right", "at the end");
  const VectorXd forward = learn("forward", unroll::Sequential{Lstm(1, 16, random), Dense(16, 1, random)}, o);
  const VectorXd both =
      learn("both directions", unroll::Sequential{unroll::Bidirectional<Lstm>(1, 10, random), Dense(20, 1, random)}, o);
  if (o.plot.empty()) return;
  {
    auto csv = open_csv(o.plot, "both_directions");
    csv << "step,forward,both\n";
    for (Index t = 0; t < o.steps; ++t) csv << t + 1 << ',' << 100 * forward[t] << ',' << 100 * both[t] << '\n';
  }
  draw(o.plot, "both_directions", UNROLL_EXAMPLE_FOLDER "/both_directions.gp", std::cout);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("What most of three neighbouring bits are: an LSTM forward, and in both directions.", "both_directions");
  app.add_option("--seed", o.seed, "of weights and bits")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--steps", o.steps, "length of the rows")->check(CLI::Range(1, 1000))->capture_default_str();
  auto* rows = app.add_option("--rows", o.rows, "to learn from")->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--epochs", o.epochs, "passes over them")->check(CLI::Range(1, 10'000))->capture_default_str();
  app.add_flag("--quick", o.quick, "64 rows, which are too few")->excludes(rows);
  app.add_option("--plot", o.plot, "folder for both_directions.csv and both_directions.svg");
  return run_program(app, argc, argv, [&] {
    if (o.quick) o.rows = 64;
    run(o);
  });
}
