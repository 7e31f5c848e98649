// Losses with options and losses that look at whole columns or sequences, each against PyTorch: data/more_losses.txt,
// made by reference/training_vectors.py.
#include <limits>

#include "catch.hpp"
#include "reference/read_vectors.hpp"
#include "unroll/losses/cosine.hpp"
#include "unroll/losses/ctc.hpp"
#include "unroll/losses/error_to_signal.hpp"
#include "unroll/losses/function_loss.hpp"
#include "unroll/losses/huber.hpp"
#include "unroll/losses/kl_divergence.hpp"
#include "unroll/losses/mean_squared_error.hpp"
#include "unroll/losses/quantile.hpp"
#include "unroll/losses/softmax_cross_entropy.hpp"
#include "unroll/testing/gradient_check.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

const Vectors& torch() {
  static const Vectors vectors(UNROLL_TEST_DATA "/more_losses.txt");
  return vectors;
}

const Batch ragged{.size = 3, .lengths = {4, 2, 3}};

std::vector<double> numbers(const Matrix<double>& matrix) { return {matrix.data(), matrix.data() + matrix.size()}; }

template <class L>
void check_torch(const L& loss, const std::string& name, const std::string& of, const Matrix<double>& target,
                 const Batch& batch = {}, const std::vector<double>& weights = {}) {
  CAPTURE(name);
  Matrix<double> d_y;
  CHECK(loss(torch()[of], target, d_y, batch, weights) == Approx(torch()[name](0)).epsilon(1e-12));
  REQUIRE(d_y.rows() == torch()["d_" + name].rows());
  CHECK((d_y - torch()["d_" + name]).cwiseAbs().maxCoeff() <= 1e-12);

  Matrix<float> d_f;
  CHECK(loss(torch()[of].cast<float>(), target.cast<float>(), d_f, batch, weights) ==
        Approx(torch()[name](0)).epsilon(1e-5));
  CHECK((d_f.cast<double>() - d_y).cwiseAbs().maxCoeff() <= 1e-5);
}

template <class L>
void check_both(const L& loss, const std::string& name, const std::string& of, const Matrix<double>& target) {
  check_torch(loss, name + "_plain", of, target);
  check_torch(loss, name + "_masked", of, target, ragged, numbers(torch()["weights"]));
}

/// Labels of four samples, -1 behind the last.
Matrix<double> labels() {
  Matrix<double> target(4, 4);
  target << 2, 3, -1, 1, 2, 4, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1;
  return target;
}
const Batch four{.size = 4, .lengths = {7, 4, 3, 1}};

template <class F>
void refuse(F f, const std::string& why) {
  CHECK_THROWS_MATCHES(f(), std::invalid_argument, Message(why));
}

}  // namespace

TEST_CASE("smoothed and weighted cross-entropy, divergence, cosine and quantiles are PyTorch's", "[losses]") {
  check_both(SoftmaxCrossEntropy{{.label_smoothing = 0.125}}, "smoothed", "y", torch()["classes"]);
  check_both(SoftmaxCrossEntropy{{.label_smoothing = 0.125, .class_weights = {0.5, 2, 1, 4, 1}}}, "classes", "y",
             torch()["classes"]);
  check_both(kl_divergence, "kl", "y", torch()["soft"]);
  check_both(cosine_distance, "cosine", "y", torch()["target"]);
  check_both(Quantile{{0.1, 0.5, 0.9}}, "quantile", "y6", torch()["target2"]);
}

TEST_CASE("of a target smoothed to the end nothing is left of its class", "[losses]") {
  Matrix<double> y(3, 1), d_y, classes = Matrix<double>::Constant(1, 1, 2);
  y << 0.5, -1, 2;
  const double all = std::log(std::exp(0.5) + std::exp(-1.0) + std::exp(2.0));
  CHECK(SoftmaxCrossEntropy{{.label_smoothing = 1}}(y, classes, d_y) == Approx(all - (0.5 - 1 + 2) / 3));
  for (Index i = 0; i < 3; ++i) CHECK(d_y(i) == Approx(std::exp(y(i) - all) - 1.0 / 3));
}

