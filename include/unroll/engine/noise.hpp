#pragma once

#include "unroll/core/random.hpp"
#include "unroll/engine/tape.hpp"

/// Noise inside the recurrence, drawn before a forward pass: the tape keeps it for the backward pass.
namespace unroll::detail {

/// The generator of sample b's noise for one purpose: 0 for dropout, n + 1 for the zoneout of state n.
inline Random noise_of(const Batch& batch, Index b, std::size_t purpose) {
  return Random::substream(Random::substream(*batch.dropout_seed, static_cast<std::uint64_t>(b)).bits(), purpose);
}

/// Variational dropout: one mask a sequence on what W_hh sees of h, zero or 1 / (1 - rate).
template <class Cell, class Scalar>
void draw_recurrent_dropout(RecurrentTape<Cell, Scalar>& tape, double rate, Index hidden) {
  const bool on = rate > 0 && tape.batch.dropout_seed;
  resize(tape.recurrent_mask, on ? hidden : 0, tape.size());
  resize(tape.recurrent_input, on ? hidden : 0, tape.columns());
  if (!on) return;
  const Scalar kept = static_cast<Scalar>(1 / (1 - rate));
  for (Index b = 0; b < tape.size(); ++b) {
    Random random = noise_of(tape.batch, b, 0);
    for (Index i = 0; i < hidden; ++i) tape.recurrent_mask(i, b) = random.uniform() < rate ? Scalar(0) : kept;
  }
}

/// Zoneout: the share of each state that stays as it was, in training 0 or 1 for each unit and step, at inference the
/// rate itself, which is its mean.
template <class Cell, class Scalar>
void draw_zoneout(RecurrentTape<Cell, Scalar>& tape, const Unrolling& how, Index hidden) {
  const bool training = tape.batch.dropout_seed.has_value();
  for (std::size_t n = 0; n < tape.states.size(); ++n) {
    const double rate = how.zoneout_rate(n);
    resize(tape.kept[n], rate > 0 ? hidden : 0, training ? tape.columns() : tape.size());
    resize(tape.candidates[n], rate > 0 && tape.batch.record ? hidden : 0, tape.columns());
    if (rate == 0) continue;
    if (!training) {
      tape.kept[n].setConstant(static_cast<Scalar>(rate));
      continue;
    }
    for (Index b = 0; b < tape.size(); ++b) {
      Random random = noise_of(tape.batch, b, n + 1);
      for (Index j = b; j < tape.columns(); j += tape.size())
        for (Index i = 0; i < hidden; ++i) tape.kept[n](i, j) = random.uniform() < rate ? Scalar(1) : Scalar(0);
    }
  }
}

}  // namespace unroll::detail
