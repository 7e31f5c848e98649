#pragma once

#include <cmath>
#include <vector>

#include "unroll/layers/dense.hpp"
#include "unroll/layers/recurrent_layers.hpp"
#include "unroll/losses/mean_squared_error.hpp"
#include "unroll/training/fit.hpp"

/// A model that is no layer, examples of a type of their own, and the objective that brings them together: columns are
/// squeezed through two numbers.

struct Autoencoder {
  using Scalar = double;
  unroll::Rnn<double> encoder;
  unroll::Dense<double> decoder;

  template <class F, class... Models>
  static void children(F&& f, const std::string& prefix, Models&... models) {
    f(prefix + "encoder.", models.encoder...);
    f(prefix + "decoder.", models.decoder...);
  }
  template <class F, class... Models>
  static void visit(F&& f, const std::string& prefix, Models&... models) {
    children(unroll::visit_of_each(f), prefix, models...);
  }
};

/// Series of 3 numbers a step, each with its own length.
struct Series {
  std::vector<unroll::Matrix<double>> all;

  unroll::Index batches() const { return static_cast<unroll::Index>(all.size()); }
  std::vector<unroll::Index> order(std::optional<std::uint64_t> seed) const {
    return unroll::shuffled(batches(), seed);
  }
  unroll::Matrix<double> example(unroll::Index k, const std::vector<unroll::Index>& order) const {
    return all[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])];
  }
};

struct Reconstruct {
  unroll::Rnn<double>::Tape encoded;
  unroll::Dense<double>::Tape decoded;
  unroll::Matrix<double> d_x;

  unroll::ExampleLoss operator()(const Autoencoder& model, const unroll::Matrix<double>& x,
                                 unroll::ObjectivePass<Autoencoder>& pass, Autoencoder* gradient) {
    const auto code = model.encoder.forward(x, encoded, {}, {}, pass.forward);
    const auto y = model.decoder.forward(code, decoded, {}, {}, pass.forward);
    const double loss = unroll::mean_squared_error(y, x, d_x);
    if (gradient) {
      const auto d_code = model.decoder.backward(code, d_x, decoded, gradient->decoder);
      model.encoder.backward(x, d_code, encoded, gradient->encoder, pass.backward);
    }
    return {loss, unroll::mean_squared_error.count(x)};
  }
};

inline Autoencoder autoencoder(std::uint64_t seed = 1) {
  unroll::Random random(seed);
  return {unroll::Rnn<double>(3, 2, random), unroll::Dense<double>(2, 3, random)};
}

/// Waves of 4, 7, 10 and 5 steps.
inline Series series() {
  Series result;
  for (const unroll::Index steps : {4, 7, 10, 5}) {
    result.all.emplace_back(3, steps);
    for (unroll::Index i = 0; i < 3 * steps; ++i)
      result.all.back().data()[i] = std::sin(static_cast<double>(i * steps) / 7);
  }
  return result;
}
