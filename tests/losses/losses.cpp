// What all losses have in common, each against PyTorch: data/losses.txt, made by reference/training_vectors.py.
#include <limits>

#include "catch.hpp"
#include "reference/read_vectors.hpp"
#include "unroll/losses/binary_cross_entropy.hpp"
#include "unroll/losses/huber.hpp"
#include "unroll/losses/mean_absolute_error.hpp"
#include "unroll/losses/mean_squared_error.hpp"
#include "unroll/losses/softmax_cross_entropy.hpp"
#include "unroll/testing/gradient_check.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class Scalar>
Output<Scalar> view(const Matrix<Scalar>& y) {
  return {y.data(), y.rows(), y.cols()};
}

const Vectors& torch() {
  static const Vectors vectors(UNROLL_TEST_DATA "/losses.txt");
  return vectors;
}

const Batch ragged{.size = 3, .lengths = {4, 2, 3}};

std::vector<double> weights() {
  const Eigen::MatrixXd& given = torch()["weights"];
  return {given.data(), given.data() + given.size()};
}

/// f(loss, name, its targets) for each loss.
template <class F>
void for_each_loss(F f) {
  f(mean_squared_error, "mse", torch()["target"]);
  f(mean_absolute_error, "absolute", torch()["target"]);
  f(Huber{0.75}, "huber", torch()["target"]);
  f(binary_cross_entropy, "binary", torch()["chance"]);
  f(softmax_cross_entropy, "softmax", torch()["classes"]);
}

void check_same(const Matrix<double>& found, const Matrix<double>& expected, double tolerance) {
  REQUIRE(found.rows() == expected.rows());
  REQUIRE(found.cols() == expected.cols());
  CHECK((found - expected).cwiseAbs().maxCoeff() <= tolerance);
}

}  // namespace

TEST_CASE("every loss and its gradient are PyTorch's, plain, masked and weighted", "[losses]") {
  const Matrix<double>& y = torch()["y"];
  for_each_loss([&](const auto& loss, const std::string& name, const Matrix<double>& target) {
    CAPTURE(name);
    Matrix<double> d_y;
    CHECK(loss(view(y), target, d_y) == Approx(torch()[name + "_plain"](0)).epsilon(1e-14));
    check_same(d_y, torch()["d_" + name + "_plain"], 1e-14);
    CHECK(loss(view(y), target, d_y, ragged, weights()) == Approx(torch()[name + "_masked"](0)).epsilon(1e-14));
    check_same(d_y, torch()["d_" + name + "_masked"], 1e-14);

    const Matrix<float> y_f = y.cast<float>(), target_f = target.cast<float>();
    Matrix<float> d_f;
    CHECK(loss(view(y_f), target_f, d_f, ragged, weights()) == Approx(torch()[name + "_masked"](0)).epsilon(1e-6));
    check_same(d_f.cast<double>(), torch()["d_" + name + "_masked"], 1e-5);
  });
}

TEST_CASE("every loss's gradient is that of central differences", "[losses]") {
  for_each_loss([&](const auto& loss, const std::string& name, const Matrix<double>& target) {
    Matrix<double> y = torch()["y"].unaryExpr([](double v) { return std::remainder(v, 4.0) + 0.01; }), d_y, unused;
    loss(view(y), target, d_y, ragged, weights());
    Random random(3);
    testing::GradientReport report;
    const auto at = [&] { return loss(view(y), target, unused, ragged, weights()); };
    testing::compare_with_differences("y", y.data(), d_y.data(), y.size(), at, {}, random, report);
    CAPTURE(name, report.where);
    CHECK(report.worst <= 1e-7);
    CHECK(report.compared == y.size());
  });
}

TEST_CASE("what stands past an end, or has weight 0, is not used", "[losses]") {
  for_each_loss([&](const auto& loss, const std::string& name, Matrix<double> target) {
    CAPTURE(name);
    Matrix<double> y = torch()["y"], expected, d_y;
    std::vector<double> some = weights();
    some[3] = 0;
    const double value = loss(view(y), target, expected, ragged, some);
    for (const Index j : {3, 7, 10, 11, 9 + 1}) {
      y.col(j).setConstant(not_a_number);
      target.col(j).setConstant(-not_a_number);
    }
    CHECK(loss(view(y), target, d_y, ragged, some) == value);
    CHECK(d_y == expected);
    CHECK(d_y.col(7).isZero(0));
    CHECK(d_y.col(3).isZero(0));
    CHECK(loss(view(y), target, d_y, {.size = 3, .lengths = {0, 0, 0}}) == 0);
    CHECK(d_y.isZero(0));
  });
}

TEST_CASE("weights of steps are those of their columns, and read-outs have one step", "[losses]") {
  const Matrix<double>&y = torch()["y"], &target = torch()["target"];
  Matrix<double> of_steps, of_columns;
  const double value = mean_squared_error(view(y), target, of_steps, ragged, {1, 0.5, 0, 2});
  CHECK(mean_squared_error(view(y), target, of_columns, ragged, {1, 1, 1, .5, .5, .5, 0, 0, 0, 2, 2, 2}) == value);
  CHECK(of_steps == of_columns);
  CHECK(mean_squared_error.count(target, ragged, {1, 0.5, 0, 2}) == 3 + 1.5 + 0 + 2);
  CHECK(mean_squared_error.count(target, ragged) == 9);
  CHECK(mean_squared_error.count(target.leftCols(3), ragged) == 3);
  CHECK(mean_squared_error.count(target.leftCols(3), {.size = 3, .lengths = {4, 0, 2}}) == 2);
  const Matrix<double> read_out = y.leftCols(3);
  CHECK(mean_squared_error(view(read_out), target.leftCols(3), of_steps, ragged) > 0);
}

