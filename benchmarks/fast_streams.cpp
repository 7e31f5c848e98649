// A step of a stream with exact activations and with approximate ones, in turn: the least of some rounds.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <unroll/unroll.hpp>
#include <vector>

using namespace unroll;

namespace {

/// Nanoseconds a step of a layer and a head of one output, each step's input made of the output before.
template <class Cell, int H>
double step_time() {
  constexpr int steps = 20'000;
  Random random(1);
  Stream stream(Sequential{Recurrent<Cell, float, 1, H>(random), Dense<float, H, 1>(random)});
  float y = 1;
  const auto start = std::chrono::steady_clock::now();
  for (int t = 0; t < steps; ++t) y = stream.step(0.5f * y + 0.1f)[0];  // never denormal
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  if (std::isnan(y)) std::puts("NaN");
  return time.count() / steps;
}

template <class Cell, int H>
void print_row(const char* name) {
  const std::vector<std::function<double()>> contestants = {
      step_time<Cell, H>, step_time<cells::Approximate<Cell, 5>, H>, step_time<cells::Approximate<Cell, 4>, H>};
  std::vector<double> least(contestants.size(), 1e9);
  for (int round = 0; round < 25; ++round)
    for (std::size_t i = 0; i < contestants.size(); ++i) least[i] = (std::min)(least[i], contestants[i]());
  std::printf("| %s %d | %.0f | %.0f | %.0f | %.2f |\n", name, H, least[0], least[1], least[2], least[2] / least[0]);
}

template <class Cell>
void print_rows(const char* name) {
  print_row<Cell, 8>(name), print_row<Cell, 16>(name), print_row<Cell, 24>(name);
  print_row<Cell, 32>(name), print_row<Cell, 40>(name), print_row<Cell, 64>(name);
}

}  // namespace

int main() {
  std::puts("| ns a step | exact | 5 digits | 4 digits | 4 digits / exact |\n|---|---:|---:|---:|---:|");
  print_rows<cells::Lstm>("lstm");
  print_rows<cells::Gru>("gru");
}
