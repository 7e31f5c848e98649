#pragma once

#include <concepts>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "unroll/data/sequences.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Token numbers: whole numbers of any type, one after the other.
template <class T>
concept TokenIds = std::integral<std::remove_cvref_t<decltype(*std::begin(std::declval<const T&>()))>>;

namespace detail {

template <class Scalar, class Ids>
Matrix<Scalar> token_row(const std::string& caller, const Ids& ids, Index tokens) {
  require(tokens >= 1 && tokens < too_many_numbers<Scalar>, caller, ": ", tokens, " tokens, expected 1 to ",
          too_many_numbers<Scalar> - 1);
  Matrix<Scalar> row(1, static_cast<Index>(std::size(ids)));
  Index t = 0;
  for (const auto id : ids) {
    require(std::cmp_greater_equal(+id, 0) && std::cmp_less(+id, tokens), caller, ": token ", t, " is ", id,
            ", expected a number from 0 to ", tokens - 1);
    row(0, t++) = static_cast<Scalar>(id);
  }
  return row;
}

/// One row each; `caller` is followed by the row's number in messages.
template <class Scalar, class Ids>
std::vector<Matrix<Scalar>> token_rows(const char* caller, const std::vector<Ids>& all, Index tokens) {
  std::vector<Matrix<Scalar>> rows;
  for (const Ids& ids : all) rows.push_back(token_row<Scalar>(text(caller, rows.size()), ids, tokens));
  return rows;
}

}  // namespace detail

/// Token numbers as the x of an Embedding of V = `tokens` or the target of a cross-entropy over V classes: 1 x T.
/// Throws std::invalid_argument for a number that is not from 0 to V-1, and where Scalar cannot tell V numbers apart.
template <class Scalar = float, TokenIds Ids>
Matrix<Scalar> token_row(const Ids& ids, Index tokens) {
  return detail::token_row<Scalar>("token_row", ids, tokens);
}

/// Texts of token numbers below `tokens`, and their targets below `classes`. A text has one target for every token, or
/// one in all for models with a read-out. Throws std::invalid_argument as token_row and Sequences do.
template <class Scalar = float, TokenIds Ids, TokenIds Targets>
Sequences<Scalar> token_sequences(const std::vector<Ids>& texts, Index tokens, const std::vector<Targets>& targets,
                                  Index classes, Index batch_size) {
  return Sequences<Scalar>(detail::token_rows<Scalar>("token_sequences: text ", texts, tokens),
                           detail::token_rows<Scalar>("token_sequences: target ", targets, classes), batch_size);
}

/// What a language model learns from: the target at every token of a text is the token after it. Texts may have any
/// lengths of at least 2 tokens; the last token of each is only a target. Throws std::invalid_argument as token_row and
/// Sequences do.
template <class Scalar = float, TokenIds Ids>
Sequences<Scalar> next_tokens(const std::vector<Ids>& texts, Index tokens, Index batch_size) {
  std::vector<Matrix<Scalar>> x, target;
  for (const Matrix<Scalar>& row : detail::token_rows<Scalar>("next_tokens: text ", texts, tokens)) {
    detail::require(row.cols() >= 2, "next_tokens: text ", x.size(), " has ", row.cols(),
                    " tokens, expected at least 2");
    x.push_back(row.leftCols(row.cols() - 1));
    target.push_back(row.rightCols(row.cols() - 1));
  }
  return Sequences<Scalar>(std::move(x), std::move(target), batch_size);
}

}  // namespace unroll::inline UNROLL_TARGET
