#include "unroll/layers/dense.hpp"

#include "layers/layer_contract.hpp"
#include "unroll/layers/predictor.hpp"
#include "unroll/layers/stream.hpp"

using namespace unroll;

namespace {

const Speakers speakers{"Dense", "Dense", "Dense"};

/// The layer against its formulas, written with Eigen's products; x and d_y are blocks of larger matrices.
template <class Scalar>
void check_formulas(Index inputs, Index outputs, Index columns, double tolerance) {
  CAPTURE(inputs, outputs, columns);
  Random random(3);
  Dense<Scalar> layer(inputs, outputs, random), gradient = zeros_like(layer);
  layer.bias = drawn(outputs, 1, 4).cast<Scalar>();
  const Matrix<Scalar> wide_x = drawn(inputs + 2, columns + 1, 5).cast<Scalar>();
  const Matrix<Scalar> wide_d_y = drawn(outputs + 3, columns + 1, 6).cast<Scalar>();
  const auto x = wide_x.block(1, 1, inputs, columns);
  const auto d_y = wide_d_y.block(2, 0, outputs, columns);

  typename Dense<Scalar>::Tape tape;
  const auto y = layer.forward(x, tape);
  CHECK(close(y, (layer.weight * x).colwise() + layer.bias, tolerance));
  CHECK(tape.output() == y);
  const auto d_x = layer.backward(x, d_y, tape, gradient);
  CHECK(close(d_x, layer.weight.transpose() * d_y, tolerance));
  CHECK(close(gradient.weight, d_y * x.transpose(), tolerance));
  CHECK(close(gradient.bias, d_y.rowwise().sum(), tolerance));
}

}  // namespace

TEST_CASE("y = W x + b and its gradients, for any sizes", "[dense]") {
  for (const Index inputs : {1, 3, 17})
    for (const Index outputs : {1, 2, 7, 33})
      for (const Index columns : {0, 1, 5, 24}) {
        check_formulas<double>(inputs, outputs, columns, 1e-14);
        check_formulas<float>(inputs, outputs, columns, 2e-6);
      }
}

TEST_CASE("gradients are those of central differences", "[dense]") {
  Random random(1);
  const auto check = [&](Index inputs, Index outputs, Index steps, const Batch& batch) {
    CAPTURE(inputs, outputs, steps, batch.size);
    Dense<double> layer(inputs, outputs, random);
    layer.initialize(random, Initial::pytorch);
    const auto report = testing::check_gradient(layer, drawn(inputs, steps * batch.size), batch);
    CAPTURE(report.where);
    CHECK(report.worst <= 1e-7);
    CHECK(report.compared > 0);
  };
  check(3, 7, 5, {.size = 3});
  check(3, 7, 5, {.size = 3, .lengths = {5, 0, 2}});
  check(7, 1, 1, {.size = 1});
  check(1, 1, 0, {.size = 3});
}

TEST_CASE("a fixed layer is the layer with sizes at run time", "[dense]") {
  Random random(2), same(2);
  const Dense<double> dynamic(3, 7, random);
  const Dense<double, 3, 7> fixed(same);
  check_equal(fixed, dynamic, drawn(3, 6), {.size = 2});
}

TEST_CASE("a dense layer keeps to what every layer does", "[dense]") {
  Random random(1);
  const Dense<double> layer(3, 7, random);
  const Matrix<double> x = drawn(3, 6);
  check_backward(layer, x, {.size = 3}, speakers);
  check_shapes(layer, x, {.size = 3}, speakers);
  check_values(layer, x, {.size = 3}, Dense<double>(2, 1, random));
  check_ragged(layer, drawn(3, 12), {4, 0, 1});
  check_stream(layer, x);
  check_batches(layer, x, "Dense::forward");
  check_reuse(Dense<double>(33, 33, random), drawn(33, 5));
  check_foreign_tape(layer, Dense<double>(3, 2, random),
                     "Dense::backward: the tape is of a weight of 2 x 3, this layer's is 7 x 3");
  check_foreign_tape(layer, Dense<double>(30, 7, random),
                     "Dense::backward: the tape is of a weight of 7 x 30, this layer's is 7 x 3");
}

