#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "unroll/layers/memoryless.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

template <class Scalar>
struct EmbeddingTape : MemorylessTape<Scalar> {
  std::vector<Index> tokens;  // T*B
  std::vector<Index> order;   // the columns within the sequences, token by token
  Vector<double> sum;         // O, of one token's columns

  Index& token(Index column) { return tokens[static_cast<std::size_t>(column)]; }
};

}  // namespace detail

/// A learned vector for each of V tokens (Bengio et al. 2003). x is 1 x (T*B) and holds the tokens' numbers, 0 to V-1.
/// V is less than 2^24 for float and 2^53 for double.
template <class Scalar_ = float>
class Embedding : public Memoryless<Embedding<Scalar_>, Scalar_, detail::EmbeddingTape<Scalar_>> {
  using Base = Memoryless<Embedding<Scalar_>, Scalar_, detail::EmbeddingTape<Scalar_>>;

 public:
  using Scalar = Scalar_;
  using Tape = detail::EmbeddingTape<Scalar>;
  static constexpr int InputSize = 1;

  Matrix<Scalar> weight;  ///< O x V, a column a token

  /// A layer with fresh vectors. Throws std::invalid_argument where a size is below 1, or there are too many tokens for
  /// Scalar to tell them apart.
  Embedding(Index tokens, Index output_size, Random& random) : Embedding(zeros(tokens, output_size)) {
    initialize(random);
  }
  /// Refused: there is no Random, or a const one or a seed in its place.
  Embedding(Index, Index, ...) = delete;  // fresh weights are drawn from a Random that can change, after all sizes
  /// Refused: there are no arguments at all.
  Embedding() = delete;  // fresh weights are drawn from a Random that can change, after all sizes

  /// A layer whose vectors are zero, to be set or loaded, or to hold a gradient.
  static Embedding zeros(Index tokens, Index output_size) { return Embedding(Zeros(), tokens, output_size); }

  Index input_size() const { return 1; }
  Index output_size() const { return weight.rows(); }
  /// V.
  Index tokens() const { return weight.cols(); }
  std::array<Index, 2> shape() const { return {weight.rows(), weight.cols()}; }

  /// Standard normal, as torch.nn.Embedding draws it.
  void initialize(Random& random, Initial = Initial::standard) {
    for (Index i = 0; i < weight.size(); ++i) weight.data()[i] = static_cast<Scalar>(random.normal());
  }

  static const char* name() { return "Embedding"; }

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "weight", layers.weight...);
  }

  /// y is NaN where x is not a token, which may be in a stream or past a sequence's end.
  void apply(const Input<Scalar>& x, WritableOutput<Scalar> y) const {
    for (Index j = 0; j < x.cols(); ++j)
      if (is_token(x(0, j)))
        y.col(j) = weight.col(static_cast<Index>(x(0, j)));
      else
        y.col(j).setConstant(std::numeric_limits<Scalar>::quiet_NaN());
  }

  void map(const Input<Scalar>& x, Tape& tape) const {
    tape.tokens.assign(static_cast<std::size_t>(x.cols()), 0);
    for (Index j = 0; j < x.cols(); ++j)
      if (tape.active(j)) tape.token(j) = static_cast<Index>(x(0, j));
    Base::map(x, tape);
  }

  /// Adds each column of d_y to its token's column of `gradient`, summed in double; dL/dx is zero.
  void map_back(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Embedding& gradient) const {
    std::vector<Index>& order = tape.order;
    order.clear();
    for (Index j = 0; j < x.cols(); ++j)
      if (tape.active(j)) order.push_back(j);
    std::sort(order.begin(), order.end(),
              [&](Index a, Index b) { return std::pair(tape.token(a), a) < std::pair(tape.token(b), b); });
    for (auto column = order.begin(); column != order.end();) {
      const Index token = tape.token(*column);
      detail::resize_to_zeros(tape.sum, output_size());
      for (; column != order.end() && tape.token(*column) == token; ++column)
        tape.sum += d_y.col(*column).template cast<double>();
      gradient.weight.col(token) += tape.sum.template cast<Scalar>();
    }
    tape.d_x.setZero();
  }

  Index require_forward(Index rows, Index columns, const Batch& batch, const NoState& none) const {
    detail::require(rows == 1, "Embedding::forward: x has ", rows, " rows, expected 1");
    return Base::require_forward(rows, columns, batch, none);
  }

  /// Throws std::invalid_argument where a number is not a token.
  void require_values(const Input<Scalar>& x, const Batch& batch) const {
    for (Index j = 0; j < x.cols(); ++j)
      detail::require(!batch.active(j, x.cols()) || is_token(x(0, j)), "Embedding::forward: x holds ", x(0, j),
                      " in column ", j, ", expected a whole number from 0 to ", tokens() - 1);
  }

 private:
  struct Zeros {};
  Embedding(Zeros, Index tokens, Index output_size) {
    detail::require(tokens >= 1 && output_size >= 1, "Embedding: ", tokens, " tokens of size ", output_size,
                    ", expected at least 1 of each");
    detail::require(tokens < detail::too_many_numbers<Scalar>, "Embedding: ", tokens, " tokens, expected fewer than ",
                    detail::too_many_numbers<Scalar>, ": their numbers would not be exact");
    weight.setZero(output_size, tokens);
  }

  bool is_token(Scalar value) const {
    return value >= 0 && value < static_cast<Scalar>(tokens()) && value == std::floor(value);
  }
};

}  // namespace unroll::inline UNROLL_TARGET