TEST_CASE("a class may weigh nothing", "[losses]") {
  Matrix<double> y(2, 2), d_y, classes(1, 2);
  y << 0.5, 1, -1, 3;
  classes << 0, 1;
  for (const double smoothing : {0., 0.25}) {
    const SoftmaxCrossEntropy second{{.label_smoothing = smoothing, .class_weights = {0, 3}}};
    Matrix<double> d_one;
    CHECK(second(y, Matrix<double>::Zero(1, 2), d_y) == 0);  // nothing counts
    CHECK(d_y == Matrix<double>::Zero(2, 2));
    CHECK(second(y, classes, d_y) == second(y.rightCols(1), classes.rightCols(1), d_one));
    CHECK(d_y.col(0).isZero(0));
    CHECK(d_y.col(1) == d_one);
  }
  const double loss = SoftmaxCrossEntropy{{.class_weights = {0, 3}}}(y, classes, d_y);
  CHECK(loss == Approx(std::log1p(std::exp(1.0 - 3))));  // that of the second column alone
  CHECK(d_y.col(0).isZero(0));
}

TEST_CASE("the gradient of a column has as many numbers as the column", "[losses]") {
  const double y[] = {0.5, -1, 2, 3}, probabilities[] = {0.25, 0.25, 0.5, 0.125}, of_class[] = {1};  // one too many
  const auto check = [&](const auto& rule, const double* target) {
    double d[] = {0, 0, 0, 7};
    rule.column(y, target, 3, d, nullptr);
    CHECK(d[2] != 0);
    CHECK(d[3] == 7);
  };
  check(detail::KlDivergenceRule(), probabilities);
  check(detail::CosineRule(), probabilities);
  check(detail::SoftmaxCrossEntropyRule(), of_class);
  check(detail::SoftmaxCrossEntropyRule({.label_smoothing = 0.5}), of_class);
}

TEST_CASE("numbers of a target may have weights of their own, and those that are not known any value", "[losses]") {
  Matrix<double> target = torch()["target"];
  const Matrix<double>& weights = torch()["element_weights"];
  check_torch(Huber{0.75}, "elements", "y", target, ragged, numbers(weights));
  for (Index i = 0; i < target.size(); ++i)
    if (weights.data()[i] == 0) target.data()[i] = std::numeric_limits<double>::quiet_NaN();
  Matrix<double> d_y;
  CHECK(Huber{0.75}(torch()["y"], target, d_y, ragged, numbers(weights)) == Approx(torch()["elements"](0)));
  CHECK(d_y.allFinite());

  // Of three quantiles each number of the target is one number.
  const Quantile quantile{{0.1, 0.5, 0.9}};
  Matrix<double> half = torch()["target2"], expected;
  std::vector<double> known(24, 1.0);
  const double whole = quantile(torch()["y6"], half, expected);
  known[5] = 0;  // of row 1, column 2
  half(1, 2) = std::numeric_limits<double>::quiet_NaN();
  const double part = quantile(torch()["y6"], half, d_y, {}, known);
  CHECK(std::isfinite(part));
  CHECK(part != whole);
  for (const Index row : {1, 3, 5}) CHECK(d_y(row, 2) == 0);
  CHECK(d_y(0, 2) == Approx(expected(0, 2) * 24 / 23));
}

TEMPLATE_TEST_CASE("weights of numbers count by their shares, however small or large", "[losses]", float, double) {
  const auto check = [](const auto& loss, const Matrix<double>& of, const Matrix<double>& wanted) {
    const Matrix<TestType> y = of.cast<TestType>(), target = wanted.cast<TestType>();
    Matrix<TestType> expected, d_y;
    std::vector<double> weights = numbers(torch()["element_weights"]);
    weights.resize(static_cast<std::size_t>(target.size()));
    const double value = loss(y, target, expected, ragged, weights);
    for (const double scale : {1e-300, 1e-46, 1e-40, 1e-38, 1e-30, 1e30, 1e40, 1e299}) {
      CAPTURE(scale);
      std::vector<double> scaled = weights;
      for (double& weight : scaled) weight *= scale;
      CHECK(loss(y, target, d_y, ragged, scaled) == Approx(value));
      CHECK((d_y - expected).cwiseAbs().maxCoeff() <= 1e-6);
    }
    std::vector<double> least(weights.size());
    least[0] = 5e-324;  // the mean of its column is 0
    CHECK(loss(y, target, d_y, ragged, least) == 0);
    CHECK(d_y.isZero(0));
  };
  check(Huber{0.75}, torch()["y"], torch()["target"]);
  check(mean_squared_error, torch()["y"], torch()["target"]);
  check(Quantile{{0.1, 0.5, 0.9}}, torch()["y6"], torch()["target2"]);
}

