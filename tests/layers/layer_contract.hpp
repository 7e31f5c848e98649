#pragma once

#include <limits>

#include "catch.hpp"
#include "core/flat.hpp"
#include "unroll/layers/stream.hpp"
#include "unroll/testing/gradient_check.hpp"

/// What every layer keeps to, whatever it computes: one call for a layer, more for what only some do.

using Catch::Matchers::Message;
using unroll::Batch;
using unroll::ForwardOptions;
using unroll::Index;
using unroll::Matrix;

/// A matrix whose numbers come from the seed.
inline Matrix<double> drawn(Index rows, Index cols, std::uint64_t seed = 1) {
  unroll::Random random(seed);
  return unroll::testing::random_matrix(rows, cols, random);
}

/// That two matrices agree to a relative 1e-12; equal NaN are none.
template <class A, class B>
bool close(const A& a, const B& b, double tolerance = 1e-12) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return false;
  if (a.size() == 0) return true;
  return (a - b).cwiseAbs().maxCoeff() <= tolerance * (1 + b.cwiseAbs().maxCoeff());
}

inline bool close(const Flat& a, const Flat& b) {
  using Map = Eigen::Map<const unroll::Vector<double>>;
  return close(Map(a.data(), static_cast<Index>(a.size())), Map(b.data(), static_cast<Index>(b.size())));
}

/// What was found not to be finite, as "layer gate step sample pass"; "" for nothing.
inline std::string place(const std::optional<unroll::NonFinite>& found) {
  if (!found) return "";
  return unroll::detail::text(found->layer, " ", found->gate, " ", found->step, " ", found->sample,
                              found->backward ? " backward" : " forward");
}

/// Who speaks in the messages of a backward pass: a model's layer, or the model itself.
struct Speakers {
  std::string tape, x, d_y;
};

/// One forward and one backward pass from fixed numbers.
template <class L>
struct Passes {
  typename L::Tape tape;
  Matrix<double> y, d_y, d_x;
  L gradient;

  Passes(const L& layer, const Matrix<double>& x, const Batch& batch, const ForwardOptions& options = {})
      : gradient(zeros_like(layer)) {
    forward(layer, x, batch, options);
    backward(layer, x);
  }
  void forward(const L& layer, const Matrix<double>& x, const Batch& batch, const ForwardOptions& options = {}) {
    y = layer.forward(x, tape, batch, {}, options);
    d_y = drawn(y.rows(), y.cols(), 77);
  }
  void backward(const L& layer, const Matrix<double>& x) { d_x = layer.backward(x, d_y, tape, gradient); }
};

/// Two models with the same parameters that compute the same, to the bit.
template <unroll::Layer A, unroll::Layer B>
void check_equal(const A& a, const B& b, const Matrix<double>& x, const Batch& batch) {
  CHECK(tensor_names(a) == tensor_names(b));
  CHECK(flat(a) == flat(b));
  const Passes<A> of_a(a, x, batch);
  const Passes<B> of_b(b, x, batch);
  CHECK(of_a.y == of_b.y);
  CHECK(of_a.d_x == of_b.d_x);
  CHECK(flat(of_a.gradient) == flat(of_b.gradient));
}

/// A backward pass adds to the gradient, needs a forward pass and uses it up.
template <unroll::Layer L>
void check_backward(const L& layer, const Matrix<double>& x, const Batch& batch, const Speakers& speakers,
                    const ForwardOptions& options = {}) {
  const Passes<L> once(layer, x, batch, options);
  const std::string none = speakers.tape + "::backward: the tape holds no forward pass; a backward pass consumes it";

  L gradient = counted(layer);
  typename L::Tape tape;
  CHECK_THROWS_MATCHES(layer.backward(x, once.d_y, tape, gradient), std::logic_error, Message(none));
  CHECK(flat(gradient) == flat(counted(layer)));

  layer.forward(x, tape, batch, {}, options);
  layer.backward(x, once.d_y, tape, gradient);
  Flat sum = flat(counted(layer));
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += flat(once.gradient)[i];
  CHECK(close(flat(gradient), sum));

  CHECK_THROWS_MATCHES(layer.backward(x, once.d_y, tape, gradient), std::logic_error, Message(none));
  CHECK(close(flat(gradient), sum));
}

