#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <numeric>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "unroll/core/random.hpp"
#include "unroll/engine/batch.hpp"

namespace unroll::inline UNROLL_TARGET {

/// What one training step sees of sequences and their targets.
template <class Scalar>
struct Example {
  Matrix<Scalar> x;                  ///< I x (T*B)
  Matrix<Scalar> target;             ///< a column for each column of the model's outputs
  Batch batch = {};                  ///< with `continues` it starts from the state that the example before left
  std::vector<double> weights = {};  ///< of the loss; empty: all 1
};

/// What `fit` learns from: `batches()` examples an epoch. `order(seed)` draws an order of the data; without a seed it
/// keeps the order that they have. `example(k, order)` makes the k-th example of that order: an Example for a loss, or
/// a value of any type for an objective of your own.
template <class D>
concept DataSource =
    requires(const D& data, std::optional<std::uint64_t> seed, Index k, const std::vector<Index>& order) {
      { data.batches() } -> std::same_as<Index>;
      { data.order(seed) } -> std::same_as<std::vector<Index>>;
      { data.example(k, order) } -> std::move_constructible;
    };

/// The type of a data source's examples.
template <DataSource D>
using ExampleOf = std::remove_cvref_t<decltype(std::declval<const D&>().example(Index(), std::vector<Index>()))>;

/// 0, 1, ..., count - 1, shuffled where there is a seed (Fisher & Yates 1938; Durstenfeld 1964).
inline std::vector<Index> shuffled(Index count, std::optional<std::uint64_t> seed) {
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Index{});
  if (!seed) return order;
  Random random(*seed);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(random.uniform() * static_cast<double>(i))]);
  return order;
}

}  // namespace unroll::inline UNROLL_TARGET
