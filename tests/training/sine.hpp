#pragma once

#include <bit>
#include <vector>

#include "unroll/data/sequences.hpp"
#include "unroll/data/stream_windows.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/dropout.hpp"
#include "unroll/layers/recurrent_layers.hpp"
#include "unroll/losses/mean_squared_error.hpp"
#include "unroll/optimizers/adam.hpp"
#include "unroll/training/fit.hpp"

/// A small task that all tests of training share: the next value of a sine.

using SineModel = unroll::Sequential<unroll::Lstm<double>, unroll::Dropout<double>, unroll::Dense<double>>;
using SineState = unroll::TrainingState<SineModel, unroll::Adam<SineModel>>;

inline SineState sine_state(std::uint64_t seed = 1) {
  unroll::Random random(seed);
  const SineModel model{unroll::Lstm<double>(1, 5, random), unroll::Dropout<double>(0.1),
                        unroll::Dense<double>(5, 1, random)};
  return SineState(model, unroll::Adam(model, {.learning_rate = 0.01}), random);
}

inline unroll::Matrix<double> sine(unroll::Index steps, unroll::Index from = 0) {
  unroll::Matrix<double> x(1, steps);
  for (unroll::Index t = 0; t < steps; ++t) x(0, t) = std::sin(0.3 * static_cast<double>(from + t));
  return x;
}

/// Four windows of two streams.
inline unroll::StreamWindows<double> sine_stream() { return {sine(80), sine(80, 1), 2, 10}; }

/// Seven ragged sequences in batches of two.
inline unroll::Sequences<double> sine_sequences() {
  std::vector<unroll::Matrix<double>> x, target;
  for (unroll::Index n = 0; n < 7; ++n) {
    x.push_back(sine(4 + n % 3, 9 * n));
    target.push_back(sine(4 + n % 3, 9 * n + 1));
  }
  return {x, target, 2};
}

/// The same, one a batch, whose columns have the weight of their sequence, 2^exponent.
template <class Scalar>
unroll::Sequences<Scalar> weighted_sequences(const std::vector<int>& exponents) {
  std::vector<unroll::Matrix<Scalar>> x, target, weights;
  for (unroll::Index n = 0; n < static_cast<unroll::Index>(exponents.size()); ++n) {
    x.push_back(sine(4 + n % 3, 9 * n).cast<Scalar>());
    target.push_back(sine(4 + n % 3, 9 * n + 1).cast<Scalar>());
    const double weight = std::ldexp(1.0, exponents[static_cast<std::size_t>(n)]);
    weights.push_back(unroll::Matrix<Scalar>::Constant(1, 4 + n % 3, static_cast<Scalar>(weight)));
  }
  return {x, target, 1, weights};
}

/// Every bit of a training state, by visit.
struct Bits {
  std::vector<std::uint64_t> words;

  void add(double value) { words.push_back(std::bit_cast<std::uint64_t>(value)); }
  template <class Part>
  void operator()(const std::string&, const Part& part) {
    if constexpr (requires { part.cols(); })
      for (unroll::Index i = 0; i < part.size(); ++i) add(part.data()[i]);
    else if constexpr (std::is_same_v<Part, unroll::Random>)
      for (const std::uint64_t word : std::bit_cast<std::array<std::uint64_t, 4>>(part)) words.push_back(word);
    else if constexpr (requires { typename Part::mapped_type; })
      for (const auto& [name, values] : part) (*this)(name, values);
    else if constexpr (requires { part.begin(); })
      for (const auto value : part) add(std::bit_cast<double>(value));
    else
      words.push_back(std::bit_cast<std::uint64_t>(part));
  }
};

inline std::vector<std::uint64_t> bits(const SineState& state) {
  Bits result;
  SineState::visit(result, "", state);
  return result.words;
}