/// Wrong shapes are refused; the gradient and the tape stay as they were.
template <unroll::Layer L>
void check_shapes(const L& layer, const Matrix<double>& x, const Batch& batch, const Speakers& speakers,
                  const ForwardOptions& options = {}) {
  const Passes<L> expected(layer, x, batch, options);
  L gradient = zeros_like(layer);
  typename L::Tape tape;
  layer.forward(x, tape, batch, {}, options);
  const auto refuse = [&](const std::string& speaker, const char* what, const Matrix<double>& good, Index rows,
                          Index cols, auto backward) {
    const auto size = [](Index r, Index c) { return std::to_string(r) + " x " + std::to_string(c); };
    CHECK_THROWS_MATCHES(backward(Matrix<double>::Zero(rows, cols).eval()), std::invalid_argument,
                         Message(speaker + "::backward: " + what + " is " + size(rows, cols) + ", expected " +
                                 size(good.rows(), good.cols()) + " as in forward"));
  };
  for (const Index more_rows : {0, 1})
    for (const Index more_cols : {0, 1}) {
      if (more_rows + more_cols == 0) continue;
      refuse(speakers.x, "x", x, x.rows() + more_rows, x.cols() + more_cols,
             [&](const Matrix<double>& wrong) { layer.backward(wrong, expected.d_y, tape, gradient); });
      refuse(speakers.d_y, "d_y", expected.d_y, expected.d_y.rows() + more_rows, expected.d_y.cols() + more_cols,
             [&](const Matrix<double>& wrong) { layer.backward(x, wrong, tape, gradient); });
    }
  CHECK(flat(gradient) == flat(zeros_like(layer)));
  CHECK(layer.backward(x, expected.d_y, tape, gradient) == expected.d_x);
  CHECK(flat(gradient) == flat(expected.gradient));
}

/// Copies, moves and assignments keep every parameter, and a copy lives on its own.
template <unroll::Layer L>
void check_values(const L& layer, const Matrix<double>& x, const Batch& batch, L assigned,
                  const ForwardOptions& options = {}) {
  const Flat weights = flat(layer);
  const Matrix<double> y = Passes<L>(layer, x, batch, options).y;
  const auto same = [&](const L& other) {
    CHECK(tensor_names(other) == tensor_names(layer));
    CHECK(flat(other) == weights);
    CHECK(other.input_size() == layer.input_size());
    CHECK(other.output_size() == layer.output_size());
    CHECK(Passes<L>(other, x, batch, options).y == y);
  };
  L copy = layer;
  same(copy);
  L moved = std::move(copy);
  same(moved);
  assigned = moved;
  same(assigned);
  const L& itself = assigned;
  assigned = itself;
  same(assigned);
  set_zero(assigned);
  same(moved);
  assigned = std::move(moved);
  same(assigned);
  same(layer);
}

/// A ragged batch is its sequences alone: outputs, gradient and dL/dx, which are zero past the ends; what x and d_y
/// hold there, NaN say, does not matter.
template <unroll::Layer L>
void check_ragged(const L& layer, Matrix<double> x, const std::vector<Index>& lengths) {
  const Batch batch{.size = static_cast<Index>(lengths.size()), .lengths = lengths};
  const Index steps = x.cols() / batch.size;
  L gradient = zeros_like(layer), sum = gradient;
  typename L::Tape tape, alone;
  Matrix<double> d_y = drawn(layer.output_size(), x.cols(), 78);
  for (Index j = 0; j < x.cols(); ++j) {
    if (j / batch.size < lengths[static_cast<std::size_t>(j % batch.size)]) continue;
    x.col(j).setConstant(std::numeric_limits<double>::quiet_NaN());
    d_y.col(j).setConstant(std::numeric_limits<double>::quiet_NaN());
  }
  const Matrix<double> y = layer.forward(x, tape, batch);
  const Matrix<double> d_x = layer.backward(x, d_y, tape, gradient);
  for (Index b = 0; b < batch.size; ++b) {
    CAPTURE(b);
    const Index length = lengths[static_cast<std::size_t>(b)];
    const auto sequence = [&](const Matrix<double>& all) {
      Matrix<double> one = Matrix<double>::Zero(all.rows(), steps);
      for (Index t = 0; t < steps; ++t) one.col(t) = all.col(t * batch.size + b);
      return one;
    };
    const Matrix<double> x_alone = sequence(x).leftCols(length), d_y_alone = sequence(d_y).leftCols(length);
    CHECK(close(sequence(y).leftCols(length), layer.forward(x_alone, alone)));
    CHECK(sequence(y).rightCols(steps - length) == Matrix<double>::Zero(y.rows(), steps - length));
    CHECK(close(sequence(d_x).leftCols(length), layer.backward(x_alone, d_y_alone, alone, sum)));
    CHECK(sequence(d_x).rightCols(steps - length) == Matrix<double>::Zero(x.rows(), steps - length));
  }
  CHECK(close(flat(gradient), flat(sum)));
}

