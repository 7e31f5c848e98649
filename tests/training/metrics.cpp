// Against scikit-learn: data/metrics.txt, made by reference/metric_vectors.py.
#include "unroll/training/metrics.hpp"

#include "catch.hpp"
#include "reference/read_vectors.hpp"
#include "unroll/testing/gradient_check.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

const Vectors& sklearn() {
  static const Vectors vectors(UNROLL_TEST_DATA "/metrics.txt");
  return vectors;
}

/// In two batches, the second ragged: what lies past its end, and columns of weight 0, must not count.
double measured(const Metric& metric, const Eigen::MatrixXd& y, const Eigen::MatrixXd& target,
                const std::vector<double>& weights) {
  Measures measures({metric});
  const auto part = [&](Index first, Index count) {
    if (weights.empty()) return weights;
    return std::vector<double>(weights.begin() + first, weights.begin() + first + count);
  };
  measures.add(y.leftCols(30), target.leftCols(30), {.size = 3}, part(0, 30));
  Eigen::MatrixXd more = y.rightCols(10), more_target = target.rightCols(10);
  more.conservativeResize(y.rows(), 12);
  more_target.conservativeResize(target.rows(), 12);
  more.rightCols(2).setConstant(std::numeric_limits<double>::quiet_NaN());
  more_target.rightCols(2).setConstant(-7);
  std::vector<double> more_weights = part(30, 10);
  if (!weights.empty()) more_weights.resize(12, 3);
  Batch batch{.size = 6};
  batch.lengths = {2, 2, 2, 2, 1, 1};
  measures.add(more, more_target, batch, more_weights);
  return measures.values().at(metric.name);
}

void check(const Metric& metric, const char* y, const Matrix<double>& target) {
  const auto& columns = sklearn()["weights"];
  const std::vector<double> weights(columns.data(), columns.data() + columns.size());
  CAPTURE(metric.name);
  CHECK(measured(metric, sklearn()[y], target, {}) == Approx(sklearn()[metric.name](0)).epsilon(1e-12));
  CHECK(measured(metric, sklearn()[y], target, weights) ==
        Approx(sklearn()[metric.name + "_weighted"](0)).epsilon(1e-12));
}

}  // namespace

TEST_CASE("metrics are scikit-learn's, batch by batch, with weights and past a sequence's end", "[metrics]") {
  for (const Metric& metric : {accuracy(), precision(), recall(), f1(), perplexity()})
    check(metric, "logits", sklearn()["classes"]);
  for (const Metric& metric : {mae(), rmse(), mase(sklearn()["series"], 3), r2()})
    check(metric, "y", sklearn()["target"]);
  check(binary_accuracy(), "y", sklearn()["target"].cwiseMax(0).cwiseMin(1));
}

TEST_CASE("the confusion matrix has a row a class and a column a guess", "[metrics]") {
  Measures measures({mae(), confusion_matrix()});
  CHECK(std::isnan(measures.values().at("mae")));
  CHECK_THROWS_AS(measures.add(sklearn()["logits"], sklearn()["classes"]), std::invalid_argument);
  measures = Measures({confusion_matrix()});
  measures.add(sklearn()["logits"], sklearn()["classes"]);
  CHECK(measures.sums(0) == sklearn()["confusion"]);
  CHECK(measures.values().at("confusion_matrix") == Approx(sklearn()["accuracy"](0)));
}