TEST_CASE("a cosine does not depend on lengths, also where their squares are no numbers", "[losses]") {
  const Matrix<double>&y = torch()["y"], &target = torch()["target"];
  Matrix<double> expected, d_y;
  const double value = cosine_distance(y, target, expected);
  for (const double scale : {1e100, 1e160, 1e200, 1e300})
    for (const double other : {1., 1e200, 1e300}) {
      CAPTURE(std::log10(scale), std::log10(other));
      CHECK(cosine_distance(y * scale, target * other, d_y) == Approx(value));
      CHECK((d_y * scale - expected).cwiseAbs().maxCoeff() <= 1e-12);
      CHECK(cosine_distance(y, target * other, d_y) == Approx(value));
      CHECK((d_y - expected).cwiseAbs().maxCoeff() <= 1e-12);
    }
  Matrix<double> endless = y;
  endless(0, 0) = std::numeric_limits<double>::infinity();
  CHECK(std::isnan(cosine_distance(endless, target, d_y)));
  CHECK(d_y.col(0).hasNaN());
}

TEST_CASE("the error to signal and CTC are PyTorch's, on ragged batches too", "[losses]") {
  const ErrorToSignal error{{.pre_emphasis = 0.75, .dc = 0.5, .epsilon = 1e-3}};
  check_torch(error, "error_to_signal", "y", torch()["target"], ragged);
  check_torch(Ctc(), "ctc_plain", "ctc_y", labels(), four);
  check_torch(Ctc(), "ctc_masked", "ctc_y", labels(), four, {1, 2, 0.5, 3});
  CHECK(Ctc().count(labels(), four, {1, 2, 0.5, 3}) == 6.5);
  const Matrix<double> signal = torch()["target"];
  const Index rows = signal.rows(), size = ragged.size;
  double energy = 9 * static_cast<double>(rows) * 1e-3;  // nine columns are within the sequences
  for (Index j = 0; j < signal.cols(); ++j)
    if (ragged.active(j, signal.cols()))
      for (Index i = 0; i < rows; ++i)
        energy += std::pow(signal(i, j) - (j < size ? 0 : 0.75 * signal(i, j - size)), 2);
  CHECK(error.count(signal, ragged) == Approx(energy).epsilon(1e-12));
}

TEST_CASE("CTC with another blank is CTC of the rows in another order", "[losses]") {
  const Matrix<double>& y = torch()["ctc_y"];
  Matrix<double> turned(y.rows(), y.cols()), target = labels(), d_y;
  turned << y.bottomRows(4), y.topRows(1);
  target = (target.array() < 0).select(target, target.array() - 1);
  CHECK(Ctc({.blank = 4})(turned, target, d_y, four) == Approx(torch()["ctc_plain"](0)).epsilon(1e-12));
  CHECK((d_y.bottomRows(1) - torch()["d_ctc_plain"].topRows(1)).cwiseAbs().maxCoeff() <= 1e-12);
}

TEST_CASE("an episode's first step has no filter behind it", "[losses]") {
  const Matrix<double> y = torch()["y"].leftCols(4), target = torch()["target"].leftCols(4);
  Matrix<double> whole, one, other;
  const ErrorToSignal error{{.dc = 0}};
  error(y, target, whole, {.resets = {false, false, true, false}});
  error(y.leftCols(2), target.leftCols(2), one);
  error(y.rightCols(2), target.rightCols(2), other);
  CHECK((whole.leftCols(2) / whole(0, 0) - one / one(0, 0)).cwiseAbs().maxCoeff() <= 1e-12);
  CHECK((whole.rightCols(2) / whole(0, 2) - other / other(0, 0)).cwiseAbs().maxCoeff() <= 1e-12);
}

