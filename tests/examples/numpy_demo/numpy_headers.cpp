// The demo's NumPy headers where the demo's own numbers do not reach. All wanted values are from NumPy 2.4.6.

#include <limits>

#include "catch.hpp"
#include "numpy_array.hpp"
#include "numpy_print.hpp"
#include "numpy_random.hpp"

using numpy::Array;
using numpy::text;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

static std::string row(const std::vector<double>& values) {
  return text({{static_cast<numpy::Index>(values.size())}, values});
}

TEST_CASE("a row in fixed notation") {
  CHECK(row({1, -2.5, 3.25}) == "[ 1.   -2.5   3.25]");
  CHECK(row({0.0, -0.0}) == "[ 0. -0.]");
  CHECK(row({0.999999999, 0.3}) == "[1.  0.3]");
  CHECK(row({99999999.5}) == "[99999999.5]");
  CHECK(row({1e-4}) == "[0.0001]");
  CHECK(row({1000, 1}) == "[1000.    1.]");
  CHECK(row({}) == "[]");
}

TEST_CASE("a tie in the ninth digit goes to the even one") {
  CHECK(row({1.0 / 512, 3.0 / 512, 0.1}) == "[0.00195312 0.00585938 0.1       ]");
}

TEST_CASE("a row in powers of ten") {
  CHECK(row({1e8, 1}) == "[1.e+08 1.e+00]");
  CHECK(row({9.99e-5}) == "[9.99e-05]");
  CHECK(row({1000.1, 1}) == "[1.0001e+03 1.0000e+00]");
  CHECK(row({1e100, 1}) == "[1.e+100 1.e+000]");
  CHECK(row({5e-324, 1}) == "[5.e-324 1.e+000]");
}

TEST_CASE("NaN and infinities") {
  CHECK(row({nan_value, 1.5, inf}) == "[nan 1.5 inf]");
  CHECK(row({nan_value, -inf}) == "[ nan -inf]");
  CHECK(row({inf}) == "[inf]");
  CHECK(row({1e-5, -inf}) == "[1.e-05   -inf]");
}

TEST_CASE("none, two and three dimensions") {
  CHECK(text({{}, {-2.5}}) == "-2.5");
  CHECK(text({{}, {1e-300 / 3}}) == "3.33333333e-301");
  CHECK(text({{2, 2}, {1, 2, 3, 4}}) == "[[1. 2.]\n [3. 4.]]");
  CHECK(text({{2, 2, 2}, {1, -2, 3, 4, 5, 6, 7, 8}}) == "[[[ 1. -2.]\n  [ 3.  4.]]\n\n [[ 5.  6.]\n  [ 7.  8.]]]");
  CHECK(numpy::shape_text({{3, 10, 4}, {}}) == "(3, 10, 4)");
}

TEST_CASE("a long row is wrapped at 75 columns, without blanks at the ends of lines") {
  std::vector<double> values;
  for (int i = 0; i < 20; ++i) values.push_back(i / 8.0 - 1);
  CHECK(row(values) ==
        "[-1.    -0.875 -0.75  -0.625 -0.5   -0.375 -0.25  -0.125  0.     0.125\n"
        "  0.25   0.375  0.5    0.625  0.75   0.875  1.     1.125  1.25   1.375]");
}

TEST_CASE("randn gives RandomState's numbers to the last bit") {
  const auto last_three = [](std::uint32_t seed, numpy::Index skip) {
    numpy::RandomState random(seed);
    random.randn({skip});
    return random.randn({3}).values;
  };
  CHECK(last_three(0, 0) == std::vector{1.764052345967664, 0.4001572083672233, 0.9787379841057392});
  CHECK(last_three(4294967295, 0) == std::vector{0.6484086742306527, 0.6693235306338161, -1.0805437227474493});
  CHECK(last_three(1, 99998) == std::vector{0.34404617774998414, -0.7475562464191521, -2.252118359519573});
}

TEST_CASE("part of an array, and its columns as the library wants them") {
  const Array array{{2, 3, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
  CHECK(numpy::at(array, {1, 2})->values == std::vector<double>{11, 12});
  CHECK(numpy::at(array, {1, 2, 0})->shape.empty());
  CHECK(!numpy::at(array, {1, 3}));
  CHECK(!numpy::at(array, {2}));
  const Eigen::MatrixXd columns = numpy::to_columns(array);
  CHECK(columns(1, 0 * 3 + 2) == 11);
  CHECK(columns(1, 1 * 3 + 2) == 12);
  CHECK(numpy::to_array(columns, 3).values == array.values);
  CHECK(numpy::to_array(columns, 3).shape == array.shape);
}
