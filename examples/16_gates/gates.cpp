// When do the gates of a memory open? A cell of one's own (fading_memory.hpp), which has a weight a unit, reads letters
// and must say at every step which one came last behind a star. Nothing but the cell learns: letters are read as random
// codes, which are frozen, and said by the same codes, to which the read-out is tied. It learns by Lion. Then the gates
// are read from the tape, and drawn unit by unit over time. Built by `./run demo`, then (a moment):
//
//   build/demo/examples/gates --plot pictures

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unroll/unroll.hpp>
#include <vector>

#include "fading_memory.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using unroll::Index, unroll::Matrix;
using Cell = unroll::Recurrent<FadingMemory, float>;
using Model = unroll::Sequential<unroll::Embedding<float>, Cell, unroll::Dense<float>>;

const std::string tokens = "abcdefgh*";
constexpr Index star = 8;

struct Options {
  std::uint64_t seed = 1;
  Index hidden = 16, epochs = 30, steps = 50;
  std::string plot;
};

/// Rows of letters, some behind a star, and at every step the last of those. The first step is a star, and says so.
unroll::Sequences<float> draw_rows(Index rows, Index steps, unroll::Random random) {
  std::vector<Matrix<float>> read, said;
  for (Index n = 0; n < rows; ++n) {
    std::vector<Index> letters, kept;
    for (Index t = 0, last = star, token = -1; t < steps; ++t) {
      const bool starred = token == star;
      token = t == 0 || (!starred && random.uniform() < 0.15) ? star : static_cast<Index>(random.uniform() * star);
      if (starred) last = token;
      letters.push_back(token);
      kept.push_back(last);
    }
    read.push_back(unroll::token_row(letters, star + 1));
    said.push_back(unroll::token_row(kept, star + 1));
  }
  return {read, said, 16};
}

Model train(const Options& o) {
  unroll::Random random(o.seed);
  const Model model{unroll::Embedding<float>(star + 1, o.hidden, random), Cell(o.hidden, o.hidden, random),
                    unroll::Dense<float>(o.hidden, star + 1, random)};
  // The weights a unit lie in the bias; every move of Lion is of one size, and theirs would be too slow.
  const unroll::Lion lion(model, {.groups = {{.names = "0.weight", .frozen = true},
                                             {.names = "1.bias", .rate = 10},
                                             {.names = "2.weight", .tied_to = "0.weight", .transposed = true},
                                             {.names = "2.bias", .frozen = true}}});
  unroll::TrainingState state(model, lion, random);
  std::printf("%s, %td units: %td weights learn, %td are frozen or tied\n", Cell::name(), o.hidden,
              unroll::parameter_count(std::get<1>(model.layers)),
              unroll::parameter_count(model) - unroll::parameter_count(std::get<1>(model.layers)));
  const auto tell = [](unroll::FitProgress& now) {
    if (now.epoch_done && (now.epoch % 5 == 0 || now.epoch == now.epochs))
      std::printf("epoch %3td: loss %.4f, right %.1f%%\n", now.epoch, *now.validation_loss,
                  100 * now.metrics["accuracy"]);
  };
  unroll::fit(state, draw_rows(512, 40, unroll::Random::substream(o.seed, 1)),
              draw_rows(128, 40, unroll::Random::substream(o.seed, 2)), unroll::softmax_cross_entropy,
              {.epochs = o.epochs,
               .clip_norm = 1,
               .metrics = {unroll::accuracy()},
               .schedule = unroll::CosineRate{2e-3, o.epochs},
               .observers = {tell}});
  return state.model;
}

double sigmoid(float x) { return 1 / (1 + std::exp(-static_cast<double>(x))); }

void run(const Options& o) {
  const Model model = train(o);
  const auto row = draw_rows(1, o.steps, unroll::Random::substream(o.seed, 4)).example(0, {0});
  Model::Tape tape;
  const auto y = model.forward(row.x, tape);

  std::string read, said;
  for (Index t = 0; t < o.steps; ++t) {
    read += tokens[static_cast<std::size_t>(row.x(0, t))];
    said += tokens[static_cast<std::size_t>(unroll::greedy(y.col(t)))];
  }
  std::printf("\nreads             %s\nsays              %s\n", read.c_str(), said.c_str());

  // In how many steps half of each unit's memory fades, and its gate at every step. Of a rule that gives only its
  // forward equations the tape keeps what came to the gates, so their sigmoids are still to be taken.
  const auto& gates = std::get<1>(tape.layers).gates;
  // r^n = 1/2, where r = sigmoid(x) stays a step.
  const auto half_life = [&](Index unit) {
    return std::log(2.0) / std::log1p(std::exp(-static_cast<double>(gates.value(2, unit, 0))));
  };
  auto units = unroll::shuffled(o.hidden, {});
  std::sort(units.begin(), units.end(), [&](Index a, Index b) { return half_life(a) < half_life(b); });
  std::ofstream file;
  if (!o.plot.empty()) file = open_csv(o.plot, "gates");
  file << "half-life";
  for (const char token : read) file << ',' << token;
  for (const Index unit : units) {
    std::printf("half in %7.1f   ", half_life(unit));
    file << '\n' << std::round(10 * half_life(unit)) / 10;
    for (Index t = 0; t < o.steps; ++t) {
      const double open = sigmoid(gates.value(0, unit, t));
      std::putchar("0123456789"[std::min(9, static_cast<int>(10 * open))]);
      file << ',' << open;
    }
    std::putchar('\n');
  }
  file << '\n';
  file.close();
  std::fflush(stdout);
  if (!o.plot.empty()) draw(o.plot, "gates", UNROLL_EXAMPLE_FOLDER "/gates.gp", std::cout);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("A cell of one's own remembers the last letter behind a star; its gates are drawn.", "gates");
  app.add_option("--seed", o.seed, "of weights and letters")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--hidden", o.hidden, "units")->check(CLI::Range(1, 512))->capture_default_str();
  app.add_option("--epochs", o.epochs, "of 512 rows")->check(CLI::Range(1, 10'000))->capture_default_str();
  app.add_option("--steps", o.steps, "of the row whose gates are drawn")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--plot", o.plot, "folder for gates.csv and gates.svg");
  return run_program(app, argc, argv, [&] { run(o); });
}
