#include "unroll/losses/mean_squared_error.hpp"

#include <limits>

#include "catch.hpp"
#include "unroll/testing/gradient_check.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

template <class Scalar>
Output<Scalar> view(const Matrix<Scalar>& y) {
  return {y.data(), y.rows(), y.cols()};
}

template <class Scalar>
Matrix<Scalar> constant(Index rows, Index cols, Scalar value) {
  return Matrix<Scalar>::Constant(rows, cols, value);
}

template <class Scalar>
Matrix<Scalar> drawn(Index rows, Index cols, std::uint64_t seed) {
  Random random(seed);
  return testing::random_matrix(rows, cols, random).cast<Scalar>();
}

}  // namespace

TEMPLATE_TEST_CASE("the loss is the mean of the squares, the gradient their slope", "[losses]", float, double) {
  Matrix<TestType> y(2, 2), target(2, 2), d_y, slopes(2, 2);
  y << 1, 2, 3, 4;
  target << 1, 0, 2.5, 8;
  slopes << 0, 1, 0.25, -2;
  CHECK(mean_squared_error(view(y), target, d_y) == (0 + 4 + 0.25 + 16) / 4);
  CHECK(d_y == slopes);
  CHECK(mean_squared_error(view(y), y, d_y) == 0);
  CHECK(d_y == constant<TestType>(2, 2, 0));
  CHECK(mean_squared_error(view(constant<TestType>(1, 1, 1)), constant<TestType>(1, 1, -2), d_y) == 9);
  CHECK(d_y == constant<TestType>(1, 1, 6));
}

TEST_CASE("the loss's gradient is that of central differences", "[losses]") {
  for (const Index rows : {1, 7})
    for (const Index cols : {1, 15}) {
      CAPTURE(rows, cols);
      Matrix<double> y = drawn<double>(rows, cols, 1), d_y, unused;
      const Matrix<double> target = drawn<double>(rows, cols, 2);
      mean_squared_error(view(y), target, d_y);
      Random random(3);
      testing::GradientReport report;
      const auto loss = [&] { return mean_squared_error(view(y), target, unused); };
      testing::compare_with_differences("y", y.data(), d_y.data(), y.size(), loss, {}, random, report);
      CAPTURE(report.where);
      CHECK(report.worst <= 1e-7);
      CHECK(report.compared == std::min<Index>(rows * cols, 60));
    }
}

TEST_CASE("a loss in float is summed in double", "[losses]") {
  Matrix<float> y = constant(1, 102, 1.0f), d_y;
  y(0, 0) = 4096;  // 2^24 and 101 ones: one bit more than a float has
  CHECK(mean_squared_error(view(y), constant(1, 102, 0.0f), d_y) == Approx(16777317.0 / 102).epsilon(1e-15));
  const float huge = 1e30f;
  const double square = static_cast<double>(huge) * static_cast<double>(huge);
  CHECK(mean_squared_error(view(constant(1, 3, huge)), constant(1, 3, 0.0f), d_y) == Approx(square).epsilon(1e-15));
}

TEST_CASE("what is not finite shows in the loss and in its place of the gradient", "[losses]") {
  Matrix<double> y = drawn<double>(2, 3, 1), d_y;
  y(1, 2) = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(mean_squared_error(view(y), drawn<double>(2, 3, 2), d_y)));
  CHECK(std::isnan(d_y(1, 2)));
  CHECK(d_y.leftCols(2).allFinite());
}

TEST_CASE("shapes that differ are refused, and the gradient stays", "[losses]") {
  Matrix<double> d_y = constant(1, 1, 5.0);
  const auto refuse = [&](Index rows, Index cols, Index target_rows, Index target_cols, const std::string& why) {
    const Matrix<double> y = drawn<double>(rows, cols, 1);
    CHECK_THROWS_MATCHES(mean_squared_error(view(y), drawn<double>(target_rows, target_cols, 2), d_y),
                         std::invalid_argument, Message("mean_squared_error: " + why));
    CHECK(d_y == constant(1, 1, 5.0));
  };
  refuse(2, 3, 3, 2, "target is 3 x 2, expected 2 x 3 as y");
  refuse(2, 3, 2, 1, "target is 2 x 1, expected 2 x 3 as y");
  refuse(1, 3, 0, 0, "target is 0 x 0, expected 1 x 3 as y");
  refuse(2, 0, 2, 0, "y is empty");
}