TEST_CASE("precision, recall and f1 of one class are those of its row and column", "[metrics]") {
  const Matrix<double>& confusion = sklearn()["confusion"];
  for (Index k = 0; k < confusion.rows(); ++k) {
    Measures measures({precision(k), recall(k), f1(k)});
    measures.add(sklearn()["logits"], sklearn()["classes"]);
    const auto found = measures.values();
    const double hits = confusion(k, k), predicted = confusion.col(k).sum(), actual = confusion.row(k).sum();
    const auto of = [&](const char* name) { return found.at(detail::text(name, "_", k)); };
    if (predicted + actual == 0) {
      CHECK(std::isnan(of("precision") + of("recall") + of("f1")));
      continue;
    }
    CHECK(of("precision") == Approx(hits / predicted));
    CHECK(of("recall") == Approx(hits / actual));
    CHECK(of("f1") == Approx(2 * hits / (predicted + actual)));
  }
  for (const Index k : {Index(-1), confusion.rows()})
    CHECK_THROWS_WITH(Measures({f1(k)}).add(sklearn()["logits"], sklearn()["classes"]),
                      contains_text("there is no such class, y has " + std::to_string(confusion.rows()) + " rows"));
  Measures absent({recall(2)});
  absent.add(Matrix<double>{{2}, {1}, {0}}, Matrix<double>{{0}});
  CHECK(std::isnan(absent.values().at("recall_2")));
}

TEST_CASE("R2 of numbers far from 0 loses no digits, and one of a row that never changes is 1 or 0", "[metrics]") {
  Measures measures({r2()});
  const Eigen::RowVectorXd target = Eigen::RowVectorXd::LinSpaced(5, -2, 2).array() + 1e9;
  measures.add(target.array() + 1, target);
  CHECK(measures.values().at("r2") == Approx(0.5));
  for (const double off : {0., 1.}) {
    measures = Measures({r2()});
    measures.add(Eigen::RowVectorXd::Constant(4, off), Eigen::RowVectorXd::Zero(4));
    CHECK(measures.values().at("r2") == 1 - off);
  }
}

TEST_CASE("a number that is not known counts in no metric, whatever it holds", "[metrics]") {
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  Matrix<double> y(3, 3), target(3, 3);
  y << 0.5, 1, 2, 3, -1, 7, 5, 5, 5;
  target << 1, 0, 1, 2, unknown, 1, unknown, unknown, unknown;
  // Column by column; the known numbers' errors are 0.5, 1, 1 and 1, 6.
  const std::vector<double> weights{1, 1, 0, 2, 0, 0, 1, 1, 0};
  Measures measures({mae(), rmse(), mase(Matrix<double>{{0, 2, 0, 2}}), r2()}), sides({binary_accuracy()});
  measures.add(y, target, {}, weights);
  const auto found = measures.values();
  CHECK(found.at("mae") == Approx((0.5 + 2 * 1 + 1 + 1 + 6) / 6));
  CHECK(found.at("mase") == Approx(found.at("mae") / 2));
  CHECK(found.at("rmse") == Approx(std::sqrt((0.25 + 2 * 1 + 1 + 1 + 36) / 6)));
  // Of the first row the mean is 0.5 and the squares around it 1; of the second 1.5 and 0.5; the third is not known.
  CHECK(found.at("r2") == Approx((1 - 3.25 / 1 + 1 - 37 / 0.5) / 2));
  target(1, 0) = 1;
  sides.add(y, target, {}, weights);
  CHECK(sides.values().at("binary_accuracy") == Approx(4. / 6));
}

TEST_CASE("a metric that takes one weight a column is refused where each number has one", "[metrics]") {
  const Metric sum{"sum", false,
                   [](const Metric::Column&, const Metric::Column&, double weight, Matrix<double>& sums) {
                     if (sums.size() == 0) sums.setZero(1, 1);
                     sums(0) += weight;
                   },
                   [](const Matrix<double>& sums) { return sums(0); }};
  Measures measures({sum});
  const Matrix<double> y = Matrix<double>::Zero(2, 2);
  measures.add(y, y, {}, {3, 4});
  CHECK(measures.values().at("sum") == 7);
  CHECK_THROWS_WITH(measures.add(y, y, {}, {1, 0, 1, 1}),
                    Catch::Contains("a metric takes one weight for a column where the data have one for each number"));
}

