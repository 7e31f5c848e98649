// The attention of examples/12_reversing, whose way back is written by hand.
#include "attention.hpp"

#include "catch.hpp"
#include "reverser.hpp"
#include "unroll/testing/gradient_check.hpp"

using namespace unroll;

TEST_CASE("the gradient of encoder, decoder and attention is that of the loss", "[attention]") {
  Random random(1);
  const Reverser<double> model(5, 6, random);
  Matrix<double> drawn(1, 7 * 3);
  for (double& letter : drawn.reshaped()) letter = std::floor(5 * random.uniform());
  const Strings<double> s = RandomStrings<double>{5, 7, 3, 1}.strings(drawn, 3);
  CHECK(s.before.rightCols(6 * 3) == s.backwards.leftCols(6 * 3));
  CHECK(s.backwards.col(6 * 3 + 1) == drawn.col(1));
  const auto report = testing::check_objective(model, s, TeacherForcing<double>());
  CAPTURE(report.where);
  CHECK(report.worst <= 1e-7);
  CHECK(report.compared > 300);
}

TEST_CASE("attention's keys and queries have the gradients of the loss, and its shares sum to 1", "[attention]") {
  Random random(2);
  const Index batch = 3, seen = 5, steps = 4;
  const AttentionHead<double> head(6, 2, random);
  AttentionHead<double> gradient = zeros_like(head);
  AttentionHead<double>::Tape tape, other;
  Matrix<double> keys = 2 * testing::random_matrix(6, seen * batch, random);
  Matrix<double> queries = 2 * testing::random_matrix(6, steps * batch, random);
  const Matrix<double> d_y = testing::random_matrix(2, steps * batch, random);
  head.forward(keys, queries, tape, {.size = batch});
  head.backward(keys, queries, d_y, tape, gradient);
  for (const Matrix<double>& shares : tape.shares) {
    CHECK(shares.rows() == seen);
    CHECK(shares.colwise().sum().isOnes(1e-14));
    CHECK(shares.maxCoeff() > 0.5);
  }

  testing::GradientReport report;
  const auto loss = [&] { return head.forward(keys, queries, other, {.size = batch}).cwiseProduct(d_y).sum(); };
  const auto compare = [&](const std::string& name, Matrix<double>& values, const Matrix<double>& d) {
    testing::compare_with_differences(name, values.data(), d.data(), values.size(), loss, {}, random, report);
  };
  compare("keys", keys, tape.d_keys);
  compare("queries", queries, tape.d_queries);
  CAPTURE(report.where);
  CHECK(report.worst <= 1e-7);
}