/// A stream gives the sequence's outputs to the bit, holds the weights as they were, and starts anew on reset.
template <unroll::StreamableLayer L>
void check_stream(L layer, const Matrix<double>& x) {
  typename L::Tape tape;
  const Matrix<double> y = layer.forward(x, tape);
  unroll::Stream stream(layer);
  CHECK(stream.output_size() == layer.output_size());
  set_zero(layer);
  const auto compare = [&](Index from) {
    for (Index t = from; t < x.cols(); ++t) {
      CAPTURE(from, t);
      CHECK(stream.step(x.col(t)) == y.col(t));
    }
  };
  compare(0);
  stream.reset();
  stream.step(x.col(0));
  const auto after_one = stream.save();
  compare(1);
  CHECK(stream.restore(after_one));
  compare(1);
}

/// That a batch which does not fit x's columns (6 of them) is refused in the layer's name, the tape left as it was.
template <unroll::Layer L>
void check_batches(const L& layer, const Matrix<double>& x, const std::string& speaker) {
  REQUIRE(x.cols() == 6);
  const Passes<L> expected(layer, x, {.size = 3});
  L gradient = zeros_like(layer);
  typename L::Tape tape;
  layer.forward(x, tape, {.size = 3});
  const auto refuse = [&](const Batch& batch, const std::string& why) {
    CHECK_THROWS_MATCHES(layer.forward(x, tape, batch), std::invalid_argument, Message(speaker + ": " + why));
  };
  refuse({.size = 0}, "batch size is 0, expected at least 1");
  refuse({.size = -2}, "batch size is -2, expected at least 1");
  refuse({.size = 4}, "x has 6 columns, expected a multiple of the batch size 4");
  refuse({.size = 3, .lengths = {2, 2}}, "2 lengths for a batch of 3");
  refuse({.size = 3, .lengths = {2, -1, 2}}, "a sequence's length is -1, expected at least 0");
  CHECK(layer.backward(x, expected.d_y, tape, gradient) == expected.d_x);
  CHECK(flat(gradient) == flat(expected.gradient));
}

/// What a layer gave back may be its next argument: its outputs and dL/dx as x and d_y, dL/d initial state as d_final;
/// x has as many rows as the outputs.
template <unroll::Layer L>
void check_reuse(const L& layer, const Matrix<double>& x) {
  typename L::Tape tape, other;
  L gradient = zeros_like(layer), expected = gradient;
  const Matrix<double> y = layer.forward(x, other), again = layer.forward(y, other);
  const Matrix<double> d_x = layer.backward(y, again, other, expected);
  const Matrix<double> of_d_x = layer.forward(d_x, other);
  const typename L::State d_initial = other.d_initial;
  const Matrix<double> d_again = layer.backward(d_x, d_x, other, expected, {}, d_initial);

  layer.forward(x, tape);
  CHECK(layer.forward(tape.output(), tape) == again);
  const auto given = layer.backward(y, tape.output(), tape, gradient);
  CHECK(given == d_x);
  CHECK(layer.forward(given, tape) == of_d_x);
  CHECK(layer.backward(given, given, tape, gradient, {}, tape.d_initial) == d_again);
  CHECK(flat(gradient) == flat(expected));
}

/// The tape of a layer of other sizes is refused.
template <unroll::Layer L>
void check_foreign_tape(const L& layer, const L& other, const std::string& why) {
  typename L::Tape tape;
  L gradient = zeros_like(layer);
  const Matrix<double> d_y = other.forward(Matrix<double>::Zero(other.input_size(), 4), tape);
  const Matrix<double> x = Matrix<double>::Zero(layer.input_size(), 4);
  CHECK_THROWS_MATCHES(layer.backward(x, d_y, tape, gradient), std::invalid_argument, Message(why));
  CHECK(flat(gradient) == flat(zeros_like(layer)));
}
