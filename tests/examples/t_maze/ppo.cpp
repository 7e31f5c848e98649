// The rollouts and the objective of examples/14_t_maze.
#include "ppo.hpp"

#include "catch.hpp"
#include "unroll/testing/gradient_check.hpp"

using namespace unroll;

namespace {

using Model = Sequential<Gru<double>, Branches<Dense<double>, Dense<double>>>;

Model model(std::uint64_t seed) {
  Random random(seed);
  return Model{Gru<double>(Maze::sights, 6, random),
               Branches{Dense<double>(6, Maze::actions, random), Dense<double>(6, 1, random)}};
}

}  // namespace

TEST_CASE("the batch of a rollout, episodes and all, gives what the stream gave", "[ppo]") {
  Random random(3);
  const Rollout<double> r = play(model(1), 3, 40, 4, random);
  Model::Tape tape;
  const auto y = model(1).forward(r.x, tape, r.batch);
  Index episodes = 0, found = 0, columns = 0;
  for (const Move& move : r.moves) {
    columns += move.column;
    episodes += move.last ? 1 : 0;
    found += move.reward == 1 ? 1 : 0;
    CHECK(y(Maze::actions, move.column) == move.value);
    CHECK(std::log(chances(y.col(move.column).head(Maze::actions))[move.action]) == move.log_chance);
    CHECK((move.last ? std::abs(move.reward) == 1 : move.reward == 0 || move.reward == -0.1));
    if (move.last && move.column + 3 < r.x.cols()) CHECK(r.batch.resets[static_cast<std::size_t>(move.column + 3)]);
  }
  CHECK(columns == 119 * 60);
  CHECK(episodes > 5);
  CHECK(found > 0);
  CHECK(found < episodes);
}

TEST_CASE("an advantage looks ahead to the end of its episode and no further", "[ppo]") {
  std::vector<Move> moves(3);
  const double values[] = {0.5, 0.25, 2}, rewards[] = {-0.1, 1, 3};
  for (std::size_t t = 0; t < 3; ++t) {
    moves[t].value = values[t];
    moves[t].reward = rewards[t];
  }
  moves[1].last = true;
  estimate_advantages(moves, 8, 0.5, 0.25);
  CHECK(moves[2].advantage == Approx(3 + 0.5 * 8 - 2));
  CHECK(moves[1].advantage == Approx(1 - 0.25));
  CHECK(moves[0].advantage == Approx(-0.1 + 0.5 * 0.25 - 0.5 + 0.125 * 0.75));
}

TEST_CASE("the gradient of PPO is that of its loss, for advantages of either sign, in and out of the clip", "[ppo]") {
  Random random(4);
  const Rollout<double> r = play(model(1), 3, 40, 4, random);
  const Model other = model(2);
  Model::Tape tape;
  const auto y = other.forward(r.x, tape, r.batch);
  Index of_kind[2][3] = {};
  for (const Move& move : r.moves) {
    const double ratio = chances(y.col(move.column).head(Maze::actions))[move.action] / std::exp(move.log_chance);
    ++of_kind[move.advantage < 0 ? 0 : 1][ratio < 0.8 ? 0 : ratio > 1.2 ? 2 : 1];
  }
  for (const auto& counts : of_kind)
    for (const Index count : counts) CHECK(count > 2);
  const auto report = testing::check_objective(other, r, Ppo<Model>());
  CAPTURE(report.where);
  CHECK(report.worst <= 1e-7);
  CHECK(report.compared > 100);
}
