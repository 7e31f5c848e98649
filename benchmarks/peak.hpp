#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <latch>
#include <thread>
#include <unroll/core/pack.hpp>
#include <vector>

#include "pin.hpp"
#include "protocol.hpp"

namespace bench {

/// Independent chains of fused multiply-adds that fill the registers and leave two for the operands: nothing is loaded,
/// and there are more of them than an FMA's latency times the FMAs a cycle.
class FmaLoop {
 public:
  using Pack = unroll::Pack<float>;
  static constexpr std::size_t chains = Pack::size == 16 ? 24 : 12;

  /// Floating-point operations of one run.
  static constexpr double operations(long rounds) {
    return 2.0 * Pack::size * static_cast<double>(chains) * static_cast<double>(rounds);
  }

  /// A sum of all chains, which keeps the compiler from leaving them out.
  static float run(long rounds, float multiplier, float addend) {
    const Pack a(multiplier), b(addend);
    std::array<Pack, chains> sums;
    for (std::size_t i = 0; i < chains; ++i) sums[i] = Pack(static_cast<float>(i));
    for (long round = 0; round < rounds; ++round)
#pragma GCC unroll 32
      for (std::size_t i = 0; i < chains; ++i) sums[i] = multiply_add(sums[i], a, b);
    Pack total(0);
    for (const Pack& sum : sums) total += sum;
    float lanes[Pack::size];
    total.store(lanes);
    return lanes[0];
  }
};

/// The processor's peak on this many threads, in GFLOP/s: all loops together, from the first start to the last end.
inline double peak_gflops(int threads) {
  constexpr long rounds = 10'000'000;
  static volatile float operand = 0.5f;
  std::latch ready(threads + 1);
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i)
    workers.emplace_back([i, &ready, a = static_cast<float>(operand)] {
      pin_thread(i);
      keep(FmaLoop::run(rounds / 20, a, a));
      ready.arrive_and_wait();
      keep(FmaLoop::run(rounds, a, a));
    });
  ready.arrive_and_wait();
  const auto start = std::chrono::steady_clock::now();
  workers.clear();  // joins
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return threads * FmaLoop::operations(rounds) / seconds * 1e-9;
}

}  // namespace bench
