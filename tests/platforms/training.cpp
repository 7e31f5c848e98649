// A small network learns to foresee a signal, on two threads. Prints a number for the bits of what it has learned: as
// its layers have no more units than the smallest register has lanes, sums over units have one order everywhere.
#include <cstdio>

#include "hash.hpp"
#include "unroll/data/stream_windows.hpp"
#include "unroll/inference.hpp"
#include "unroll/layers/parallel.hpp"
#include "unroll/losses/mean_squared_error.hpp"
#include "unroll/optimizers/sgd.hpp"
#include "unroll/training/fit.hpp"

using namespace unroll;

int main() {
  Random random(1);
  Matrix<float> x(1, 400), y(1, 400);
  for (int t = 0; t < 400; ++t) {
    x(0, t) = signal(t);
    y(0, t) = signal(t + 1);
  }
  const StreamWindows<float> data(x, y, 20, 4);
  const Parallel model(Sequential{Lstm<float>(1, 4, random), Gru<float>(4, 4, random), Dense<float>(4, 1, random)},
                       std::make_shared<ThreadPool>(2));
  TrainingState state(model, Sgd(model, {.learning_rate = 0.1, .momentum = 0.9}), random);
  fit(state, data, MeanSquaredError(), {.epochs = 20});
  Hash hash;
  for_each_tensor([&](const std::string&, const auto& tensor) { hash.add(tensor.data(), tensor.size()); }, state.model);
  std::printf("trained to a loss of %.3f: %lu\n", evaluate(state.model, data, MeanSquaredError()),
              static_cast<unsigned long>(hash.value));
}
