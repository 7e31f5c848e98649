// A policy with a memory learns by trial. At the start of a corridor a sign says where the treasure lies; at its end,
// up to ten steps on, one must turn left or right, and the sign is out of sight. A GRU with two heads, the policy and
// the value, learns it by PPO (ppo.hpp); a network without a memory, trained alike, finds every second treasure. Built
// by `./run demo`, then (a moment):
//
//   build/demo/examples/t_maze --plot .
//
// The actions are drawn from a stream; the moves of 4 actors are a batch, in which one episode begins where another
// ends (Batch::resets). Nobody says what is right: all there is to learn from is the reward.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unroll/unroll.hpp>
#include <utility>
#include <vector>

#include "ppo.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using unroll::Index;
using Dense = unroll::Dense<float>;

constexpr Index rollouts = 4, actors = 4, moves = 128;  // of one update: 2048 moves

struct Options {
  std::uint64_t seed = 1;
  Index longest = 10, updates = 50;
  std::string plot;
};

/// Plays and learns, again and again; returns what share of the treasures was found before each update, in percent.
template <class Model>
std::vector<double> learn(const Model& model, const Options& o) {
  unroll::TrainingState state(model, unroll::Adam(model, {.learning_rate = 5e-3}), unroll::Random(o.seed));
  auto random = unroll::Random::substream(o.seed, 1);
  std::vector<double> found;
  for (Index k = 0; k < o.updates; ++k) {
    std::vector<Rollout<float>> played;
    double episodes = 0, treasures = 0;
    for (Index n = 0; n < rollouts; ++n) {
      played.push_back(play(state.model, actors, moves, o.longest, random));
      for (const Move& move : played.back().moves) {
        episodes += move.last ? 1 : 0;
        treasures += move.reward > 0 ? 1 : 0;
      }
    }
    found.push_back(100 * treasures / std::max(1.0, episodes));
    unroll::fit(state, unroll::Examples(std::move(played)), Ppo<Model>(),
                {.epochs = state.epoch + 4, .clip_norm = 0.5});
  }
  return found;
}

void run(const Options& o) {
  unroll::Random random(o.seed);
  const auto heads = [&] { return unroll::Branches{Dense(16, Maze::actions, random), Dense(16, 1, random)}; };
  const auto plain = learn(unroll::Sequential{Dense(Maze::sights, 16, random), unroll::Tanh<float>(), heads()}, o);
  const auto gru = learn(unroll::Sequential{unroll::Gru<float>(Maze::sights, 16, random), heads()}, o);

  std::printf("treasures found\n%9s %12s %12s\n", "moves", "no memory", "a GRU");
  const auto moves_before = [](std::size_t k) { return static_cast<Index>(k) * rollouts * actors * moves; };
  for (std::size_t k = 0; k < gru.size(); ++k)
    if (k % 5 == 0 || k + 1 == gru.size()) std::printf("%9td %11.1f%% %11.1f%%\n", moves_before(k), plain[k], gru[k]);
  if (o.plot.empty()) return;
  auto csv = open_csv(o.plot, "t_maze");
  csv << "moves,no memory,a GRU\n";
  for (std::size_t k = 0; k < gru.size(); ++k) csv << moves_before(k) << ',' << plain[k] << ',' << gru[k] << '\n';
  csv.close();
  draw(o.plot, "t_maze", UNROLL_EXAMPLE_FOLDER "/t_maze.gp", std::cout);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("A policy with a memory learns by PPO where a treasure lies.", "t_maze");
  app.add_option("--seed", o.seed, "of weights, corridors and moves")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--longest", o.longest, "corridor, in steps")->check(CLI::Range(1, 100))->capture_default_str();
  app.add_option("--updates", o.updates, "after 2048 moves each")->check(CLI::Range(1, 10'000))->capture_default_str();
  app.add_option("--plot", o.plot, "folder for t_maze.csv and t_maze.svg");
  return run_program(app, argc, argv, [&] { run(o); });
}