TEST_CASE("of an output or a target that is no number a metric is none", "[metrics]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto check = [](const Measures& measures) {
    for (const auto& [name, value] : measures.values()) {
      CAPTURE(name);
      CHECK(std::isnan(value));
    }
  };
  for (const Index row : {0, 1}) {
    Matrix<double> y(2, 3), classes(1, 3), target(2, 3);
    y << 3, 1, 2, 1, 4, 0;
    y(row, 0) = nan;
    classes << 1, 1, 0;
    target << 0, 1, 0, 1, 0, 1;
    const Metric of_series = mase(Matrix<double>{{0, 2}});
    Measures of_classes({accuracy(), precision(), recall(), f1(), perplexity(), confusion_matrix()});
    of_classes.add(y, classes);
    check(of_classes);
    Measures of_numbers({binary_accuracy(), mae(), rmse(), of_series, r2()});
    of_numbers.add(y, target);
    check(of_numbers);
    of_numbers = Measures({binary_accuracy(), mae(), rmse(), of_series, r2()});
    of_numbers.add(target, y / 4);
    check(of_numbers);
  }
}

TEST_CASE("where an output is no number, nothing hides it", "[metrics]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Measures constant({r2()});
  constant.add(Matrix<double>{{nan, 1}}, Matrix<double>{{1, 1}});
  CHECK(std::isnan(constant.values().at("r2")));
  for (const Index row : {0, 1}) {
    Matrix<double> y{{2, 0, 1}, {2, 1, 0}};
    y(row, 0) = nan;
    Measures of_class({precision(0), precision(1), recall(0), recall(1), f1(0), f1(1)});
    of_class.add(y, Matrix<double>{{0, 1, 0}});
    for (const auto& [name, value] : of_class.values()) {
      CAPTURE(name);
      if (name == "recall_1")
        CHECK(value == 1);  // no column of class 1 has it
      else
        CHECK(std::isnan(value));
    }
  }
}

TEST_CASE("binary accuracy takes a probability for the likelier side, as binary cross-entropy takes it", "[metrics]") {
  Measures measures({binary_accuracy()});
  measures.add(Matrix<double>{{1, 1, -1, -1, 1}}, Matrix<double>{{1, 0.7, 0.3, 0.5, 0}});
  CHECK(measures.values().at("binary_accuracy") == Approx(4. / 5));
  for (const double target : {-1., 1.5, 2., std::numeric_limits<double>::infinity()})
    CHECK_THROWS_MATCHES(measures.add(Matrix<double>{{1}}, Matrix<double>{{target}}), std::invalid_argument,
                         Message(detail::text("binary_accuracy: a target is ", target, ", expected 0 to 1")));
}

TEST_CASE("mase is the mean over the series of each one's own", "[metrics]") {
  // Series of scale 1 and 1000, two steps ahead: errors of 1 and 0, in the order of ForecastWindows.
  const Matrix<double> training{{0, 1, 0, 1}, {0, 1000, 0, 1000}};
  Measures measures({mase(training), esr()});
  measures.add(Matrix<double>{{1}, {5}, {3}, {7}}, Matrix<double>{{0}, {5}, {2}, {7}});
  CHECK(measures.values().at("mase") == 0.5);
  measures.add(Matrix<double>{{1}, {5}, {3}, {7}}, Matrix<double>{{1}, {1005}, {3}, {1007}});
  CHECK(measures.values().at("mase") == 0.5);
  CHECK(measures.values().at("esr") == Approx((2 + 2e6) / (0 + 25 + 4 + 49 + 1 + 1005 * 1005 + 9 + 1007 * 1007)));
  CHECK_THROWS_MATCHES(Measures({mase(training)}).add(Matrix<double>{{1}, {2}, {3}}, Matrix<double>{{1}, {2}, {3}}),
                       std::invalid_argument,
                       Message("mase: target has 3 rows, expected a multiple of the 2 of the training series"));
}

TEST_CASE("esr is one ratio of all the data, however they are cut", "[metrics]") {
  Random random(5);
  const Matrix<double> y = testing::random_matrix(2, 12, random), target = testing::random_matrix(2, 12, random);
  const double whole = (y - target).squaredNorm() / target.squaredNorm();
  for (const Index columns : {1, 3, 12}) {
    Measures measures({esr()});
    for (Index j = 0; j < 12; j += columns) measures.add(y.middleCols(j, columns), target.middleCols(j, columns));
    CHECK(measures.values().at("esr") == Approx(whole).epsilon(1e-13));
  }
}

