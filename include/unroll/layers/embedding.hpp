#pragma once

#include <algorithm>
#include <cassert>
#include <limits>
#include <memory>
#include <utility>

#include "unroll/layers/layer.hpp"

namespace unroll {

/// A learned vector for each of V tokens (Bengio et al. 2003): x is 1 x (T*B) and holds the tokens' numbers, 0 to V-1,
/// where V is less than 2^24 for float and 2^53 for double.
template <class Scalar_ = float>
class Embedding {
 public:
  using Scalar = Scalar_;
  using State = NoState;
  struct Tape : detail::StatelessTape<Scalar> {
    std::vector<Index> tokens;  // T*B
    std::vector<Index> order;   // the columns that count, token by token
    Vector<double> sum;         // O, of one token's columns

    Index& token(Index column) { return tokens[static_cast<std::size_t>(column)]; }
  };
  static constexpr int InputSize = 1;
  static constexpr int OutputSize = Dynamic;

  Matrix<Scalar> weight;  ///< O x V, a column a token

  Embedding(Index tokens, Index output_size, Random& random) : Embedding(zeros(tokens, output_size)) {
    initialize(random);
  }
  static Embedding zeros(Index tokens, Index output_size) { return Embedding(tokens, output_size); }

  Index input_size() const { return 1; }
  Index output_size() const { return weight.rows(); }
  Index tokens() const { return weight.cols(); }

  /// Standard normal, as torch.nn.Embedding draws it.
  void initialize(Random& random, Initial = Initial::standard) {
    for (Index i = 0; i < weight.size(); ++i) weight.data()[i] = static_cast<Scalar>(random.normal());
  }

  /// Throws std::invalid_argument where a number is no token; nothing is changed then.
  Output<Scalar> forward(const Input<Scalar>& x, Tape& tape, const Batch& batch = {}, const State& = {}) const {
    require_forward(x.rows(), x.cols(), batch, {});
    const auto active = [&](Index j) { return batch.active(j / batch.size, j % batch.size, batch.steps(x.cols())); };
    for (Index j = 0; j < x.cols(); ++j)
      detail::require(!active(j) || is_token(x(0, j)), "Embedding::forward: x holds ", x(0, j), " in column ", j,
                      ", expected a whole number from 0 to ", tokens() - 1);
    if (detail::overlap(x, tape.y)) return forward(Matrix<Scalar>(x), tape, batch);
    tape.begin(batch, weight.rows(), weight.cols());
    detail::resize_to_zeros(tape.y, output_size(), x.cols());
    tape.tokens.assign(static_cast<std::size_t>(x.cols()), 0);
    for (Index j = 0; j < x.cols(); ++j) {
      if (!active(j)) continue;
      tape.token(j) = static_cast<Index>(x(0, j));
      tape.y.col(j) = weight.col(tape.token(j));
    }
    tape.recorded = true;
    return tape.output();
  }

  /// Adds each column of d_y to its token's column of `gradient`, summed in double; dL/dx is zero. Consumes the tape.
  Output<Scalar> backward(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Embedding& gradient,
                          const BackwardOptions& options = {}, const State& d_final = {}) const {
    require_backward(tape, gradient, options, d_final);
    detail::require_shape("Embedding", "x", x, 1, tape.y.cols());
    detail::require_shape("Embedding", "d_y", d_y, output_size(), tape.y.cols());
    tape.recorded = false;
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
    detail::resize_to_zeros(tape.d_x, 1, x.cols());
    return tape.d_input();
  }

  Index require_forward(Index rows, Index columns, const Batch& batch, const State&) const {
    detail::require(rows == 1, "Embedding::forward: x has ", rows, " rows, expected 1");
    batch.require_fits("Embedding::forward", columns);
    return columns;
  }

  void require_backward(const Tape& tape, const Embedding& gradient, const BackwardOptions&, const State&) const {
    tape.require_recorded("Embedding", weight.rows(), weight.cols());
    detail::require_same_shape("Embedding::backward", *this, gradient);
  }

  std::optional<NonFinite> find_non_finite(const Tape& tape) const { return tape.find_non_finite("Embedding"); }

  static const char* name() { return "Embedding"; }

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "weight", layers.weight...);
  }

  class Stream {
   public:
    using State = NoState;

    explicit Stream(const Embedding& embedding)
        : embedding_(std::make_shared<Embedding>(embedding)),
          no_token_(Vector<Scalar>::Constant(embedding.output_size(), std::numeric_limits<Scalar>::quiet_NaN())) {}

    Index input_size() const noexcept { return 1; }
    Index output_size() const noexcept { return embedding_->output_size(); }
    /// NaN where x is no token.
    const Scalar* step(const Scalar* x) noexcept {
      assert(embedding_->is_token(*x));
      if (!embedding_->is_token(*x)) return no_token_.data();
      return embedding_->weight.data() + static_cast<Index>(*x) * output_size();
    }
    void reset() noexcept {}
    void save(State&) const noexcept {}
    bool fits(const State&) const noexcept { return true; }
    void restore(const State&) noexcept {}

   private:
    std::shared_ptr<const Embedding> embedding_;
    Vector<Scalar> no_token_;
  };

  Stream stream(WeightStorage = WeightStorage::full) const { return Stream(*this); }

 private:
  Embedding(Index tokens, Index output_size) {
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

}  // namespace unroll
