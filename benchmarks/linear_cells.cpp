// One long sequence of a cell without recurrent weights: on one thread, a step after the other, and on several, which
// share the steps, in turn: the least of some rounds. linear_cells [threads, 2]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <unroll/unroll.hpp>
#include <utility>

using namespace unroll;

namespace {

/// Milliseconds of a forward pass that is not recorded.
template <class Model>
double pass_time(const Model& model, const Matrix<float>& x, typename Model::Tape& tape, ThreadPool* pool) {
  const auto start = std::chrono::steady_clock::now();
  model.run(x, tape, {}, {}, {.record = false, .pool = pool});
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

template <class Cell>
void print_row(Index inputs, Index units, ThreadPool& pool) {
  constexpr Index steps = 100'000;
  Random random(1);
  const Recurrent<Cell, float> model(inputs, units, random);
  Matrix<float> x(inputs, steps);
  set_uniform(x, 1, random);
  typename Recurrent<Cell, float>::Tape tape, shared;
  double least = std::numeric_limits<double>::infinity(), least_shared = least;
  for (int round = 0; round < 15; ++round) {
    least = (std::min)(least, pass_time(model, x, tape, nullptr));
    least_shared = (std::min)(least_shared, pass_time(model, x, shared, &pool));
  }
  std::printf("| %s %td %td %td 1 | %.2f | %.2f | %.2f | %s |\n", Cell::name, inputs, units, steps, least, least_shared,
              least / least_shared, tape.output() == shared.output() ? "same" : "OTHER");
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 2;
  ThreadPool pool(threads);
  std::printf("| cell, I, H, T, B; ms | one thread | %d threads | ratio | bits |\n|---|---:|---:|---:|---|\n", threads);
  for (const auto& [inputs, units] :
       {std::pair<Index, Index>{8, 8}, {64, 8}, {256, 8}, {24, 24}, {64, 64}, {256, 256}}) {
    print_row<cells::MinGru>(inputs, units, pool);
    print_row<cells::MinLstm>(inputs, units, pool);
  }
}
