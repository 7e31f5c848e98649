// Prints what is wrong with the activations, the square root and a cell's rule, and ends with 1: whatever the flags
// that compiled it, they are right, or the headers refuse the flags.
#include <cmath>
#include <cstdio>

#include "unroll/cells/lstm.hpp"

namespace {

bool right = true;

template <class Scalar>
void expect(const char* what, Scalar given, double expected) {
  const double tolerance = sizeof(Scalar) == 4 ? 1e-6 : 1e-14;
  if (std::fabs(static_cast<double>(given) - expected) <= tolerance * std::fabs(expected)) return;
  std::printf("%s is %.9g, expected %.9g\n", what, static_cast<double>(given), expected);
  right = false;
}

template <class Scalar>
void check() {
  using P = unroll::Pack<Scalar>;
  const auto first = [](P pack) {
    Scalar lanes[P::size];
    pack.store(lanes);
    return lanes[0];
  };
  for (int k = -80; k <= 80; ++k) {
    volatile Scalar number = static_cast<Scalar>(k == 0 ? 1e-3 : k / 10.0);  // known to no compiler
    const Scalar x = number;
    const double wide = static_cast<double>(x);
    expect("exp", unroll::exp(x), std::exp(wide));
    expect("sigmoid", unroll::sigmoid(x), 1 / (1 + std::exp(-wide)));
    expect("tanh", unroll::tanh(x), std::tanh(wide));
    if (k > 0) expect("sqrt", first(sqrt(P(x))), std::sqrt(wide));

    unroll::GateValues<unroll::cells::Lstm, P> gates{P(x), P(x / 2), P(x / 4), P(x / 8)};
    unroll::StateValues<unroll::cells::Lstm, P> state{P(0), P(Scalar(0.75))};
    unroll::cells::Lstm::forward(gates, state);
    const auto logistic = [](double z) { return 1 / (1 + std::exp(-z)); };
    const double i = logistic(wide), f = logistic(wide / 2), o = logistic(wide / 8);
    const double c = f * 0.75 + i * std::tanh(wide / 4);
    if (std::fabs(c) > 0.1) expect("an Lstm's h", first(state[0]), o * std::tanh(c));
  }
}

}  // namespace

int main() {
  check<float>();
  check<double>();
  return right ? 0 : 1;
}
