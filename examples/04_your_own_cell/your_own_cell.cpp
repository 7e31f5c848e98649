// A cell that is not in the library learns to remember: it reads 30 random numbers and must say at the end whether the
// first was positive. The cell is the 20 lines of coupled_gate_lstm.hpp; the gradient that trains it is derived from
// its forward equations. Built by `./run demo`, then:
//
//   build/demo/examples/your_own_cell
//
// tests/cells/your_own_cell.cpp shows the one line that checks such a cell.

#include <cstdint>
#include <cstdio>
#include <unroll/unroll.hpp>

#include "coupled_gate_lstm.hpp"
#include "support/program.hpp"

using unroll::Index, unroll::Matrix;
using Layer = unroll::Recurrent<CoupledGateLstm, float>;
using Head = unroll::Dense<float>;
using Model = unroll::Sequential<Layer, Head>;

struct Options {
  int updates = 1000;
  std::uint64_t seed = 1;
};

/// Fresh sequences of random numbers in [-1, 1), and the sign of the first of each.
void draw(unroll::Random& random, Index steps, Index batch, Matrix<float>& x, Matrix<float>& answer) {
  x.resize(1, steps * batch);
  for (float& value : x.reshaped()) value = static_cast<float>(random.uniform(1));
  answer = x.leftCols(batch).cwiseSign();
}

void run(const Options& o) {
  constexpr Index steps = 30, batch = 32, hidden = 16;
  unroll::Random random(o.seed);
  Model model{Layer(1, hidden, random, {.readout = unroll::Readout::last}), Head(hidden, 1, random)};
  Model gradient = unroll::zeros_like(model);
  unroll::Adam<Model> adam(model, {.learning_rate = 1e-2});
  Model::Tape tape;
  Matrix<float> x, answer, d_y;
  std::printf("%s, %td parameters: is the first of %td numbers positive?\n", Layer::name(),
              unroll::parameter_count(model), steps);

  for (int update = 1; update <= o.updates; ++update) {
    draw(random, steps, batch, x, answer);
    const double loss = unroll::mean_squared_error(model.forward(x, tape, {.size = batch}), answer, d_y);
    unroll::set_zero(gradient);
    model.backward(x, d_y, tape, gradient);
    unroll::clip_by_global_norm(gradient, 1.0);
    adam.step(model, gradient);
    if (update == 1 || update % 100 == 0) std::printf("update %4d: loss %.4f\n", update, loss);
  }

  constexpr Index tests = 1000;
  draw(random, steps, tests, x, answer);
  const auto y = model.forward(x, tape, {.size = tests});
  const Index right = (y.array() * answer.array() > 0).count();
  std::printf("right on %td of %td new sequences\n", right, tests);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Trains a user's own cell to remember the first number of a sequence.", "your_own_cell");
  app.add_option("--updates", o.updates, "of the weights")->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--seed", o.seed, "of weights and sequences")->check(CLI::NonNegativeNumber)->capture_default_str();
  return run_program(app, argc, argv, [&] { run(o); });
}
