#include "unroll/losses/function_loss.hpp"

#include <limits>

#include "catch.hpp"
#include "core/flat.hpp"
#include "training/sine.hpp"
#include "unroll/testing/gradient_check.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

const auto squares = [](const auto& y, const auto& target, auto& d_y) -> double {
  const auto error = (y - target).eval();
  d_y = 2 * error / static_cast<double>(y.size());
  return error.squaredNorm() / static_cast<double>(y.size());
};

}  // namespace

TEST_CASE("a lambda is a loss, of ragged batches too", "[losses]") {
  SineState state = sine_state(), expected = sine_state();
  const FitOptions options{.epochs = 3};
  fit(state, sine_sequences(), sine_stream(), squares, options);
  fit(expected, sine_sequences(), sine_stream(), mean_squared_error, options);
  const Flat found = flat(state.model), same = flat(expected.model);
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(same[i]).epsilon(1e-12).margin(1e-14));
  CHECK(state.history.validation_loss.back() == Approx(expected.history.validation_loss.back()).epsilon(1e-12));
  CHECK(evaluate(state.model, sine_sequences(), squares) ==
        Approx(evaluate(state.model, sine_sequences(), mean_squared_error)).epsilon(1e-12));

  const auto explicit_types = [](const Matrix<double>& y, const Matrix<double>& target, Matrix<double>& d_y) {
    return squares(y, target, d_y);
  };
  CHECK(evaluate(state.model, sine_sequences(), explicit_types) == evaluate(state.model, sine_sequences(), squares));
}

TEST_CASE("a lambda that looks from step to step takes the batch", "[losses]") {
  // The error of the differences between neighbouring steps of each sample.
  const auto slopes = [](const auto& y, const auto& target, auto& d_y, const Batch& batch) -> double {
    double loss = 0;
    for (Index j = batch.size; j < y.cols(); ++j) {
      if (!batch.active(j / batch.size, j % batch.size, batch.steps(y.cols()))) continue;
      const auto error = ((y.col(j) - y.col(j - batch.size)) - (target.col(j) - target.col(j - batch.size))).eval();
      loss += error.squaredNorm();
      d_y.col(j) += 2 * error;
      d_y.col(j - batch.size) -= 2 * error;
    }
    d_y.col(y.cols() - 1).array() += 7;  // does not count past an end
    return loss;
  };
  Random random(4);
  const Matrix<double> y = testing::random_matrix(2, 15, random), target = testing::random_matrix(2, 15, random);
  const Batch ragged{.size = 3, .lengths = {5, 1, 3}};
  Matrix<double> d_y, alone;
  const FunctionLoss loss(slopes);
  const double together = loss(y, target, d_y, ragged);
  CHECK(loss.count(y, ragged) == 9);
  double sum = 0;
  for (Index b = 0; b < 3; ++b) {
    const Index length = ragged.lengths[static_cast<std::size_t>(b)];
    Matrix<double> of_sample(2, length), wanted(2, length);
    for (Index t = 0; t < length; ++t) {
      of_sample.col(t) = y.col(t * 3 + b);
      wanted.col(t) = target.col(t * 3 + b);
    }
    sum += loss(of_sample, wanted, alone);
    for (Index t = 0; t + 1 < length; ++t) CHECK(d_y.col(t * 3 + b).isApprox(alone.col(t), 1e-14));
    for (Index t = length; t < 5; ++t) CHECK(d_y.col(t * 3 + b).isZero(0));
  }
  CHECK(together == Approx(sum).epsilon(1e-14));
  CHECK(loss(y, target, d_y, {.size = 3, .lengths = {0, 0, 0}}) == 0);
  CHECK(d_y == Matrix<double>::Zero(2, 15));
  CHECK(std::isfinite(evaluate(sine_state().model, sine_sequences(), slopes)));
}

