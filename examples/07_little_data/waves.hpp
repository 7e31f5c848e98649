#pragma once

#include <cmath>
#include <unroll/unroll.hpp>
#include <vector>

/// Sequences and the class of each, as Sequences wants them.
struct Waves {
  std::vector<unroll::Matrix<float>> x, wave;  // 1 x 40; 1 x 1: 0 to 3
};

/// `count` waves of 40 steps in strong noise: sines, triangles, squares or saw-teeth of any phase, with periods from 8
/// to 20 steps. Which of the four is it?
inline Waves make_waves(unroll::Index count, unroll::Random& random) {
  constexpr unroll::Index steps = 40;
  constexpr double noise = 0.3;
  Waves waves;
  for (unroll::Index n = 0; n < count; ++n) {
    const auto wave = static_cast<int>(4 * random.uniform());
    const double period = 8 + 12 * random.uniform();
    double phase = random.uniform();
    unroll::Matrix<float> x(1, steps);
    for (float& value : x.reshaped()) {
      const double saw = 2 * phase - 1, height[] = {std::sqrt(2.0) * std::sin(6.283185307179586 * phase),
                                                    std::sqrt(3.0) * (1 - 2 * std::abs(saw)), saw < 0 ? -1.0 : 1.0,
                                                    std::sqrt(3.0) * saw};  // each of mean square 1
      value = static_cast<float>(height[wave] + noise * random.normal());
      phase += 1 / period;
      phase -= std::floor(phase);
    }
    waves.x.push_back(x);
    waves.wave.push_back(unroll::Matrix<float>::Constant(1, 1, static_cast<float>(wave)));
  }
  return waves;
}