TEST_CASE("a metric that keeps sums for each row refuses outputs of another head", "[metrics]") {
  const Eigen::MatrixXd small = Eigen::MatrixXd::Ones(2, 3), large = Eigen::MatrixXd::Ones(3, 3);
  const auto refuse = [&](const Metric& metric, const Eigen::MatrixXd& first, const Eigen::MatrixXd& second,
                          const std::string& why) {
    const bool classes = metric.name != "r2";
    Measures measures({metric});
    measures.add(first, classes ? Eigen::MatrixXd::Ones(1, 3) : first);
    CHECK_THROWS_MATCHES(measures.add(second, classes ? Eigen::MatrixXd::Ones(1, 3) : second), std::invalid_argument,
                         Message(why));
  };
  refuse(r2(), small, large, "r2: y has 3 rows, expected 2 as in the columns before");
  refuse(r2(), large, small, "r2: y has 2 rows, expected 3 as in the columns before");
  refuse(f1(), small, large, "f1: y has 3 rows, expected 2 as in the columns before");
  refuse(confusion_matrix(), large, small, "recall: y has 2 rows, expected 3 as in the columns before");
}

TEST_CASE("what no metric can be made of is refused", "[metrics]") {
  const auto refuse = [](auto make, const std::string& why) {
    CHECK_THROWS_MATCHES(make(), std::invalid_argument, Message(why));
  };
  const Eigen::MatrixXd y = Eigen::MatrixXd::Zero(2, 3);
  const auto add = [&](Metric metric, Index rows, Index cols, double value) {
    return [=, &y] { Measures({metric}).add(y, Eigen::MatrixXd::Constant(rows, cols, value)); };
  };
  refuse(add(mae(), 2, 2, 0), "a metric: target has 2 columns, expected 3 as y");
  refuse(add(rmse(), 1, 3, 0), "rmse: target has 1 rows, expected 2 as y");
  for (const double value : {-1., 0.5, 2., std::numeric_limits<double>::quiet_NaN()})
    refuse(
        add(accuracy(), 1, 3, value),
        "accuracy: the target is no class, expected a row with a whole number from 0 to one less than the rows of y");
  CHECK_NOTHROW(mase(Matrix<double>{{0, 2, 5}}, 2));
  refuse([&] { mase(y, 3); }, "mase: the training series has 3 steps, expected more than a season of 3");
  refuse([] { mase(Matrix<double>(0, 10)); }, "mase: the training series has no rows");
  refuse([&] { mase(y, 0); }, "mase: season is 0, expected at least 1");
  refuse([&] { mase(y.leftCols(1)); }, "mase: the training series has 1 steps, expected more than a season of 1");
  // A sum of a tenth, which is 0.3 but for rounding.
  refuse([] { mase(Matrix<double>{{0, 1}, {0.3, 0.1 + 0.2}}); },
         detail::text("mase: the naive forecast's largest error is ", 0.1 + 0.2 - 0.3, ", expected more than ",
                      4 * std::numeric_limits<double>::epsilon() * (0.1 + 0.2), ", which rounding may give"));
  refuse([] { mase(Matrix<float>{{0.1f, 1 - 0.9f}}); },
         detail::text("mase: the naive forecast's largest error is ",
                      static_cast<double>(1 - 0.9f) - static_cast<double>(0.1f), ", expected more than ",
                      4 * static_cast<double>(std::numeric_limits<float>::epsilon()) * static_cast<double>(1 - 0.9f),
                      ", which rounding may give"));
  refuse([&] { mase(y); }, "mase: the naive forecast's largest error is 0, expected more than 0");
  refuse([&] { mase(Matrix<double>{{0, std::numeric_limits<double>::infinity()}}); },
         "mase: the naive forecast's error is inf, expected a finite number");
  refuse([] { Measures({mae(), mae()}); }, "two metrics are called 'mae'");
  Metric named = mae();
  named.name = "a,b";
  refuse([&] { Measures({named}); },
         "a metric is called 'a,b', expected a name without commas, quotes and line breaks");
}
