#include "unroll/layers/embedding.hpp"

#include "layers/layer_contract.hpp"

using namespace unroll;

namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

/// Tokens as x holds them, 1 x (T*B).
Matrix<double> tokens(std::initializer_list<double> numbers) {
  return Eigen::Map<const Matrix<double>>(numbers.begin(), 1, static_cast<Index>(numbers.size()));
}

/// Five tokens of size 3.
Embedding<double> five() {
  Random random(1);
  return Embedding<double>(5, 3, random);
}

}  // namespace

TEST_CASE("each token becomes its column", "[embedding]") {
  const auto layer = counted(Embedding<double>::zeros(5, 3));
  CHECK(layer.input_size() == 1);
  CHECK(layer.output_size() == 3);
  CHECK(layer.tokens() == 5);
  CHECK(tensor_names(layer) == std::vector<std::string>{"weight"});
  Embedding<double>::Tape tape;
  const auto y = layer.forward(tokens({4, 0, -0.0, 2}), tape, {.size = 2});
  Matrix<double> expected(3, 4);
  expected << 13, 1, 1, 7, 14, 2, 2, 8, 15, 3, 3, 9;
  CHECK(y == expected);
  CHECK(layer.forward(Matrix<double>(1, 0), tape, {.size = 3}).cols() == 0);
}

TEST_CASE("a column's gradient is the sum over its token's places, dL/dx is zero", "[embedding]") {
  const auto layer = five();
  const Matrix<double> x = tokens({4, 1, 4, 4, 0, 1});
  const Passes passes(layer, x, {.size = 3});
  Matrix<double> expected = Matrix<double>::Zero(3, 5);
  for (Index j = 0; j < x.cols(); ++j) expected.col(static_cast<Index>(x(0, j))) += passes.d_y.col(j);
  CHECK(passes.gradient.weight == expected);
  CHECK(passes.d_x == Matrix<double>::Zero(1, 6));
}

TEST_CASE("gradients are those of central differences", "[embedding]") {
  const auto check = [](const Matrix<double>& x, const Batch& batch) {
    const auto report = testing::check_gradient(five(), x, batch, {.input = false});
    CAPTURE(report.where);
    CHECK(report.worst <= 1e-7);
    CHECK(report.compared == 15);
  };
  check(tokens({4, 1, 4, 4, 0, 1}), {.size = 3});
  check(tokens({4, 1, 4, no_number, 0, no_number}), {.size = 2, .lengths = {3, 1}});
  check(tokens({2}), {});
  check(Matrix<double>(1, 0), {.size = 3});
}

TEST_CASE("an embedding keeps to what every layer does", "[embedding]") {
  const auto layer = five();
  const Matrix<double> x = tokens({4, 1, 4, 4, 0, 1});
  const Speakers speakers{"Embedding", "Embedding", "Embedding"};
  check_backward(layer, x, {.size = 3}, speakers);
  check_shapes(layer, x, {.size = 3}, speakers);
  check_values(layer, x, {.size = 3}, Embedding<double>::zeros(2, 1));
  check_ragged(layer, x, {3, 1});
  check_ragged(layer, x, {0, 2, 1});
  check_stream(layer, x);
  check_batches(layer, x, "Embedding::forward");
  auto counts = Embedding<double>::zeros(5, 1);
  counts.weight << 4, 2, 3, 1, 0;
  check_reuse(counts, x);
  check_foreign_tape(layer, Embedding<double>::zeros(500, layer.output_size()),
                     "Embedding::backward: the tape is of a weight of 3 x 500, this layer's is 3 x 5");
}

TEST_CASE("a stream takes the number of a token, a whole number of any type", "[embedding]") {
  const auto layer = five();
  Stream stream(layer);
  for (const Index token : {4, 0, 1}) CHECK(stream.step(token) == layer.weight.col(token));
  CHECK(stream.step(std::uint64_t(2)) == layer.weight.col(2));
  CHECK(stream.step(std::int8_t(3)) == layer.weight.col(3));
  for (const std::int64_t none : {std::int64_t(-1), std::int64_t(5), std::int64_t(1) << 62})
    CHECK(stream.step(none).array().isNaN().all());
}

TEST_CASE("fresh columns are standard normal", "[embedding]") {
  Random random(2), same(2);
  const Embedding<float> layer(100, 50, random);
  const auto values = layer.weight.cast<double>().array();
  CHECK(std::abs(values.mean()) <= 5 / std::sqrt(5000));
  CHECK(values.square().mean() == Approx(1).margin(5 * std::sqrt(2 / 5000.0)));
  CHECK(layer.weight(0, 0) == static_cast<float>(same.normal()));
  CHECK(layer.weight(1, 0) == static_cast<float>(same.normal()));
}

