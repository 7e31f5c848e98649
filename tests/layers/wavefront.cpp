// Stacks on threads, a layer on each: the bits of a predictor.

#include "unroll/layers/wavefront.hpp"

#include "engine/passes.hpp"
#include "layer_contract.hpp"
#include "unroll/layers/activation.hpp"
#include "unroll/layers/conv1d.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/embedding.hpp"
#include "unroll/layers/layer_norm_lstm.hpp"
#include "unroll/layers/predictor.hpp"
#include "unroll/layers/recurrent_layers.hpp"
#include "unroll/layers/residual.hpp"

using namespace unroll;
using engine_test::same_bits;

namespace {

std::shared_ptr<ThreadPool> pool_of(int threads) { return std::make_shared<ThreadPool>(threads); }

/// Stacks in a model of other layers, one of which any size fits.
auto deep_model() {
  Random random(1);
  return Sequential{Conv1d<double>(3, 8, 3, random), Stack<Lstm<double>>(4, 8, 7, random), Tanh<double>(),
                    Sequential{Residual(Gru<double>(7, 7, random)), LayerNormLstm<double>(7, 5, random)},
                    Dense<double>(5, 2, random)};
}

/// The wavefront's outputs and final states are the predictor's, from an initial state, for some numbers of steps.
template <class Model>
void check_same(const Model& model, const Matrix<typename Model::Scalar>& x, Index samples, int threads) {
  Predictor predict(model);
  Wavefront wavefront(model, pool_of(threads));
  for (const Index steps : {0, 1, 15, 16, 17, 64, 200, 7}) {
    CAPTURE(samples, threads, steps);
    const Batch batch{.size = samples};
    const auto initial = predict.final_state();
    const Index columns = steps * samples;
    CHECK(wavefront(x.leftCols(columns), samples, initial) == predict(x.leftCols(columns), batch, initial));
    CHECK(same_bits(wavefront.final_state(), predict.final_state()));
  }
}

}  // namespace

TEST_CASE("a wavefront gives the bits of a predictor", "[wavefront]") {
  const auto model = deep_model();
  for (const Index samples : {1, 3})
    for (const int threads : {1, 2, 3}) check_same(model, drawn(3, 200 * samples), samples, threads);
}

TEST_CASE("a wavefront runs one layer, layers of one type, and layers of any size", "[wavefront]") {
  Random random(2);
  const Matrix<double> x = drawn(3, 200);
  check_same(Stack<Gru<double>>(1, 3, 24, random), x, 1, 2);
  check_same(Stack<Rnn<double>>(4, 3, 1, random), x, 1, 2);
  check_same(Sequential{Tanh<double>(), Sigmoid<double>()}, x, 1, 2);
  Sequential tokens{Embedding<float>(5, 4, random), Lstm<float>(4, 7, random)};
  Matrix<float> ids(1, 200);
  for (Index t = 0; t < ids.cols(); ++t) ids(0, t) = static_cast<float>((7 * t + t / 3) % 5);
  check_same(tokens, ids, 1, 2);
}

TEST_CASE("a wavefront goes on in parts, from its own outputs and states", "[wavefront]") {
  Random random(3);
  const Stack<Lstm<double>> model(3, 4, 4, random);
  const Matrix<double> x = drawn(4, 300);
  Predictor predict(model);
  const Matrix<double> y = predict(x), again = predict(Matrix<double>(y));
  Wavefront wavefront(model, pool_of(2));
  Wavefront<Stack<Lstm<double>>> copy = wavefront;
  Matrix<double> parts(4, 300);
  parts.leftCols(170) = wavefront(x.leftCols(170));
  parts.rightCols(130) = wavefront(x.rightCols(130), 1, wavefront.final_state());
  CHECK(parts == y);
  CHECK(copy(copy(x)) == again);
}

TEST_CASE("a wavefront keeps weights in fewer bits", "[wavefront]") {
  Random random(4);
  const Stack<Lstm<float>> model(2, 3, 24, random);
  const Matrix<float> x = drawn(3, 100).cast<float>();
  Predictor predict(model, Int8());
  Wavefront wavefront(model, pool_of(2), Int8());
  CHECK(wavefront(x) == predict(x));
}

TEST_CASE("the outputs of a wavefront that is gone are a matrix of their own", "[wavefront]") {
  const auto model = deep_model();
  Predictor predict(model);
  const Matrix<double> x = drawn(3, 20);
  const auto y = Wavefront(model, pool_of(2))(x);
  STATIC_REQUIRE(std::is_same_v<decltype(y), const Matrix<double>>);
  CHECK(y == predict(x));
}

TEST_CASE("a wavefront refuses what does not fit, and layers that need the whole sequence", "[wavefront]") {
  Random random(5);
  Stack<Lstm<double>> model(2, 3, 4, random);
  Wavefront wavefront(model, pool_of(2));
  const Matrix<double> x = drawn(3, 40);
  wavefront(x);
  const auto state = wavefront.final_state();
  CHECK_THROWS_MATCHES(wavefront(drawn(2, 40)), std::invalid_argument,
                       Message("Lstm::forward: x has 2 rows, expected input_size 3"));
  CHECK_THROWS_MATCHES(wavefront(x, 3), std::invalid_argument,
                       Message("Lstm: x has 40 columns, expected a multiple of the batch size 3"));
  CHECK_THROWS_MATCHES(wavefront(x, 2, state), std::invalid_argument,
                       Message("Lstm::forward: the initial state h is 4 x 1, expected 4 x 2"));
  CHECK(same_bits(wavefront.final_state(), state));
  CHECK_THROWS_MATCHES(Wavefront(model, nullptr), std::invalid_argument, Message("Wavefront: there is no thread pool"));

  model.layers[1].unrolling.readout = Readout::last;
  CHECK_THROWS_MATCHES(Wavefront(model, pool_of(2))(x), std::invalid_argument,
                       Message("Wavefront: layer 1 reads out one column of the whole sequence"));
  model.layers[1].unrolling = {.direction = Direction::reverse};
  CHECK_THROWS_WITH(Wavefront(model, pool_of(2))(x), contains_text("a reverse layer starts behind these steps"));
}

TEST_CASE("a wavefront names the column that holds no token, of x or of what a layer inside makes", "[wavefront]") {
  Random random(6);
  const Sequential tokens{Embedding<float>(5, 4, random), Lstm<float>(4, 7, random)};
  Wavefront wavefront(tokens, pool_of(2));
  Matrix<float> x = Matrix<float>::Ones(1, 100);
  x(0, 70) = 9;
  for (const Index samples : {1, 2})
    CHECK_THROWS_MATCHES(wavefront(x, samples), std::invalid_argument,
                         Message("Embedding::forward: x holds 9 in column 70, expected a whole number from 0 to 4"));
  const Sequential inside{Relu<float>(), Sequential{Relu<float>(), Embedding<float>(5, 4, random)},
                          Lstm<float>(4, 7, random)};
  Wavefront deep(inside, pool_of(2));
  const Matrix<float> good = Matrix<float>::Ones(1, 100), y = deep(good);
  const auto state = deep.final_state();
  for (const Index samples : {1, 2})
    CHECK_THROWS_MATCHES(deep(x, samples), std::invalid_argument,
                         Message("Embedding::forward: x holds 9 in column 70, expected a whole number from 0 to 4"));
  CHECK(same_bits(deep.final_state(), state));
  CHECK(deep(good) == y);
}
