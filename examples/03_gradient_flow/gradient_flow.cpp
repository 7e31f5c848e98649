// How far back does a gradient reach? A fresh RNN, LSTM and GRU read 100 random numbers, the loss looks at the last
// state alone, and the engine records the norm of dL/dh at every step on the way back. Built by `./run demo`, then:
//
//   build/demo/examples/gradient_flow      at spectral radius 0.9 all gradients vanish, the LSTM's the slowest;
//                                          at 2 the RNN's explodes, the LSTM's and the GRU's keep within bounds
//   build/demo/examples/gradient_flow --forget-bias 3 --update-bias 3   the gated ones' hardly shrink any more
//
// The RNN multiplies by its recurrent matrix at every step: here an orthogonal one times the radius, so a radius below
// 1 shrinks the gradient at least so much a step. LSTM and GRU have a second way back, through their memory, where each
// step multiplies by a gate: of the LSTM the forget gate, sigmoid(1) = 0.73 at the start, sigmoid(3) = 0.95; of the GRU
// the update gate, sigmoid(0) = 0.5. What exploding gradients do to training: exploding.cpp. Takes a moment.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unroll/unroll.hpp>

#include "support/plot.hpp"
#include "support/program.hpp"

using Eigen::VectorXd;
using unroll::Index, unroll::Matrix;

struct Options {
  Index steps = 100, hidden = 32;
  std::vector<double> radii{0.9, 2};
  double forget_bias = 1, update_bias = 0;
  std::uint64_t seed = 1;
  std::string plot;
  bool quick = false;
};

struct Curve {
  std::string cell;
  double radius;
  VectorXd norms;  // log10 of |dL/dh| at every step, relative to the last step's
};

/// The curve of a fresh layer whose recurrent matrices, one a gate, are orthogonal times the radius.
template <class Layer>
Curve gradient_flow(const char* cell, double radius, const Matrix<double>& x, Index batch, const Options& o) {
  unroll::Random random(o.seed);
  Layer layer(1, o.hidden, random, {.readout = unroll::Readout::last});
  layer.weight_hh *= radius;
  if constexpr (std::is_same_v<Layer, unroll::Lstm<double>>)
    layer.bias.segment(o.hidden, o.hidden).setConstant(o.forget_bias);  // gate by gate: i f g o
  if constexpr (std::is_same_v<Layer, unroll::Gru<double>>)
    layer.bias.segment(2 * o.hidden, o.hidden).setConstant(o.update_bias);  // n r z hn
  typename Layer::Tape tape;
  const Matrix<double> h = layer.forward(x, tape, {.size = batch});  // the last step's alone
  Layer gradient = unroll::zeros_like(layer);
  layer.backward(x, h, tape, gradient, {.record_norms = true});  // L = |h|^2 / 2, so dL/dh = h
  if (const auto trouble = layer.find_non_finite(tape)) throw std::runtime_error(trouble->message());

  const auto norms = Eigen::ArrayXd::Map(tape.d_h_norms.data(), x.cols() / batch);
  return {cell, radius, (norms / tape.d_h_norms.back()).max(1e-300).min(1e300).log10()};
}

void print(const std::vector<Curve>& curves) {
  std::printf("log10 of |dL/dh|, relative to the last step's; the second line is the spectral radius\n\n%6s", "step");
  for (const Curve& curve : curves) std::printf(" %7s", curve.cell.c_str());
  std::printf("\n%6s", "");
  for (const Curve& curve : curves) std::printf(" %7g", curve.radius);
  const Index steps = curves[0].norms.size(), every = std::max<Index>(1, steps / 20);
  for (Index t = steps - 1; t >= 0; t = t > 0 ? std::max<Index>(0, t - every) : -1) {
    std::printf("\n%6td", t + 1);
    for (const Curve& curve : curves) std::printf(" %7.1f", curve.norms[t]);
  }
  std::printf("\n");
}

void write(std::ostream& to, const std::vector<Curve>& curves) {
  to << "step";
  for (const Curve& curve : curves) to << ',' << curve.cell << ' ' << curve.radius;
  for (Index t = 0; t < curves[0].norms.size(); ++t) {
    to << '\n' << t + 1;
    for (const Curve& curve : curves) to << ',' << std::pow(10, curve.norms[t]);
  }
  to << '\n';
}

void run(const Options& o) {
  constexpr Index batch = 16;
  auto random = unroll::Random::substream(o.seed, 1);
  Matrix<double> x(1, o.steps * batch);
  for (double& value : x.reshaped()) value = random.normal();
  std::vector<Curve> curves;
  for (const double radius : o.radii) {
    curves.push_back(gradient_flow<unroll::Rnn<double>>("RNN", radius, x, batch, o));
    curves.push_back(gradient_flow<unroll::Lstm<double>>("LSTM", radius, x, batch, o));
    curves.push_back(gradient_flow<unroll::Gru<double>>("GRU", radius, x, batch, o));
  }
  print(curves);
  if (o.plot.empty()) return;
  {
    auto file = open_csv(o.plot, "gradient_flow");
    write(file, curves);
  }
  draw(o.plot, "gradient_flow", UNROLL_EXAMPLE_FOLDER "/gradient_flow.gp", std::cout);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("The norms of the gradient on its way back through an RNN, an LSTM and a GRU.", "gradient_flow");
  app.add_option("--steps", o.steps, "length of the sequences")->check(CLI::Range(1, 10'000))->capture_default_str();
  app.add_option("--hidden", o.hidden, "units of each layer")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--radius", o.radii, "spectral radii of the recurrent matrices")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  app.add_option("--forget-bias", o.forget_bias, "of the LSTM")
      ->check(CLI::Range(-100.0, 100.0))
      ->capture_default_str();
  app.add_option("--update-bias", o.update_bias, "of the GRU")->check(CLI::Range(-100.0, 100.0))->capture_default_str();
  app.add_option("--seed", o.seed, "of weights and inputs")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--plot", o.plot, "folder for gradient_flow.csv and gradient_flow.svg");
  app.add_flag("--quick", o.quick, "30 steps")->excludes("--steps");
  return run_program(app, argc, argv, [&] {
    if (o.quick) o.steps = 30;
    run(o);
  });
}