TEST_CASE("what is no token is refused, and nothing is changed", "[embedding]") {
  const auto layer = five();
  const Matrix<double> x = tokens({4, 1});
  const Passes expected(layer, x, {});
  Embedding<double>::Tape tape;
  layer.forward(x, tape);
  const auto refuse = [&](const Matrix<double>& wrong, const Batch& batch, const std::string& why) {
    CHECK_THROWS_MATCHES(layer.forward(wrong, tape, batch), std::invalid_argument,
                         Message("Embedding::forward: " + why));
  };
  const std::string range = ", expected a whole number from 0 to 4";
  refuse(tokens({0, 5}), {}, "x holds 5 in column 1" + range);
  refuse(tokens({-1, 2}), {}, "x holds -1 in column 0" + range);
  refuse(tokens({0, 1, 2.5}), {}, "x holds 2.5 in column 2" + range);
  refuse(tokens({no_number}), {}, "x holds nan in column 0" + range);
  refuse(tokens({std::numeric_limits<double>::infinity()}), {}, "x holds inf in column 0" + range);
  refuse(tokens({1e300}), {}, "x holds 1e+300 in column 0" + range);
  refuse(tokens({0, 9, 1, 9, 2, 9}), {.size = 2, .lengths = {3, 2}}, "x holds 9 in column 1" + range);
  refuse(drawn(2, 2), {}, "x has 2 rows, expected 1");

  auto gradient = zeros_like(layer);
  auto narrow = Embedding<double>::zeros(4, 3);
  CHECK_THROWS_MATCHES(layer.backward(x, expected.d_y, tape, narrow), std::invalid_argument,
                       Message("Embedding::backward: the gradient's weight is 3 x 4, the model's is 3 x 5"));
  CHECK(flat(gradient) == flat(zeros_like(layer)));
  layer.backward(x, expected.d_y, tape, gradient);
  CHECK(flat(gradient) == flat(expected.gradient));
}

TEST_CASE("a backward pass goes by the tokens that the forward pass saw", "[embedding]") {
  const auto layer = five();
  const Passes expected(layer, tokens({4, 1}), {});
  Embedding<double>::Tape tape;
  layer.forward(tokens({4, 1}), tape);
  auto gradient = zeros_like(layer);
  layer.backward(tokens({4, 7}), expected.d_y, tape, gradient);
  CHECK(flat(gradient) == flat(expected.gradient));
}

TEST_CASE("there are no more tokens than numbers that tell them apart", "[embedding]") {
  const Index many = Index(1) << 24;
  CHECK_THROWS_MATCHES(
      Embedding<float>::zeros(many, 1), std::invalid_argument,
      Message("Embedding: 16777216 tokens, expected fewer than 16777216: their numbers would not be exact"));
  CHECK_THROWS_AS(Embedding<double>::zeros(many << 29, 1), std::invalid_argument);
  const auto most = Embedding<float>::zeros(many - 1, 1);
  Embedding<float>::Tape tape;
  CHECK_NOTHROW(most.forward(Matrix<float>::Constant(1, 1, 16777214), tape));
  CHECK_THROWS_AS(most.forward(Matrix<float>::Constant(1, 1, 16777215), tape), std::invalid_argument);
}

TEST_CASE("an embedding needs a token and a size", "[embedding]") {
  for (const auto& [rows, cols] : {std::pair(0, 3), {3, 0}, {-1, -1}})
    CHECK_THROWS_MATCHES(Embedding<>::zeros(rows, cols), std::invalid_argument,
                         Message("Embedding: " + std::to_string(rows) + " tokens of size " + std::to_string(cols) +
                                 ", expected at least 1 of each"));
}

TEST_CASE("a token that comes a million times has the gradient of double", "[embedding]") {
  const auto layer = Embedding<float>::zeros(2, 3);
  auto gradient = layer;
  Embedding<float>::Tape tape;
  const Matrix<float> x = Matrix<float>::Ones(1, 1'000'000);
  layer.forward(x, tape);
  layer.backward(x, Matrix<float>::Constant(3, x.cols(), 0.1f), tape, gradient);
  CHECK(gradient.weight.col(0).isZero(0));
  CHECK(static_cast<double>(gradient.weight(2, 1)) == Approx(1e6 * static_cast<double>(0.1f)).epsilon(1e-7));
}
