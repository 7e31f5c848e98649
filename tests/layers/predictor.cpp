// Inference on whole sequences with weights that are packed once: the bits of the model itself.

#include "unroll/layers/predictor.hpp"

#include "layer_contract.hpp"
#include "unroll/layers/bidirectional.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/layer_norm_lstm.hpp"
#include "unroll/layers/parallel.hpp"
#include "unroll/layers/recurrent_layers.hpp"

using namespace unroll;

namespace {

auto model_of(std::uint64_t seed) {
  Random random(seed);
  Lstm<double> lstm(3, 24, random);
  LayerNormLstm<double> norm(24, 7, random);
  OriginalGru<double> gru(7, 9, random);
  return Sequential{lstm, norm, gru, Dense<double>(9, 2, random)};
}
using Model = decltype(model_of(1));

template <class L>
Matrix<double> outputs(const L& model, const Matrix<double>& x, const Batch& batch) {
  typename L::Tape tape;
  return model.forward(x, tape, batch);
}

/// A layer of a user's own that tells whether it was to record.
struct Watching : Memoryless<Watching, double> {
  inline static bool recorded = true;

  static const char* name() { return "Watching"; }
  Output<double> run(const Input<double>& x, Tape& tape, const Batch& batch, const NoState& none,
                     const ForwardOptions& options) const {
    recorded = options.record;
    return Memoryless::run(x, tape, batch, none, options);
  }
  void apply(const Input<double>& x, WritableOutput<double> y) const { y = x; }
  void apply_back(const Input<double>&, const Input<double>&, const Input<double>& d_y, Watching&,
                  WritableOutput<double> d_x) const {
    d_x = d_y;
  }
};

}  // namespace

TEST_CASE("a predictor gives the bits of the model that it was made of", "[predictor]") {
  Model model = model_of(1);
  Predictor predict(model);
  const Model old = model;
  for_each_tensor([](const std::string&, auto& tensor) { tensor.setZero(); }, model);
  Predictor<Model> copy = predict;
  Predictor parallel(Parallel(old, std::make_shared<ThreadPool>(2)));
  for (const Index size : {1, 2, 17, 1})
    for (const Index steps : {0, 1, 5}) {
      CAPTURE(size, steps);
      Batch batch{.size = size};
      if (size > 1)
        for (Index b = 0; b < size; ++b) batch.lengths.push_back((7 * b + 3) % (steps + 1));
      const Matrix<double> x = drawn(3, steps * size);
      const Matrix<double> expected = outputs(old, x, batch);
      CHECK(predict(x, batch) == expected);
      CHECK(copy(x, batch) == expected);
      CHECK(parallel(x, batch) == expected);
    }
  copy = Predictor(model);  // other weights, of the same sizes
  CHECK(copy(drawn(3, 5)) == outputs(model, drawn(3, 5), {}));
  CHECK_THROWS_MATCHES(predict(drawn(2, 5)), std::invalid_argument,
                       Message("Lstm::forward: x has 2 rows, expected input_size 3"));
}

TEST_CASE("what a predictor gives that is gone behind the call is a matrix of its own", "[predictor]") {
  const Model model = model_of(1);
  const Matrix<double> x = drawn(3, 5);
  const auto y = Predictor(model)(x);
  STATIC_REQUIRE(std::is_same_v<std::remove_const_t<decltype(y)>, Matrix<double>>);
  CHECK(y == outputs(model, x, {}));
}

TEST_CASE("a predictor keeps nothing for a way back", "[predictor]") {
  Predictor predict(Sequential{Watching()});
  predict(drawn(3, 5), {}, {}, {.record = true});
  CHECK(!Watching::recorded);
}

TEST_CASE("a sequence may be predicted in parts", "[predictor]") {
  const Model model = model_of(2);
  const Index size = 3;
  const Matrix<double> x = drawn(3, 9 * size), whole = outputs(model, x, {.size = size});
  Predictor predict(model);
  Matrix<double> parts(2, 0);
  for (const Index steps : {4, 0, 1, 4}) {
    const Matrix<double> y = predict(x.middleCols(parts.cols(), steps * size), {.size = size}, predict.final_state());
    parts.conservativeResize(2, parts.cols() + y.cols());
    parts.rightCols(y.cols()) = y;
  }
  CHECK(parts == whole);
}
