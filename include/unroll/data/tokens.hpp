#pragma once

#include <concepts>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

#include "unroll/data/sequences.hpp"

namespace unroll {

/// Token numbers, whole numbers of any type, as the x of an Embedding of V = `tokens` or the target of a cross-entropy
/// over V classes: 1 x T. Throws std::invalid_argument for a number that is not from 0 to V-1, and where Scalar cannot
/// tell V numbers apart.
template <class Scalar = float, class Ids>
  requires std::integral<std::remove_cvref_t<decltype(*std::begin(std::declval<const Ids&>()))>>
Matrix<Scalar> token_row(const Ids& ids, Index tokens) {
  detail::require(tokens >= 1 && tokens < detail::too_many_numbers<Scalar>, "token_row: ", tokens,
                  " tokens, expected 1 to ", detail::too_many_numbers<Scalar> - 1);
  Matrix<Scalar> row(1, static_cast<Index>(std::size(ids)));
  Index t = 0;
  for (const auto id : ids) {
    detail::require(std::cmp_greater_equal(+id, 0) && std::cmp_less(+id, tokens), "token_row: token ", t, " is ", id,
                    ", expected a number from 0 to ", tokens - 1);
    row(0, t++) = static_cast<Scalar>(id);
  }
  return row;
}

/// What a language model learns from: at every token of a text the one after it. Texts may be of any lengths from 2
/// tokens on; the last token of each is only a target. Throws std::invalid_argument as token_row and Sequences do.
template <class Scalar = float, class Ids>
Sequences<Scalar> next_tokens(const std::vector<Ids>& texts, Index tokens, Index batch_size) {
  std::vector<Matrix<Scalar>> x, target;
  for (const Ids& ids : texts) {
    const Matrix<Scalar> row = token_row<Scalar>(ids, tokens);
    detail::require(row.cols() >= 2, "next_tokens: text ", x.size(), " has ", row.cols(),
                    " tokens, expected at least 2");
    x.push_back(row.leftCols(row.cols() - 1));
    target.push_back(row.rightCols(row.cols() - 1));
  }
  return Sequences<Scalar>(std::move(x), std::move(target), batch_size);
}

}  // namespace unroll