TEST_CASE("the first step of a window that goes on has no part in the filtered error, unless an episode starts there",
          "[losses]") {
  const Matrix<double> y = torch()["y"].leftCols(4), target = torch()["target"].leftCols(4);
  const Matrix<double> error = target - y;
  const auto energy = [](const Matrix<double>& of) {
    return (of.rightCols(3) - 0.75 * of.leftCols(3)).squaredNorm() / static_cast<double>(of.size());
  };
  const ErrorToSignal loss{{.pre_emphasis = 0.75, .dc = 0, .epsilon = 1e-3}};
  Matrix<double> d_y, other;
  CHECK(loss(y, target, d_y, {.continues = true}) == Approx(energy(error) / (energy(target) + 1e-3)).epsilon(1e-12));
  Matrix<double> up = y, down = y;
  up(1, 0) += 1e-6;
  down(1, 0) -= 1e-6;
  const double slope = loss(up, target, other, {.continues = true}) - loss(down, target, other, {.continues = true});
  CHECK(d_y(1, 0) == Approx(slope / 2e-6).epsilon(1e-6));

  const double whole = loss(y, target, d_y);
  CHECK(loss(y, target, other, {.resets = {true, false, false, false}, .continues = true}) == whole);
  CHECK(other == d_y);
  const ErrorToSignal plain{{.pre_emphasis = 0}};
  CHECK(plain(y, target, other, {.continues = true}) == plain(y, target, d_y));
}

TEST_CASE("a sample without steps has no part in the error to signal", "[losses]") {
  const ErrorToSignal loss;
  const Matrix<double> y = torch()["y"].leftCols(4), target = torch()["target"].leftCols(4);
  Matrix<double> wide = Matrix<double>::Zero(y.rows(), 8), wide_target = wide, d_y, d_wide;
  for (Index t = 0; t < 4; ++t) wide.col(2 * t) = y.col(t), wide_target.col(2 * t) = target.col(t);
  CHECK(loss(wide, wide_target, d_wide, {.size = 2, .lengths = {4, 0}}) == loss(y, target, d_y));
  for (Index t = 0; t < 4; ++t) CHECK(d_wide.col(2 * t) == d_y.col(t));
  CHECK(loss(y, target, d_y, {.size = 4, .lengths = {0, 0, 0, 0}}) == 0);
}

TEST_CASE("the mean of errors to signals is the ratio of the sums, also where some are silent", "[losses]") {
  const Matrix<double> y = torch()["y"].leftCols(4), target = torch()["target"].leftCols(4);
  const Matrix<double> hum = Matrix<double>::Constant(y.rows(), 2, 0.01), silence = Matrix<double>::Zero(y.rows(), 2);
  Matrix<double> d_y;
  const ErrorToSignal loss{{.dc = 0, .epsilon = 1e-9}};
  double sum = 0, count = 0;
  const auto add = [&](const Matrix<double>& part, const Matrix<double>& signal, const Batch& batch) {
    sum += loss(part, signal, d_y, batch) * loss.count(signal, batch);
    count += loss.count(signal, batch);
  };
  add(y, target, {});
  add(hum, silence, {});
  Matrix<double> all(y.rows(), 6), signals(y.rows(), 6);
  all << y, hum;
  signals << target, silence;
  CHECK(sum / count == Approx(loss(all, signals, d_y, {.resets = {false, false, false, false, true, false}})));
  CHECK(loss.count(target, {.continues = true}) < loss.count(target));
  CHECK(loss(y, target, d_y, {.size = 4, .lengths = {0, 0, 0, 0}}) == 0);
  CHECK(d_y.isZero(0));
}

TEST_CASE("d_y may be y or the target itself", "[losses]") {
  const Matrix<double> target = torch()["soft"];
  Matrix<double> y = torch()["y"], expected, also = target;
  const double loss = kl_divergence(y, target, expected);
  CHECK(kl_divergence(y, also, also) == loss);
  CHECK(also == expected);
  CHECK(kl_divergence(y, target, y) == loss);
  CHECK(y == expected);
}

TEST_CASE("y and the target may be arrays and expressions of them", "[losses]") {
  const Matrix<double>&y = torch()["y"], target = 0.5 * y;
  const Matrix<double> doubled = 2 * y;
  const FunctionLoss own([](const auto& of, const auto& wanted, auto& d) -> double {
    d = of - wanted;
    return (of - wanted).squaredNorm() / 2;
  });
  const auto check = [](const auto& loss, const Matrix<double>& given, const Matrix<double>& wanted,
                        const Batch& batch) {
    Matrix<double> expected, d_y;
    const double value = loss(given, wanted, expected, batch);
    CHECK(loss(given.array(), wanted.array(), d_y, batch) == value);
    CHECK(d_y == expected);
    const Matrix<double> half = given / 2;
    CHECK(loss(half.array() * 2, wanted, d_y, batch) == value);
    CHECK(d_y == expected);
    const Eigen::ArrayXXd array = given.array();
    CHECK(loss(array, wanted, d_y, batch) == value);
    CHECK(loss.count(wanted.array(), batch) == loss.count(wanted, batch));
  };
  check(mean_squared_error, y, target, ragged);
  check(own, y, target, ragged);
  check(ErrorToSignal(), y, target, ragged);
  check(Ctc(), torch()["ctc_y"], labels(), four);
}

