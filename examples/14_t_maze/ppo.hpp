#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <unroll/unroll.hpp>
#include <vector>

#include "maze.hpp"

/// What an actor did at one step and what came of it.
struct Move {
  unroll::Index column;  // of the rollout
  unroll::Index action;
  double log_chance;     // of the action, by the policy that chose it
  double value;          // what the model expected from here on
  double reward;         //
  bool last;             // of its episode
  double advantage = 0;  // how much better it was than expected
};

/// Actors side by side. Each goes through one episode after another: where one begins, the batch resets.
template <class Scalar>
struct Rollout {
  unroll::Matrix<Scalar> x;
  unroll::Batch batch;
  std::vector<Move> moves = {};  // one for each column, actor by actor
};

/// Generalised advantages of an actor's moves (Schulman et al. 2016, "High-dimensional continuous control using
/// generalized advantage estimation", equation 16). `value` is what the model expects after the last of them.
inline void estimate_advantages(std::span<Move> moves, double value, double discount = 0.98, double lambda = 0.95) {
  double advantage = 0;
  for (auto move = moves.rbegin(); move != moves.rend(); ++move) {
    if (move->last) value = advantage = 0;
    advantage = move->reward + discount * value - move->value + discount * lambda * advantage;
    move->advantage = advantage;
    value = move->value;
  }
}

/// Lets actors play, so many steps each; a stream of the model sees and its outputs decide.
template <class Model>
Rollout<typename Model::Scalar> play(const Model& model, unroll::Index actors, unroll::Index steps,
                                     unroll::Index longest, unroll::Random& random) {
  using Scalar = typename Model::Scalar;
  Rollout<Scalar> r{unroll::Matrix<Scalar>(Maze::sights, steps * actors),
                    {.size = actors, .resets = std::vector<bool>(static_cast<std::size_t>(steps * actors))}};
  unroll::Stream stream(model);
  for (unroll::Index b = 0; b < actors; ++b) {
    Maze maze(longest, unroll::Random(random.bits()));
    const auto look = [&] { return stream.step(maze.sees().template cast<Scalar>()); };
    for (unroll::Index t = 0; t < steps; ++t) {
      const unroll::Index column = t * actors + b;
      r.x.col(column) = maze.sees().template cast<Scalar>();
      r.batch.resets[static_cast<std::size_t>(column)] = maze.begins();
      if (maze.begins()) stream.reset();
      const auto y = look();
      const auto logits = y.head(Maze::actions);
      const unroll::Index action = unroll::sample(logits, random);
      const double reward = maze.act(action), log_chance = std::log(unroll::chances(logits)[action]);
      r.moves.push_back({column, action, log_chance, static_cast<double>(y[Maze::actions]), reward, maze.begins()});
    }
    const double value = static_cast<double>(look()[Maze::actions]);
    estimate_advantages(std::span(r.moves).last(static_cast<std::size_t>(steps)), value);
  }
  return r;
}

/// Proximal policy optimisation (Schulman et al. 2017, equations 7 and 9) of a model that gives a logit for each action
/// and below them the value. An advantage may be negative: the gain then falls as the action becomes likelier.
template <class Model>
struct Ppo {
  using Scalar = typename Model::Scalar;
  double clip = 0.2, value_weight = 1, entropy_weight = 0.01;
  typename Model::Tape tape = {};
  unroll::Matrix<Scalar> d_y = {};

  unroll::ExampleLoss operator()(const Model& model, const Rollout<Scalar>& r, unroll::ObjectivePass<Model>& pass,
                                 Model* gradient) {
    const auto y = model.forward(r.x, tape, r.batch, {}, pass.forward);
    const double count = static_cast<double>(y.cols());
    d_y.resize(y.rows(), y.cols());
    double loss = 0;
    for (const Move& move : r.moves) {
      const auto at = y.col(move.column);
      const unroll::Vector<double> p = unroll::chances(at.head(Maze::actions)), log_p = p.array().log();
      const double entropy = -p.dot(log_p), ratio = std::exp(log_p[move.action] - move.log_chance);
      const double gain = ratio * move.advantage, most = std::clamp(ratio, 1 - clip, 1 + clip) * move.advantage;
      const double error = static_cast<double>(at[Maze::actions]) - (move.value + move.advantage);
      loss += (value_weight * error * error - std::min(gain, most) - entropy_weight * entropy) / count;

      unroll::Vector<double> d = entropy_weight * p.cwiseProduct((log_p.array() + entropy).matrix());
      if (gain <= most) d += gain * (p - unroll::Vector<double>::Unit(Maze::actions, move.action));
      d_y.col(move.column) << (d / count).template cast<Scalar>(),
          static_cast<Scalar>(2 * value_weight * error / count);
    }
    if (gradient) model.backward(r.x, d_y, tape, *gradient, pass.backward);
    return {loss, count};
  }
};
