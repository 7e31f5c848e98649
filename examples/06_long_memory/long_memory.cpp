// How long does a memory last? RNN, LSTM and GRU learn two tasks whose answer lies ever farther back: to add two marked
// numbers of a row, and to say symbols again after a gap. Built by `./run demo`, then:
//
//   build/demo/examples/long_memory                            both tasks, gaps of 10 to 100 steps
//   build/demo/examples/long_memory --standard-gates           LSTM and GRU without a start made for the task
//   build/demo/examples/long_memory --lengths 200 400 --updates 6000 --threads 4
//
// Every network has 32 units and the same number of updates, each on sequences drawn anew; it may stop early, when
// what is left of the loss is a tenth of a guesser's. Printed is the loss on other sequences beside the guesser's,
// who has forgotten all. One seed, one rate for all: a network that fails here may learn with more time or care.
// Takes about 30 s on one core.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unroll/unroll.hpp>
#include <vector>

#include "support/plot.hpp"
#include "support/program.hpp"
#include "tasks.hpp"

using unroll::Index;

struct Options {
  std::vector<std::string> tasks{Adding::name, Copying::name};
  std::vector<Index> lengths{10, 25, 50, 100};
  Index updates = 2000, hidden = 32;
  double rate = 1e-2;
  std::uint64_t seed = 1;
  int threads = 1;
  std::string plot;
  bool standard = false, quick = false;
};

struct Result {
  std::string task;
  Index length;
  double guessing;
  std::vector<double> losses;  // of the three cells
};

/// A fresh cell, whose gates start so that they hold a memory for 1 to `length` steps (Tallec & Ollivier 2018): the
/// LSTM's forget gate with a bias of log u, u uniform from 1 to the length, its input gate with -log u, the GRU's
/// update gate with log u.
template <class Cell>
Cell make_cell(Index inputs, Index length, unroll::Readout readout, const Options& o, unroll::Random& random) {
  Cell cell(inputs, o.hidden, random, {.readout = readout});
  for (Index i = 0; !o.standard && i < o.hidden; ++i) {
    const auto hold = static_cast<float>(std::log(1 + random.uniform() * static_cast<double>(length - 1)));
    if constexpr (std::is_same_v<Cell, unroll::Lstm<float>>) {  // i f g o
      cell.bias[i] = -hold;
      cell.bias[o.hidden + i] = hold;
    } else if constexpr (std::is_same_v<Cell, unroll::Gru<float>>) {  // n r z hn
      cell.bias[2 * o.hidden + i] = hold;
    }
  }
  return cell;
}

template <class Cell, class Task>
double train(const char* cell, Task task, Index length, const Options& o,
             const std::shared_ptr<unroll::ThreadPool>& threads) {
  unroll::Random random(o.seed);
  const unroll::Parallel model(unroll::Sequential{make_cell<Cell>(Task::inputs, length, Task::readout, o, random),
                                                  unroll::Dense<float>(o.hidden, Task::outputs, random)},
                               threads);
  unroll::TrainingState state(model, unroll::Adam(model, {.learning_rate = o.rate}), random);
  constexpr Index every = 50;
  const Fresh<Task> lessons{task, length, every, 32}, others{task, length, 8, 32};
  const auto enough = [](unroll::FitProgress& now) {
    now.stop = now.validation_loss && *now.validation_loss < Task::guessing() / 10;
  };
  fit(state, lessons, others, Task::loss,
      {.epochs = (o.updates + every - 1) / every, .clip_norm = 1, .observers = {enough}});
  const double loss = state.history.validation_loss.back();
  std::printf("%-7s %6td  %-5s %8.4f %8.4f %8td   %s\n", Task::name, length, cell, loss, Task::guessing(),
              state.epoch * every,
              loss < Task::guessing() / 10  ? "learnt"
              : loss < Task::guessing() / 2 ? "in part"
                                            : "-");
  std::fflush(stdout);
  return loss;
}

template <class Task>
void compare(Task task, const Options& o, const std::shared_ptr<unroll::ThreadPool>& threads,
             std::vector<Result>& results) {
  if (std::find(o.tasks.begin(), o.tasks.end(), Task::name) == o.tasks.end()) return;
  for (const Index length : o.lengths) {
    Result result{Task::name, length, Task::guessing(), {}};
    result.losses.push_back(train<unroll::Rnn<float>>("RNN", task, length, o, threads));
    result.losses.push_back(train<unroll::Lstm<float>>("LSTM", task, length, o, threads));
    result.losses.push_back(train<unroll::Gru<float>>("GRU", task, length, o, threads));
    results.push_back(result);
  }
}

void run(const Options& o) {
  std::printf("%-7s %6s  %-5s %8s %8s %8s\n", "task", "length", "cell", "loss", "guesser", "updates");
  const auto threads = std::make_shared<unroll::ThreadPool>(o.threads);
  std::vector<Result> results;
  compare(Adding(), o, threads, results);
  compare(Copying(), o, threads, results);
  if (o.plot.empty()) return;
  {
    auto file = open_csv(o.plot, "long_memory");
    file << "task,length,guesser,RNN,LSTM,GRU\n";
    for (const Result& r : results) {
      file << r.task << ',' << r.length << ',' << r.guessing;
      for (const double loss : r.losses) file << ',' << loss;
      file << '\n';
    }
  }
  draw(o.plot, "long_memory", UNROLL_EXAMPLE_FOLDER "/long_memory.gp", std::cout);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("RNN, LSTM and GRU on tasks that need a long memory.", "long_memory");
  app.add_option("--tasks", o.tasks, "adding, copy or both")
      ->check(CLI::IsMember({Adding::name, Copying::name}))
      ->capture_default_str();
  auto* lengths = app.add_option("--lengths", o.lengths, "of the rows, and of the gaps between symbols")
                      ->check(CLI::Range(2, 10'000))
                      ->capture_default_str();
  auto* updates = app.add_option("--updates", o.updates, "of the weights, at most; rounded up to whole fifties")
                      ->check(CLI::Range(1, 1'000'000))
                      ->capture_default_str();
  app.add_option("--hidden", o.hidden, "units of every network")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--rate", o.rate, "Adam's learning rate")->check(CLI::Range(0.0, 1.0))->capture_default_str();
  app.add_flag("--standard-gates", o.standard, "gates that start as the library's, not for the length of the task");
  app.add_option("--seed", o.seed, "of weights and sequences")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--threads", o.threads, "that share a batch; the numbers stay the same")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--plot", o.plot, "folder for long_memory.csv and long_memory.svg");
  app.add_flag("--quick", o.quick, "lengths 5 and 30, 300 updates")->excludes(lengths)->excludes(updates);
  return run_program(app, argc, argv, [&] {
    if (o.quick) {
      o.lengths = {5, 30};
      o.updates = 300;
    }
    run(o);
  });
}
