#include "unroll/testing/gradient_check.hpp"

#include "catch.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;
using testing::GradientReport;

namespace {

/// Compares the gradient of sum(values^3) with what is given in its place.
GradientReport compare_cubes(Vector<double> values, const Vector<double>& gradient,
                             const testing::GradientCheckOptions& options = {}) {
  const Vector<double> before = values;
  Random random(1);
  GradientReport report;
  const auto loss = [&] { return values.array().cube().sum(); };
  testing::compare_with_differences("cubes", values.data(), gradient.data(), values.size(), loss, options, random,
                                    report);
  CHECK(values == before);
  return report;
}

/// What of a backward pass is wrong by a percent.
enum class Fault { none, weight, bias, input, initial_state, wide_input, no_initial_state };

template <Fault fault>
struct Faulty : Rnn<double> {
  using Rnn<double>::Rnn;

  Output<double> backward(const Input<double>& x, const Input<double>& d_y, Tape& tape, Faulty& gradient,
                          const BackwardOptions& options = {}, const State& d_final = {}) const {
    Rnn<double>::backward(x, d_y, tape, gradient, options, d_final);
    if (fault == Fault::weight) gradient.weight_hh(1, 2) *= 1.01;
    if (fault == Fault::bias) gradient.bias[3] *= 1.01;
    if (fault == Fault::input) tape.d_x(2, 5) *= 1.01;
    if (fault == Fault::initial_state) tape.d_initial.values[0](1, 1) *= 1.01;
    if (fault == Fault::wide_input) tape.d_x.conservativeResize(Eigen::NoChange, 7);
    if (fault == Fault::no_initial_state) tape.d_initial = {};
    return tape.d_input();
  }
};

template <Fault fault>
GradientReport check(const testing::GradientCheckOptions& options = {}) {
  Random random(1);
  const Faulty<fault> layer(3, 4, random);
  const Matrix<double> x = testing::random_matrix(3, 6, random);
  const typename Faulty<fault>::State initial{{testing::random_matrix(4, 2, random)}};
  return testing::check_gradient(layer, x, {.size = 2}, options, initial);
}

/// That the error is a percent of that entry.
void check_found(const GradientReport& report, const std::string& entry) {
  CHECK(report.worst == Approx(0.01 / 1.01).epsilon(1e-3));
  CHECK_THAT(report.where, contains_text(entry + " = ") && contains_text(", differences give "));
}

}  // namespace

TEST_CASE("a right gradient agrees with the differences", "[gradient_check]") {
  const Vector<double> values = Vector<double>::LinSpaced(5, 1, 2);
  const GradientReport report = compare_cubes(values, 3 * values.array().square());
  CHECK(report.worst < 1e-10);
  CHECK(report.compared == 5);
}

TEST_CASE("the worst entry of a wrong gradient is named, NaN before all", "[gradient_check]") {
  const Vector<double> values = Vector<double>::LinSpaced(5, 1, 2);
  Vector<double> gradient = 3 * values.array().square();
  gradient[1] *= 1.001;
  gradient[3] *= 1.01;
  check_found(compare_cubes(values, gradient), "cubes[3]");
  gradient[2] = std::numeric_limits<double>::quiet_NaN();
  const GradientReport report = compare_cubes(values, gradient);
  CHECK(!(report.worst <= 1));
  CHECK_THAT(report.where, contains_text("cubes[2] = nan, differences give "));
}

TEST_CASE("of a large tensor some entries are drawn", "[gradient_check]") {
  const Vector<double> values = Vector<double>::LinSpaced(500, 1, 2);
  const Vector<double> wrong = 3.3 * values.array().square();
  const GradientReport report = compare_cubes(values, wrong, {.entries = 7});
  CHECK(report.compared == 7);
  CHECK(report.worst == Approx(1 - 1 / 1.1).epsilon(1e-6));
}

TEST_CASE("a check of no entries is refused, for it would find nothing", "[gradient_check]") {
  const Vector<double> values = Vector<double>::Ones(5);
  CHECK_THROWS_WITH(compare_cubes(values, values, {.entries = 0}),
                    "a gradient's check: entries is 0, expected more than 0");
}

TEST_CASE("a step does not reach across a kink", "[gradient_check]") {
  Random random(1);
  GradientReport report;
  double value = 1.5e-4, slope = 1;
  const auto relu = [&] { return std::max(value, 0.0); };
  testing::compare_with_differences("relu", &value, &slope, 1, relu, {}, random, report);
  CHECK(report.worst < 1e-8);
  slope = 0.99;
  testing::compare_with_differences("relu", &value, &slope, 1, relu, {}, random, report);
  CHECK(report.worst == Approx(0.01).epsilon(1e-6));
}

TEST_CASE("a layer's wrong gradient is named, whichever it is", "[gradient_check]") {
  const GradientReport right = check<Fault::none>();
  CHECK(right.worst <= 1e-7);
  CHECK(right.compared == 12 + 16 + 4 + 18 + 8);
  check_found(check<Fault::weight>(), "weight_hh[9]");
  check_found(check<Fault::bias>(), "bias[3]");
  check_found(check<Fault::input>(), "x[17]");
  check_found(check<Fault::initial_state>(), "initial state[5]");
  CHECK(check<Fault::input>({.input = false}).worst <= 1e-7);
}

TEST_CASE("a gradient of another shape is refused", "[gradient_check]") {
  CHECK_THROWS_WITH(check<Fault::wide_input>(), "the gradient of x is 3 x 7, expected 3 x 6");
  CHECK_THROWS_WITH(check<Fault::no_initial_state>(), "the gradient of initial state is 0 x 0, expected 4 x 2");
}
