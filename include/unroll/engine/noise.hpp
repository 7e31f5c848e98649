#pragma once

#include "unroll/core/random.hpp"
#include "unroll/engine/batch.hpp"

/// Noise inside the recurrence, drawn before a forward pass: the tape keeps it for the backward pass.
namespace unroll::inline UNROLL_TARGET::detail {

/// The generator of sample b's noise for one purpose: 0 for dropout, n + 1 for the zoneout of state n.
inline Random noise_of(std::uint64_t dropout_seed, Index b, std::size_t purpose) {
  return Random::substream(Random::substream(dropout_seed, static_cast<std::uint64_t>(b)).bits(), purpose);
}

/// Variational dropout: one mask a sequence, 0 or 1 / (1 - rate), on the h that W_hh sees. Empty where it is off.
template <class Scalar>
struct RecurrentDropout {
  Matrix<Scalar> mask;        // O x B
  Matrix<Scalar> fed_back;    // h before each step times the mask, O x (T*B)
  Matrix<Scalar> d_fed_back;  // O x B

  bool on() const { return mask.size() != 0; }

  void draw(Index samples, const ForwardOptions& options, double rate, Index outputs, Index columns) {
    const bool drawn = rate > 0 && options.dropout_seed;
    resize(mask, drawn ? outputs : 0, samples);
    resize(fed_back, drawn ? outputs : 0, columns);
    if (!drawn) return;
    const Scalar kept = static_cast<Scalar>(1 / (1 - rate));
    for (Index b = 0; b < samples; ++b) {
      Random random = noise_of(*options.dropout_seed, b, 0);
      for (Index i = 0; i < outputs; ++i) mask(i, b) = random.uniform() < rate ? Scalar(0) : kept;
    }
  }
};

/// The share of one state that stays as it was: in training 0 or 1 for each unit and step, at inference the rate
/// itself, which is its mean. Empty where it is off.
template <class Scalar>
struct Zoneout {
  Matrix<Scalar> kept;  // rows x (T*B), at inference rows x B
  Matrix<Scalar> made;  // what the rule gave, rows x (T*B), where it is recorded

  /// Draws the share of the n-th state.
  void draw(Index samples, const ForwardOptions& options, std::size_t n, double rate, Index rows, Index columns) {
    const bool training = options.dropout_seed.has_value();
    resize(kept, rate > 0 ? rows : 0, training ? columns : samples);
    resize(made, rate > 0 && options.record ? rows : 0, columns);
    if (rate == 0) return;
    if (!training) {
      std::fill_n(kept.data(), kept.size(), static_cast<Scalar>(rate));
      return;
    }
    for (Index b = 0; b < samples; ++b) {
      Random random = noise_of(*options.dropout_seed, b, n + 1);
      for (Index j = b; j < columns; j += samples)
        for (Index i = 0; i < rows; ++i) kept(i, j) = random.uniform() < rate ? Scalar(1) : Scalar(0);
    }
  }
};

}  // namespace unroll::inline UNROLL_TARGET::detail