TEST_CASE("one output has the same bits alone, in a batch and streamed, in every storage", "[dense]") {
  Random random(5);
  for (const Index inputs : {1, 7, 16, 24, 100}) {
    const Dense<float> layer(inputs, 1, random);
    const Matrix<float> x = drawn(inputs, 6).cast<float>();
    const auto check = [&](auto storage, double tolerance) {
      const auto packed = pack(layer, storage);
      Predictor predict(packed);
      Stream stream(packed);
      const Matrix<float> y = predict(x, {.size = 3});
      CAPTURE(inputs, tolerance);
      CHECK(close(y, layer.weight * x, tolerance));
      for (Index j = 0; j < x.cols(); ++j) {
        CHECK(predict(x.col(j)) == y.col(j));
        CHECK(stream.step(x.col(j)) == y.col(j));
      }
    };
    Dense<float>::Tape tape;
    check(Full(), 1e-6);
    CHECK(Predictor(layer)(x) == layer.forward(x, tape));
    check(Bfloat16(), 0.02);
    check(Float16(), 0.002);
    check(Int8(), 0.03);
  }
}

TEST_CASE("a tape may be of a layer of one output, then of one of several", "[dense]") {
  Random random(4);
  const Dense<double> one(4, 1, random), several(3, 20, random);
  const Matrix<double> x = drawn(4, 5);
  Dense<double>::Tape tape, fresh;
  one.forward(x, tape);
  const Matrix<double> expected = several.forward(x.topRows(3), fresh);
  CHECK(several.forward(x.topRows(3), tape) == expected);
  const Matrix<double> expected_of_one = one.forward(x, fresh);
  CHECK(one.forward(x, tape) == expected_of_one);
}

TEST_CASE("a dense layer refuses wrong sizes and says what it expected", "[dense]") {
  const auto refuse = [](auto call, const std::string& why) {
    CHECK_THROWS_MATCHES(call(), std::invalid_argument, Message(why));
  };
  using Fixed = Dense<double, 3, 2>;
  refuse([] { Dense<>::zeros(0, 2); }, "Dense: input_size is 0, expected at least 1");
  refuse([] { Dense<>::zeros(3, -1); }, "Dense: output_size is -1, expected at least 1");
  refuse([] { Fixed::zeros(4, 2); }, "Dense: input_size is 4, expected 3");
  refuse([] { Fixed::zeros(3, 1); }, "Dense: output_size is 1, expected 2");

  auto layer = Fixed::zeros(3, 2), gradient = layer;
  Fixed::Tape tape;
  const Matrix<double> x = drawn(3, 6), d_y = drawn(2, 6);
  refuse([&] { layer.forward(drawn(4, 6), tape); }, "Dense::forward: x has 4 rows, expected input_size 3");

  layer.forward(x, tape);
  gradient.weight.resize(2, 4);
  refuse([&] { layer.backward(x, d_y, tape, gradient); },
         "Dense::backward: the gradient's weight is 2 x 4, the model's is 2 x 3");
  layer.weight = drawn(2, 4);
  const std::string shapes = "Dense: weight is 2 x 4 and bias has 2 rows, expected 2 x 3 and 2";
  refuse([&] { layer.forward(x, tape); }, shapes);
  refuse([&] { layer.stream(); }, shapes);
  layer = Fixed::zeros(3, 2);
  layer.bias.resize(3);
  refuse([&] { layer.forward(x, tape); }, "Dense: weight is 2 x 3 and bias has 3 rows, expected 2 x 3 and 2");
}

TEST_CASE("a million equal columns have the gradient of double", "[dense]") {
  auto layer = Dense<float>::zeros(1, 2), gradient = layer;
  Dense<float>::Tape tape;
  const Index columns = 1'000'000;
  layer.forward(Matrix<float>::Constant(1, columns, 0.3f), tape);
  layer.backward(Matrix<float>::Constant(1, columns, 0.3f), Matrix<float>::Constant(2, columns, 0.1f), tape, gradient);
  const double sum = static_cast<double>(columns) * static_cast<double>(0.1f);
  CHECK(static_cast<double>(gradient.bias[1]) == Approx(sum).epsilon(1e-6));
  CHECK(static_cast<double>(gradient.weight(1, 0)) == Approx(sum * static_cast<double>(0.3f)).epsilon(1e-5));
}