TEST_CASE("losses refuse options and targets that make no sense", "[losses]") {
  const Matrix<double> y = Matrix<double>::Zero(3, 4), classes = Matrix<double>::Zero(1, 4);
  Matrix<double> d_y;
  refuse([] { SoftmaxCrossEntropy{{.label_smoothing = 1.5}}; },
         "softmax_cross_entropy: label_smoothing is " + detail::text(1.5) + ", expected 0 to 1");
  refuse([] { SoftmaxCrossEntropy{{.class_weights = {1, -1}}}; },
         "softmax_cross_entropy: a class weight is " + detail::text(-1.0) + ", expected a number of at least 0");
  refuse([&] { SoftmaxCrossEntropy{{.class_weights = {1, 2}}}(y, classes, d_y); },
         "softmax_cross_entropy: y has 3 rows, there are 2 class weights");
  for (const double target : {-1.0, 2.0, std::nan("")})
    refuse([&] { SoftmaxCrossEntropy{{.class_weights = {1, 2}}}.count(Matrix<double>::Constant(1, 4, target)); },
           "softmax_cross_entropy: a target is " + detail::text(target) + ", there are 2 class weights");
  refuse([] { Quantile{{0.5, 1}}; }, "quantile: a level is " + detail::text(1.0) + ", expected between 0 and 1");
  refuse([&] { Quantile{{0.1, 0.9}}(y, classes, d_y); }, "quantile: y has 3 rows, expected a multiple of the 2 levels");
  refuse([&] { kl_divergence(y, y, d_y); },
         "kl_divergence: the target of sample 0 at step 0 is no distribution: its probabilities do not sum to 1");
  refuse([&] { cosine_distance(y, y, d_y, {}, std::vector<double>(12, 1.0)); },
         "cosine_distance: 12 weights, expected one for each of 4 columns or of 4 steps");
  refuse([] { ErrorToSignal{{.pre_emphasis = 1}}; },
         "error_to_signal: pre_emphasis is " + detail::text(1.0) + ", expected at least 0 and less than 1");
  refuse([&] { ErrorToSignal()(y, y, d_y, {}, {1, 1, 1, 1}); }, "error_to_signal: 4 weights, expected none");
  refuse([&] { ErrorToSignal()(y, classes, d_y); }, "error_to_signal: target is 1 x 4, expected 3 x 4 as y");
  refuse([&] { ErrorToSignal()(y, y.leftCols(3), d_y); }, "error_to_signal: target is 3 x 3, expected 3 x 4 as y");
  const auto ctc = [&](double first, double second, double third, const Batch& batch = {}) {
    Matrix<double> target(3, 1);
    target << first, second, third;
    return [=, &d_y, &y] { Ctc()(y, target, d_y, batch); };
  };
  CHECK_NOTHROW(ctc(1, 2, 1)());
  refuse(ctc(1, 1, 1), "ctc: sample 0 has 4 steps, its labels need 5");
  refuse(ctc(1, 0, 1), "ctc: label 1 of sample 0 is " + detail::text(0.0) +
                           ", expected a whole number from 0 to 2 that is not the blank, and -1 behind the last one");
  refuse(ctc(1, -1, 1), "ctc: label 2 of sample 0 is " + detail::text(1.0) +
                            ", expected a whole number from 0 to 2 that is not the blank, and -1 behind the last one");
  refuse([&] { Ctc({.blank = 3})(y, y, d_y); }, "ctc: blank is 3, y has 3 rows");
  const float number = 0;
  Matrix<float> d_number;
  refuse([&] { Ctc()(Output<float>(&number, 1 << 24, 1), d_number, d_number); },
         "ctc: y has 16777216 rows, expected fewer than 16777216: labels would not be exact");
  refuse(ctc(1, 2, 1, {.size = 2}), "ctc: target has 1 columns for a batch of 2");
  CHECK(d_y.size() == 12);  // as the one that was taken left it
}
