// GRU or LSTM, where there is little to learn from? Both learn to tell four noisy waves apart from 16 to 256 examples,
// with as many weights and the same examples, many times over, and each is tested on 1000 others. Built by `./run
// demo`, then (45 seconds):
//
//   build/demo/examples/little_data
//   build/demo/examples/little_data --seed 2 --plot .
//
// Settings are the same for both and were not tuned on the test. A quarter of the examples choose the epoch whose
// weights are kept. Within a run both cells see the same examples, so the runs are pairs: a sign test (Arbuthnot 1710)
// says how likely so many wins of one of them are if the two were equally good.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unroll/unroll.hpp>
#include <vector>

#include "support/plot.hpp"
#include "support/program.hpp"
#include "waves.hpp"

using unroll::Index, unroll::Matrix;

struct Options {
  std::uint64_t seed = 1;
  int runs = 40;
  Index updates = 600, tested = 1000;
  std::vector<Index> sizes{16, 32, 64, 128, 256};
  bool quick = false;
  std::string plot;
};

template <class Layer>
auto model_of(Index units, unroll::Random& random) {
  return unroll::Sequential{Layer(1, units, random, {.readout = unroll::Readout::last}),
                            unroll::Dense<float>(units, 4, random)};
}
auto make_gru(unroll::Random& random) { return model_of<unroll::Gru<float>>(14, random); }
auto make_lstm(unroll::Random& random) { return model_of<unroll::Lstm<float>>(12, random); }

/// Percent of the waves that the model takes for another.
template <class Model>
double error(const Model& model, const Waves& waves) {
  const auto all = static_cast<Index>(waves.x.size());
  const unroll::Sequences<float> data(waves.x, waves.wave, all);
  const auto e = data.example(0, data.order(std::nullopt));
  typename Model::Tape tape;
  const auto y = model.forward(e.x, tape, e.batch);
  Index wrong = 0;
  for (Index n = 0; n < all; ++n) {
    Index guess = 0;
    y.col(n).maxCoeff(&guess);
    if (guess != static_cast<Index>(e.target(0, n))) ++wrong;
  }
  return 100 * static_cast<double>(wrong) / static_cast<double>(all);
}

/// Trains the model on the waves and returns its error on the test.
template <class Model>
double learn(const Model& model, const Waves& training, const Waves& validation, const Waves& test,
             unroll::Random random, const Options& o) {
  const unroll::Sequences<float> data(training.x, training.wave, 16);
  const unroll::Sequences<float> check(validation.x, validation.wave, 64);
  unroll::TrainingState state(model, unroll::Adam(model, {.learning_rate = 1e-2}), random);
  const Index epochs = std::max<Index>(1, o.updates / data.batches());
  unroll::fit(state, data, check, unroll::softmax_cross_entropy, {.epochs = epochs, .clip_norm = 1, .keep_best = true});
  return error(state.model, test);
}

/// The value below which that share of them lies, between neighbours in proportion.
double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(place), high = std::min(low + 1, values.size() - 1);
  return values[low] + (place - static_cast<double>(low)) * (values[high] - values[low]);
}

/// How likely a fair coin is to fall at least so unevenly, either way.
double sign_test(int wins, int losses) {
  const int n = wins + losses;
  double coefficient = 1, tail = 0;
  for (int k = 0; k <= std::min(wins, losses); ++k) {
    tail += coefficient;
    coefficient *= static_cast<double>(n - k) / (k + 1);
  }
  return std::min(1.0, 2 * tail / std::pow(2.0, n));
}

void run(const Options& o) {
  unroll::Random test_random = unroll::Random::substream(o.seed, 0);
  const Waves test = make_waves(o.tested, test_random);
  unroll::Random any(1);
  std::printf("Test error in percent (75 is guessing): median and quartiles of %d runs\n", o.runs);
  std::printf("GRU of 14 units, %td weights; LSTM of 12 units, %td weights\n\n", unroll::parameter_count(make_gru(any)),
              unroll::parameter_count(make_lstm(any)));
  std::printf("%8s  %-20s  %-20s  %-12s %s\n", "examples", "GRU", "LSTM", "runs won", "sign test");
  std::ostringstream csv;
  csv << "examples,gru,gru low,gru high,lstm,lstm low,lstm high\n";
  const double level = 0.05 / static_cast<double>(o.sizes.size());  // as many tests are made (Bonferroni)
  for (const Index size : o.sizes) {
    std::vector<double> gru, lstm;
    int gru_wins = 0, lstm_wins = 0;
    for (int k = 1; k <= o.runs; ++k) {
      auto random =
          unroll::Random::substream(o.seed, static_cast<std::uint64_t>(1000 * k) + static_cast<std::uint64_t>(size));
      const Waves validation = make_waves(size / 4, random), training = make_waves(size - size / 4, random);
      gru.push_back(learn(make_gru(random), training, validation, test, random, o));
      lstm.push_back(learn(make_lstm(random), training, validation, test, random, o));
      gru_wins += gru.back() < lstm.back() ? 1 : 0;
      lstm_wins += lstm.back() < gru.back() ? 1 : 0;
    }
    const double p = sign_test(gru_wins, lstm_wins);
    const char* verdict = p >= level ? "no telling" : gru_wins > lstm_wins ? "the GRU is better" : "the LSTM is better";
    std::printf("%8td", size);
    csv << size;
    for (const auto& errors : {gru, lstm}) {
      const double middle = quantile(errors, 0.5), low = quantile(errors, 0.25), high = quantile(errors, 0.75);
      std::printf("  %4.1f (%4.1f to %4.1f) ", middle, low, high);
      for (const double value : {middle, low, high}) csv << ',' << value;
    }
    csv << '\n';
    std::printf("  %2d to %-2d     p = %.4f: %s\n", gru_wins, lstm_wins, p, verdict);
    std::fflush(stdout);
  }
  std::printf("\nOne is called better where p is below %.3g: 0.05 over %zu tests.\n", level, o.sizes.size());
  if (o.plot.empty()) return;
  open_csv(o.plot, "little_data") << csv.str();
  draw(o.plot, "little_data", UNROLL_EXAMPLE_FOLDER "/little_data.gp", std::cout);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("A GRU and an LSTM learn from few examples.", "little_data");
  app.add_option("--seed", o.seed, "of everything")->check(CLI::NonNegativeNumber)->capture_default_str();
  auto* runs = app.add_option("--runs", o.runs, "for each size")->check(CLI::Range(1, 1000))->capture_default_str();
  auto* sizes = app.add_option("--sizes", o.sizes, "numbers of examples, with commas")
                    ->delimiter(',')
                    ->check(CLI::Range(4, 100'000))
                    ->capture_default_str();
  auto* updates = app.add_option("--updates", o.updates, "batches of 16 to learn from")
                      ->check(CLI::Range(1, 1'000'000))
                      ->capture_default_str();
  app.add_flag("--quick", o.quick, "few runs, sizes and updates")->excludes(runs)->excludes(sizes)->excludes(updates);
  app.add_option("--plot", o.plot, "folder for little_data.csv and little_data.svg");
  return run_program(app, argc, argv, [&] {
    if (o.quick) {
      o.runs = 4;
      o.sizes = {16, 128};
      o.updates = 120;
    }
    run(o);
  });
}
