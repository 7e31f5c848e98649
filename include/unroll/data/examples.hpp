#pragma once

#include "unroll/data/example.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Ready examples of any type, each of them a batch, as data for `fit` and `evaluate`. They are for an objective of
/// your own, and for batches of your own.
///
///   fit(state, Examples(rollouts), Ppo(), {.epochs = 4});
template <class E>
class Examples {
 public:
  /// Takes them over.
  explicit Examples(std::vector<E> all) : all_(std::move(all)) {}

  /// How many there are.
  Index batches() const { return static_cast<Index>(all_.size()); }

  /// An order drawn anew for each epoch; their own order if one goes on from the one before it (Batch::continues).
  std::vector<Index> order(std::optional<std::uint64_t> seed) const {
    bool in_turn = false;
    if constexpr (requires(const E& e) { e.batch.continues; })
      for (const E& e : all_) in_turn = in_turn || e.batch.continues;
    return shuffled(batches(), in_turn ? std::nullopt : seed);
  }

  /// The k-th of that order.
  const E& example(Index k, const std::vector<Index>& order) const {
    return all_[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])];
  }

 private:
  std::vector<E> all_;
};

}  // namespace unroll::inline UNROLL_TARGET
