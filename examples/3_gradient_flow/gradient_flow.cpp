// How far back does a gradient reach? A fresh RNN and a fresh LSTM read 100 random numbers, the loss looks at the last
// state alone, and the engine records the norm of dL/dh at every step on the way back. Built by `./run demo`, then:
//
//   build/demo/examples/gradient_flow                   the RNN's gradient vanishes, the LSTM's lives longer
//   build/demo/examples/gradient_flow --gain 2          the RNN's explodes
//   build/demo/examples/gradient_flow --forget-bias 3   the LSTM's hardly shrinks any more
//
// The RNN multiplies by its recurrent matrix at every step: here an orthogonal one times the gain, so a gain below 1
// shrinks the gradient at least so much a step. The LSTM has a second way back, through its memory, where each step
// multiplies by the forget gate: sigmoid(1) = 0.73 at the start, sigmoid(3) = 0.95.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unroll/unroll.hpp>

using Eigen::VectorXd;
using unroll::Index, unroll::Matrix;
using Rnn = unroll::Rnn<double>;
using Lstm = unroll::Lstm<double>;

struct Options {
  Index steps = 100, hidden = 32;
  double gain = 0.9, forget_bias = 1;
  std::uint64_t seed = 1;
};

/// log10 of the norm of dL/dh at every step, relative to the last step's.
template <class Layer>
VectorXd gradient_flow(const Layer& layer, const Matrix<double>& x, Index batch) {
  typename Layer::Tape tape;
  const Matrix<double> h = layer.forward(x, tape, {.size = batch});  // the last step's alone
  Layer gradient = unroll::zeros_like(layer);
  layer.backward(x, h, tape, gradient, {.record_norms = true});  // L = |h|^2 / 2, so dL/dh = h
  if (const auto trouble = layer.find_non_finite(tape)) throw std::runtime_error(trouble->message());

  const auto norms = Eigen::ArrayXd::Map(tape.d_h_norms.data(), x.cols() / batch);
  return (norms / tape.d_h_norms.back()).max(1e-300).min(1e300).log10();
}

void print(const VectorXd& rnn, const VectorXd& lstm) {
  const double low = std::min(rnn.minCoeff(), lstm.minCoeff()), high = std::max(rnn.maxCoeff(), lstm.maxCoeff());
  const double unit = std::max(high - low, 1.0) / 30;
  const auto bar = [&](double value) { return std::string(static_cast<std::size_t>((value - low) / unit), '#'); };

  std::printf("log10 of |dL/dh|, relative to the last step's; # is %.2f\n\n", unit);
  std::printf("%6s %6s %-30s %6s\n", "step", "Rnn", "", "Lstm");
  const Index every = std::max<Index>(1, rnn.size() / 20);
  for (Index t = rnn.size() - 1; t >= 0; t = t > 0 ? std::max<Index>(0, t - every) : -1)
    std::printf("%6td %6.1f %-30s %6.1f %s\n", t + 1, rnn[t], bar(rnn[t]).c_str(), lstm[t], bar(lstm[t]).c_str());
}

void run(const Options& o) {
  constexpr Index batch = 16;
  constexpr unroll::Unrolling read_last{.readout = unroll::Readout::last};
  unroll::Random random(o.seed);
  Rnn rnn(1, o.hidden, random, read_last);
  Lstm lstm(1, o.hidden, random, read_last);
  rnn.weight_hh *= o.gain;
  lstm.weight_hh *= o.gain;
  lstm.bias.segment(o.hidden, o.hidden).setConstant(o.forget_bias);  // gate by gate: i f g o
  Matrix<double> x(1, o.steps * batch);
  for (double& value : x.reshaped()) value = random.normal();
  print(gradient_flow(rnn, x, batch), gradient_flow(lstm, x, batch));
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("The norms of the gradient on its way back through an RNN and an LSTM.", "gradient_flow");
  app.add_option("--steps", o.steps, "length of the sequences")->check(CLI::Range(1, 10'000))->capture_default_str();
  app.add_option("--hidden", o.hidden, "units of either layer")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--gain", o.gain, "factor on the recurrent weights")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  app.add_option("--forget-bias", o.forget_bias, "of the LSTM")
      ->check(CLI::Range(-100.0, 100.0))
      ->capture_default_str();
  app.add_option("--seed", o.seed, "of weights and inputs")->check(CLI::NonNegativeNumber)->capture_default_str();
  try {
    app.parse(argc, argv);
    run(o);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const std::exception& error) {
    std::cerr << "gradient_flow: " << error.what() << '\n';
    return 2;
  }
}
