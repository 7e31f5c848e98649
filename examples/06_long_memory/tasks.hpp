#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <unroll/unroll.hpp>
#include <vector>

/// A task on sequences with a gap of `length` steps. A data source for `fit`: every epoch draws new sequences from its
/// seed, without a seed they are always the same ones, which no epoch sees.
template <class Task>
class Fresh {
 public:
  using Scalar = float;
  Task task;
  unroll::Index length, count, batch_size;

  unroll::Index batches() const { return count; }

  /// Not an order but what the epoch's sequences are drawn from.
  std::vector<unroll::Index> order(std::optional<std::uint64_t> seed) const {
    return {static_cast<unroll::Index>(unroll::Random(seed.value_or(0)).bits() >> 1)};
  }
  unroll::Example<float> example(unroll::Index k, const std::vector<unroll::Index>& order) const {
    auto random = unroll::Random::substream(static_cast<std::uint64_t>(order[0]), static_cast<std::uint64_t>(k));
    return task.draw(length, batch_size, random);
  }
};

/// The adding problem (Hochreiter & Schmidhuber 1997, experiment 4) in the form of Le, Jaitly & Hinton (2015): a row of
/// numbers from 0 to 1 and a row of marks, one in either half; at the end the sum of the two marked numbers is asked
/// for.
struct Adding {
  static constexpr const char* name = "adding";
  static constexpr auto loss = unroll::mean_squared_error;
  static constexpr auto readout = unroll::Readout::last;
  static constexpr unroll::Index inputs = 2, outputs = 1;

  /// Who always says 1 has the variance of the sum of two uniform numbers.
  static double guessing() { return 1.0 / 6; }

  unroll::Example<float> draw(unroll::Index length, unroll::Index size, unroll::Random& random) const {
    unroll::Example<float> e;
    e.batch.size = size;
    e.x.setZero(inputs, length * size);
    e.target.setZero(1, size);
    for (auto& number : e.x.row(0)) number = static_cast<float>(random.uniform());
    const auto below = [&](unroll::Index n) {
      return static_cast<unroll::Index>(random.uniform() * static_cast<double>(n));
    };
    for (unroll::Index b = 0; b < size; ++b)
      for (const auto t : {below(length / 2), length / 2 + below(length - length / 2)}) {
        e.x(1, t * size + b) = 1;
        e.target(0, b) += e.x(0, t * size + b);
      }
    return e;
  }
};

/// The copy task (Hochreiter & Schmidhuber 1997; the form of Arjovsky, Shah & Bengio 2016, section 5.1): some symbols,
/// a gap of blanks, then a mark at which the symbols are asked for in their order. Smaller than the paper's 10 symbols
/// of 8; and the loss counts the steps that ask, not the blanks that all networks soon tell.
struct Copying {
  static constexpr const char* name = "copy";
  static inline const auto loss = unroll::softmax_cross_entropy;
  static constexpr auto readout = unroll::Readout::all;
  static constexpr unroll::Index symbols = 4, count = 3, inputs = symbols + 2, outputs = symbols;

  /// Who has forgotten the symbols says each with the same probability.
  static double guessing() { return std::log(static_cast<double>(symbols)); }

  unroll::Example<float> draw(unroll::Index length, unroll::Index size, unroll::Random& random) const {
    const unroll::Index blank = symbols, mark = symbols + 1, asked = count + length, steps = asked + count;
    unroll::Example<float> e;
    e.batch.size = size;
    e.x.setZero(inputs, steps * size);
    e.target.setZero(1, steps * size);
    e.weights.assign(static_cast<std::size_t>(steps), 0.0);
    std::fill(e.weights.begin() + asked, e.weights.end(), 1.0);
    for (unroll::Index t = 0; t < steps; ++t)
      for (unroll::Index b = 0; b < size; ++b) {
        const auto symbol = static_cast<unroll::Index>(random.uniform() * symbols);
        e.x(t < count ? symbol : t == asked ? mark : blank, t * size + b) = 1;
        if (t < count) e.target(0, (asked + t) * size + b) = static_cast<float>(symbol);
      }
    return e;
  }
};