TEST_CASE("signed weights are factors of the mean over the columns", "[losses]") {
  const Matrix<double>&y = torch()["y"], &target = torch()["target"];
  const auto loss = mean_squared_error.with_signed_weights();
  Matrix<double> plain, d_y;
  const double one = loss(view(y), target, plain, ragged);
  CHECK(one == mean_squared_error(view(y), target, d_y, ragged));
  CHECK(loss(view(y), target, d_y, ragged, std::vector<double>(4, -2.0)) == Approx(-2 * one));
  check_same(d_y, -2 * plain, 1e-14);

  // Factors that sum to nothing: a quarter of what the steps 0 and 1 have each, one added, one taken off.
  const double first = loss(view(y), target, d_y, ragged, {1, 0, 0, 0});
  CHECK(first > 0);
  CHECK(loss(view(y), target, d_y, ragged, {1, 0, -1, 0}) ==
        Approx(first - loss(view(y), target, d_y, ragged, {0, 0, 1, 0})));
  CHECK(loss.count(target, ragged, {1, 0, -1, 0}) == 9);
  CHECK(d_y.col(3).isZero(0));
  CHECK_THROWS_MATCHES(loss(view(y), target, d_y, ragged, {1, not_a_number, 1, 1}), std::invalid_argument,
                       Message("mean_squared_error: a weight is nan, expected a number"));
}

TEST_CASE("far logits give neither overflow nor lost digits", "[losses]") {
  Matrix<double> y(2, 1), target(1, 1), d_y;
  y << 1e4, -1e4;
  target << 1;
  CHECK(softmax_cross_entropy(view(y), target, d_y) == 2e4);
  CHECK(d_y(1, 0) == -1);
  target << 0;
  CHECK(softmax_cross_entropy(view(y), target, d_y) == 0);
  CHECK(d_y.isZero(0));
  const Matrix<double> ones = Matrix<double>::Ones(2, 1);
  CHECK(binary_cross_entropy(view(y), ones, d_y) == 5e3);
  CHECK(d_y(0, 0) == 0);
  CHECK(d_y(1, 0) == -0.5);
}

TEST_CASE("what is not a number shows in the loss and in its place of the gradient", "[losses]") {
  for_each_loss([&](const auto& loss, const std::string& name, const Matrix<double>& target) {
    CAPTURE(name);
    Matrix<double> y = torch()["y"], d_y;
    y(3, 2) = not_a_number;
    CHECK(std::isnan(loss(view(y), target, d_y)));
    CHECK(std::isnan(d_y(3, 2)));
    CHECK(d_y.leftCols(2).allFinite());
  });
}

TEST_CASE("what does not fit is refused, and the gradient stays", "[losses]") {
  const Matrix<double> y = Matrix<double>::Zero(2, 6), five = Matrix<double>::Constant(1, 1, 5);
  Matrix<double> d_y = five;
  const auto refuse = [&](const auto& loss, const Matrix<double>& target, const Batch& batch,
                          const std::vector<double>& weighted, const std::string& why) {
    CHECK_THROWS_MATCHES(loss(view(y), target, d_y, batch, weighted), std::invalid_argument, Message(why));
    CHECK(d_y == five);
  };
  const Matrix<double> zeros = y, classes = Matrix<double>::Zero(1, 6);
  refuse(huber, classes, {}, {}, "huber: target is 1 x 6, expected 2 x 6 as y");
  refuse(softmax_cross_entropy, zeros, {}, {},
         "softmax_cross_entropy: target is 2 x 6, expected 1 x 6: a class for each column of y");
  refuse(huber, zeros, {.size = 4}, {}, "huber: x has 6 columns, expected a multiple of the batch size 4");
  refuse(huber, zeros, {.size = 2}, {1, 2},
         "huber: 2 weights, expected one for each of 6 columns or of 3 steps or of 12 numbers of the target");
  refuse(huber, zeros, {.size = 2}, {1, -2, 1},
         "huber: a weight is -2, expected a number of at least 0 (or with_signed_weights())");
  refuse(huber, zeros, {.size = 2}, {1, not_a_number, 1},
         "huber: a weight is nan, expected a number of at least 0 (or with_signed_weights())");
  for (const double bad : {-1.0, 2.0, 0.5, not_a_number}) {
    Matrix<double> target = classes;
    target(0, 3) = bad;
    refuse(softmax_cross_entropy, target, {.size = 2}, {},
           detail::text("softmax_cross_entropy: the target of sample 1 at step 1 is ", bad,
                        ", no class, expected a whole "
                        "number from 0 to one less than the rows of y; a weight of 0 leaves a column out"));
  }
  Matrix<double> chance = zeros;
  chance(1, 5) = 1.5;
  refuse(binary_cross_entropy, chance, {.size = 2}, {},
         "binary_cross_entropy: the target of sample 1 at step 2 is no probability, expected 0 to 1");
  CHECK_THROWS_MATCHES(Huber{0}, std::invalid_argument, Message("huber: delta is 0, expected more than 0"));
}

TEST_CASE("there are no more classes than numbers that tell them apart", "[losses]") {
  const auto refuse = [](auto number, Index classes) {
    using Scalar = decltype(number);
    const Output<Scalar> y(&number, classes, 1);  // refused before any of it is read
    const Matrix<Scalar> target = Matrix<Scalar>::Constant(1, 1, 3);
    Matrix<Scalar> d_y;
    CHECK_THROWS_MATCHES(
        softmax_cross_entropy(y, target, d_y), std::invalid_argument,
        Message("softmax_cross_entropy: the target of sample 0 at step 0 is 3, one of too many classes, "
                "expected fewer than 2^24 in float or 2^53 in double"));
  };
  refuse(0.0f, Index(1) << 24);
  refuse(0.0, Index(1) << 53);
}
