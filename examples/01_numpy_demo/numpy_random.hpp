#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "numpy_array.hpp"

namespace numpy {

/// np.random.RandomState(seed): the numbers of `randn`, in the order NumPy draws them.
///
/// std::mt19937 seeds itself as RandomState does with an integer (Matsumoto & Nishimura 1998, the 2002 seeding), but
/// the standard leaves the algorithm of std::normal_distribution open, so the normal numbers are made here.
class RandomState {
 public:
  explicit RandomState(std::uint32_t seed) : engine_(seed) {}

  Array randn(std::vector<Index> shape) {
    const Index count = std::accumulate(shape.begin(), shape.end(), Index{1}, std::multiplies<>());
    Array array{std::move(shape), std::vector<double>(static_cast<std::size_t>(count))};
    std::generate(array.values.begin(), array.values.end(), [this] { return gauss(); });
    return array;
  }

 private:
  /// 27 and 26 random bits make the 53 of a double in [0, 1).
  double uniform() {
    const std::uint64_t high = engine_() >> 5U;
    const std::uint64_t low = engine_() >> 6U;
    return static_cast<double>((high << 26U) + low) * 0x1p-53;
  }

  /// Marsaglia's polar method: a random point in the unit disc gives two normal numbers, the second waits for its turn.
  double gauss() {
    if (waiting_) return *std::exchange(waiting_, std::nullopt);
    double x = 0;
    double y = 0;
    double square = 0;
    do {
      x = 2 * uniform() - 1;
      y = 2 * uniform() - 1;
      // volatile: -march=native must not fuse the squares with their sum, whose last bit would differ from NumPy's.
      const volatile double x_squared = x * x;
      const volatile double y_squared = y * y;
      square = x_squared + y_squared;
    } while (square >= 1 || square == 0);
    const double scale = std::sqrt(-2 * std::log(square) / square);
    waiting_ = scale * x;
    return scale * y;
  }

  std::mt19937 engine_;
  std::optional<double> waiting_;
};

}  // namespace numpy
