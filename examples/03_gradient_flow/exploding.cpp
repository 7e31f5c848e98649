// What an exploding gradient does to training, and what helps. Plain RNNs with recurrent matrices of spectral
// radius 1.5 learn to tell the sum of the last three numbers of a long random series, by gradient descent with a large
// step. Built by `./run demo`, then:
//
//   build/demo/examples/exploding                the runs without clipping, and again with the gradient's norm cut to 1
//   build/demo/examples/exploding --radius 3     beyond what clipping alone can cure
//
// Without clipping the weights are thrown so far that they grow until they are no numbers; `fit` stops there and says
// at which step, layer and gate. Two cures are compared: clipping by the global norm (Pascanu, Mikolov & Bengio 2013),
// and a smaller network: fewer layers and units. The default radius and rate were chosen so that both can be
// seen to work; with others they do not always. Takes about 4 s on one core.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <unroll/unroll.hpp>
#include <utility>
#include <vector>

#include "support/plot.hpp"
#include "support/program.hpp"

using unroll::Index, unroll::Matrix;
using Stack = unroll::Stack<unroll::Rnn<float>>;
using Model = unroll::Sequential<Stack, unroll::Dense<float>>;
using Data = unroll::Sequences<float>;

struct Options {
  Index steps = 100, updates = 150;
  double radius = 1.5, rate = 0.3, clip = 1;
  std::uint64_t seed = 1;
  std::string plot;
  bool quick = false;
};

struct Run {
  Index layers, hidden;
  double clip;
  std::vector<double> loss = {}, norm = {};  // of each update; the norm is the gradient's before clipping
};

/// Series of normal numbers; the target is the sum of the last three, scaled to variance 1. All are one batch, so that
/// an epoch is one update.
Data make_data(Index steps, unroll::Random& random) {
  std::vector<Matrix<float>> x, sum;
  for (int n = 0; n < 64; ++n) {
    Matrix<float> one(1, steps), target = Matrix<float>::Zero(1, steps);
    for (float& value : one.reshaped()) value = static_cast<float>(random.normal());
    for (Index back = 0; back < std::min<Index>(3, steps); ++back)
      target.rightCols(steps - back) += one.leftCols(steps - back) / std::sqrt(3.0f);
    x.push_back(one);
    sum.push_back(target);
  }
  return {x, sum, 64};
}

void train(Run& run, const Data& data, const Data& fresh, const Options& o) {
  unroll::Random random(o.seed);
  Stack rnns(run.layers, 1, run.hidden, random);
  for (auto& rnn : rnns.layers) rnn.weight_hh *= static_cast<float>(o.radius);  // orthogonal before
  const Model model{rnns, unroll::Dense<float>(run.hidden, 1, random)};
  unroll::TrainingState state(model, unroll::Sgd(model, {.learning_rate = o.rate}), random);
  const auto keep = [&](unroll::FitProgress& now) { run.norm.push_back(now.gradient_norm); };
  const auto report = fit(
      state, data, unroll::mean_squared_error,
      {.epochs = o.updates, .clip_norm = run.clip, .on_non_finite = unroll::OnNonFinite::stop, .observers = {keep}});
  run.loss = state.history.loss;
  std::printf("%6td %6td %6g  ", run.layers, run.hidden, run.clip);
  if (report.end == unroll::FitEnd::not_finite)
    std::printf("stopped: %s\n", report.problem.c_str());
  else
    std::printf("loss %.3g on fresh series; largest gradient %.2g\n",
                evaluate(state.model, fresh, unroll::mean_squared_error),
                *std::max_element(run.norm.begin(), run.norm.end()));
  std::fflush(stdout);
}

/// A row for each update: of each run the loss and the gradient's norm, nothing after its end.
void write(std::ostream& to, const std::vector<Run>& runs, Index updates) {
  to << "update";
  for (const Run& run : runs)
    for (const char* what : {"loss", "norm"})
      to << ',' << what << ' ' << run.layers << " x " << run.hidden << " clip " << run.clip;
  for (std::size_t k = 0; k < static_cast<std::size_t>(updates); ++k) {
    to << '\n' << k + 1;
    for (const Run& run : runs)
      for (const auto* series : {&run.loss, &run.norm}) {
        to << ',';
        if (k < series->size()) to << (*series)[k];
      }
  }
  to << '\n';
}

void run(const Options& o) {
  auto random = unroll::Random::substream(o.seed, 1);
  const Data data = make_data(o.steps, random), fresh = make_data(o.steps, random);
  std::printf("RNNs of spectral radius %g, %td updates at a rate of %g; a loss of 1 is that of guessing\n\n", o.radius,
              o.updates, o.rate);
  std::printf("%6s %6s %6s\n", "layers", "units", "clip");
  std::vector<Run> runs;
  for (const double clip : {0.0, o.clip}) {
    if (clip == 0 && !runs.empty()) break;
    for (const auto& [layers, hidden] : {std::pair<Index, Index>{3, 32}, {1, 32}, {1, 8}}) {
      runs.push_back({layers, hidden, clip});
      train(runs.back(), data, fresh, o);
    }
  }
  if (o.plot.empty()) return;
  {
    auto file = open_csv(o.plot, "exploding");
    write(file, runs, o.updates);
  }
  draw(o.plot, "exploding", UNROLL_EXAMPLE_FOLDER "/exploding.gp", std::cout);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("RNNs whose gradients explode, without and with clipping, and smaller ones.", "exploding");
  app.add_option("--radius", o.radius, "spectral radius of the recurrent matrices")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  app.add_option("--clip", o.clip, "limit of the gradient's norm in the second half of the runs; 0: no such runs")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--rate", o.rate, "learning rate")->check(CLI::Range(0.0, 1e6))->capture_default_str();
  app.add_option("--steps", o.steps, "length of the series")->check(CLI::Range(1, 10'000))->capture_default_str();
  app.add_option("--updates", o.updates, "of the weights")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app.add_option("--seed", o.seed, "of weights and series")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--plot", o.plot, "folder for exploding.csv and exploding.svg");
  app.add_flag("--quick", o.quick, "60 updates")->excludes("--updates");
  return run_program(app, argc, argv, [&] {
    if (o.quick) o.updates = 60;
    run(o);
  });
}
