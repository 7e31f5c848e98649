// A Gru against its formulas in plain loops; ends with 1 where it is wrong.
#ifdef COMPLEX_H
#include <complex.h>
#endif

#include <cmath>
#include <cstdio>

#include "unroll/layers/recurrent_layers.hpp"

using namespace unroll;

int main() {
  constexpr Index inputs = 3, hidden = 5, steps = 7;
  Random random(1);
  Gru<float> gru(inputs, hidden, random);
  for (float& b : gru.bias) b = static_cast<float>(random.uniform(0.5));
  Matrix<float> x(inputs, steps);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(random.normal());
  Gru<float>::Tape tape;
  const auto y = gru.forward(x, tape);

  const auto logistic = [](double z) { return 1 / (1 + std::exp(-z)); };
  double h[hidden] = {}, worst = 0;
  for (Index t = 0; t < steps; ++t) {
    double next[hidden];
    for (Index unit = 0; unit < hidden; ++unit) {
      double n = gru.bias[unit], r = gru.bias[hidden + unit], z = gru.bias[2 * hidden + unit];
      double hn = gru.bias[3 * hidden + unit];
      for (Index k = 0; k < inputs; ++k) {
        const double value = x(k, t);
        n += value * gru.weight_ih(unit, k);
        r += value * gru.weight_ih(hidden + unit, k);
        z += value * gru.weight_ih(2 * hidden + unit, k);
      }
      for (Index k = 0; k < hidden; ++k) {
        r += h[k] * gru.weight_hh(unit, k);
        z += h[k] * gru.weight_hh(hidden + unit, k);
        hn += h[k] * gru.weight_hh(2 * hidden + unit, k);
      }
      z = logistic(z);
      next[unit] = (1 - z) * std::tanh(n + logistic(r) * hn) + z * h[unit];
    }
    for (Index unit = 0; unit < hidden; ++unit) {
      h[unit] = next[unit];
      worst = std::fmax(worst, std::fabs(y(unit, t) - h[unit]));
    }
  }
  std::printf("largest error %.3g\n", worst);
  return worst < 1e-6 ? 0 : 1;
}
