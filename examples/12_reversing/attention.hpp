#pragma once

#include <type_traits>
#include <unroll/unroll.hpp>
#include <vector>

/// A head that looks back: attention with the dot product as its score (Luong, Pham & Manning 2015, "Effective
/// approaches to attention-based neural machine translation", equations 5 to 8). The queries q_t, H x (T*B), are what
/// the decoder gives, the keys k_s, H x (S*B), what the encoder gave; of each sample
///
///   a_t = softmax(K^T q_t)      how much of each key is looked at, S shares
///   c_t = K a_t                 the context
///   y_t = W_y tanh(W_c [c_t; q_t])
template <class Scalar_>
struct AttentionHead {
  using Scalar = Scalar_;
  using Matrix = unroll::Matrix<Scalar>;
  using Input = unroll::Input<Scalar>;
  using Output = unroll::Output<Scalar>;
  using Index = unroll::Index;
  using Combine = unroll::Sequential<unroll::Dense<Scalar>, unroll::Tanh<Scalar>, unroll::Dense<Scalar>>;

  Combine combine;

  AttentionHead(Index hidden, Index outputs, unroll::Random& random)
      : combine{unroll::Dense<Scalar>(2 * hidden, hidden, random), unroll::Tanh<Scalar>(),
                unroll::Dense<Scalar>(hidden, outputs, random)} {}

  struct Tape {
    std::vector<Matrix> shares;  // a, S x T of each sample
    Matrix seen;                 // [c; q], 2 H x (T*B)
    Matrix d_keys, d_queries;    // what backward leaves
    typename Combine::Tape combine;
  };

  Output forward(const Input& keys, const Input& queries, Tape& tape, const unroll::Batch& batch) const {
    tape.seen.resize(2 * queries.rows(), queries.cols());
    tape.seen.bottomRows(queries.rows()) = queries;
    tape.shares.resize(static_cast<std::size_t>(batch.size));
    for (Index b = 0; b < batch.size; ++b) {
      const auto k = steps_of(keys, b, batch.size), q = steps_of(queries, b, batch.size);
      Matrix& a = tape.shares[static_cast<std::size_t>(b)];
      a = k.transpose() * q;
      for (auto column : a.colwise()) {
        column = (column.array() - column.maxCoeff()).exp();
        column /= column.sum();
      }
      steps_of(tape.seen, b, batch.size).topRows(k.rows()) = k * a;
    }
    return combine.forward(tape.seen, tape.combine, batch);
  }

  /// Leaves dL/d keys and dL/d queries in the tape.
  void backward(const Input& keys, const Input& queries, const Input& d_y, Tape& tape, AttentionHead& gradient) const {
    const Output d_seen = combine.backward(tape.seen, d_y, tape.combine, gradient.combine);
    tape.d_queries = d_seen.bottomRows(queries.rows());
    tape.d_keys.resize(keys.rows(), keys.cols());
    const Index size = static_cast<Index>(tape.shares.size());
    for (Index b = 0; b < size; ++b) {
      const auto k = steps_of(keys, b, size), q = steps_of(queries, b, size);
      const auto d_c = steps_of(d_seen, b, size).topRows(k.rows());
      const Matrix& a = tape.shares[static_cast<std::size_t>(b)];
      Matrix d_a = k.transpose() * d_c;     // c = K a
      for (Index t = 0; t < a.cols(); ++t)  // through the softmax: d_score = a (d_a - a . d_a)
        d_a.col(t) = a.col(t).array() * (d_a.col(t).array() - a.col(t).dot(d_a.col(t)));
      steps_of(tape.d_keys, b, size) = d_c * a.transpose() + q * d_a.transpose();
      steps_of(tape.d_queries, b, size) += k * d_a;
    }
  }

  template <class F, class... Heads>
  static void children(F&& f, const std::string& prefix, Heads&... heads) {
    f(prefix + "combine.", heads.combine...);
  }
  template <class F, class... Heads>
  static void visit(F&& f, const std::string& prefix, Heads&... heads) {
    children(unroll::visit_of_each(f), prefix, heads...);
  }

 private:
  /// The columns of sample b: every size-th one.
  template <class Columns>
  static auto steps_of(Columns& all, Index b, Index size) {
    using Plain = std::conditional_t<std::is_same_v<Columns, Matrix>, Matrix, const Matrix>;
    return Eigen::Map<Plain, 0, Eigen::OuterStride<>>(all.data() + b * all.outerStride(), all.rows(), all.cols() / size,
                                                      Eigen::OuterStride<>(size * all.outerStride()));
  }
};