TEST_CASE("a lambda that takes weights counts as a loss does", "[losses]") {
  const auto weighted = [](const auto& y, const auto& target, auto& d_y, const Batch& batch,
                           const std::vector<double>& weights) -> double {
    return mean_squared_error(y, target, d_y, batch, weights);
  };
  const FunctionLoss loss(weighted);
  Random random(4);
  const Matrix<double> y = testing::random_matrix(2, 15, random), target = testing::random_matrix(2, 15, random);
  const Batch ragged{.size = 3, .lengths = {5, 1, 3}};
  std::vector<double> of_numbers(30, 0.5);
  of_numbers[1] = 3;
  for (const std::vector<double>& weights :
       {std::vector<double>{}, {1, 2, 0, 0.5, 3}, std::vector<double>(15, 2), of_numbers}) {
    CAPTURE(weights.size());
    Matrix<double> d_y, expected;
    CHECK(loss(y, target, d_y, ragged, weights) == mean_squared_error(y, target, expected, ragged, weights));
    CHECK(d_y == expected);
    CHECK(loss.count(target, ragged, weights) == mean_squared_error.count(target, ragged, weights));
  }

  const StreamWindows<double> data(sine(80), sine(80, 1), 2, 10, sine(80).cwiseAbs());
  SineState state = sine_state(), expected = sine_state();
  fit(state, data, weighted, {.epochs = 2});
  fit(expected, data, mean_squared_error, {.epochs = 2});
  CHECK(flat(state.model) == flat(expected.model));
  CHECK(evaluate(state.model, data, weighted) == evaluate(state.model, data, mean_squared_error));

  // Where nothing counts it is not asked: its mean would be of nothing.
  Matrix<double> d_y;
  const auto mean_of_none = [](const auto&, const auto&, auto&, const Batch&, const std::vector<double>&) -> double {
    return std::numeric_limits<double>::quiet_NaN();
  };
  CHECK(FunctionLoss(mean_of_none)(y, target, d_y, ragged, {0, 0, 0, 0, 0}) == 0);
  CHECK(d_y == Matrix<double>::Zero(2, 15));
  const auto careless = [](const auto&, const auto&, auto& slopes, const Batch&, const std::vector<double>&) -> double {
    slopes.setOnes();
    return 1;
  };
  CHECK(FunctionLoss(careless)(y, target, d_y, ragged, {1, 1, 1, 1, 1}) == 1);
  CHECK(d_y.col(0) == Matrix<double>::Ones(2, 1));
  CHECK(d_y.col(4).isZero(0));  // past the second sequence's end
  CHECK_THROWS_MATCHES(loss(y, target, d_y, ragged, {1, 2}), std::invalid_argument,
                       Message("a loss of your own: 2 weights, expected one for each of 15 columns or of 5 steps or of "
                               "30 numbers of the target"));
  CHECK_THROWS_AS(loss(y, target, d_y, ragged, {1, 2, 0, -0.5, 3}), std::invalid_argument);
}

TEST_CASE("what a lambda cannot do is refused", "[losses]") {
  const SineState state = sine_state();
  const StreamWindows<double> weighted(sine(80), sine(80, 1), 2, 10, Matrix<double>::Ones(1, 80));
  CHECK_THROWS_MATCHES(evaluate(state.model, weighted, squares), std::invalid_argument,
                       Message("a loss of your own that takes no weights has got 20"));
  const auto shapeless = [](const auto&, const auto&, auto& d_y) -> double {
    d_y.resize(1, 1);
    return 0;
  };
  Matrix<double> d_y = sine(2);
  CHECK_THROWS_MATCHES(FunctionLoss(shapeless)(sine(6), sine(6), d_y), std::invalid_argument,
                       Message("a loss of your own left a d_y of 1 x 1, expected 1 x 6"));
  CHECK(d_y == sine(2));

  const auto forgetful = [](const auto& y, const auto& target, auto&) -> double { return y == target ? 0 : 0.5; };
  CHECK_THROWS_MATCHES(FunctionLoss(forgetful)(sine(6), sine(6, 1), d_y), std::invalid_argument,
                       Message("a loss of your own is 0.5 and wrote no slopes to its third argument, not even zeros"));
  CHECK(d_y == sine(2));
  SineState started = sine_state();
  CHECK_THROWS_AS(fit(started, sine_sequences(), forgetful, {.epochs = 1}), std::invalid_argument);
  CHECK(flat(started.model) == flat(sine_state().model));
  CHECK(FunctionLoss(forgetful)(sine(6), sine(6), d_y) == 0);  // nothing to learn, and no slope
  const auto level = [](const auto&, const auto&, auto& slope) -> double {
    slope.setZero();
    return 1;
  };
  CHECK(FunctionLoss(level)(sine(6), sine(6), d_y) == 1);
}
