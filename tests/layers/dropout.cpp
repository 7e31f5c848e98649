#include "unroll/layers/dropout.hpp"

#include "layers/layer_contract.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/recurrent_layers.hpp"

using namespace unroll;

namespace {

constexpr DropoutMask masks[] = {DropoutMask::step, DropoutMask::sequence};

/// What a layer of dropout multiplies each entry by.
Matrix<double> mask(const Dropout<double>& layer, Index features, Index columns, Index samples, std::uint64_t seed) {
  Dropout<double>::Tape tape;
  return layer.forward(Matrix<double>::Ones(features, columns), tape, {.size = samples}, {}, {.dropout_seed = seed});
}

double kept_fraction(const Matrix<double>& mask) { return (mask.array() != 0).cast<double>().mean(); }

}  // namespace

TEST_CASE("dropout is off without a seed", "[dropout]") {
  const Matrix<double> x = drawn(7, 12);
  for (const DropoutMask kind : masks) {
    const Passes passes(Dropout<double>(0.9, kind), x, {.size = 3});
    CHECK(passes.y == x);
    CHECK(passes.d_x == passes.d_y);
  }
}

TEST_CASE("a rate of zero keeps all with a seed too", "[dropout]") {
  CHECK(mask(Dropout<double>(0), 7, 12, 3, 1) == Matrix<double>::Ones(7, 12));
}

TEST_CASE("a feature is dropped at the rate, else divided by one less the rate", "[dropout]") {
  for (const DropoutMask kind : masks)
    for (const double rate : {0.1, 0.5, 0.9}) {
      CAPTURE(rate);
      const Matrix<double> drawn_mask = mask(Dropout<double>(rate, kind), 40, 50 * 20, 50, 3);
      for (const double value : drawn_mask.reshaped())
        if (value != 0 && value != 1 / (1 - rate)) FAIL("a mask holds " << value);
      const double draws = kind == DropoutMask::step ? 40 * 50 * 20 : 40 * 50;
      CHECK(std::abs(kept_fraction(drawn_mask) - (1 - rate)) <= 5 * std::sqrt(rate * (1 - rate) / draws));
      CHECK(Dropout<double>(rate, kind).rate() == rate);
    }
}

TEST_CASE("outputs are x times the mask, dL/dx is d_y times the mask", "[dropout]") {
  for (const DropoutMask kind : masks) {
    const Dropout<double> layer(0.3, kind);
    const Matrix<double> x = drawn(7, 12), factor = mask(layer, 7, 12, 3, 4);
    const Passes passes(layer, x, {.size = 3}, {.dropout_seed = 4});
    CHECK(passes.y == factor.cwiseProduct(x));
    CHECK(passes.d_x == factor.cwiseProduct(passes.d_y));
  }
}

TEST_CASE("a mask is fresh at every step, or one for the whole sequence", "[dropout]") {
  constexpr Index features = 64, batch_size = 3, steps = 10;
  const auto at = [](const Matrix<double>& all, Index t, Index b) { return all.col(t * batch_size + b); };
  const Matrix<double> step =
      mask(Dropout<double>(0.5, DropoutMask::step), features, steps * batch_size, batch_size, 5);
  const Matrix<double> sequence =
      mask(Dropout<double>(0.5, DropoutMask::sequence), features, steps * batch_size, batch_size, 5);
  for (Index t = 0; t < steps; ++t)
    for (Index b = 0; b < batch_size; ++b) {
      CAPTURE(t, b);
      CHECK(at(sequence, t, b) == at(sequence, 0, b));
      if (t > 0) CHECK_FALSE(at(step, t, b) == at(step, t - 1, b));
      if (b > 0) CHECK_FALSE(at(step, t, b) == at(step, t, b - 1));
      if (b > 0) CHECK_FALSE(at(sequence, t, b) == at(sequence, t, b - 1));
    }
}

TEST_CASE("the same seed gives the same masks, another seed others", "[dropout]") {
  for (const DropoutMask kind : masks) {
    const Dropout<double> layer(0.5, kind);
    const auto of_seed = [&](std::uint64_t seed) { return mask(layer, 16, 12, 3, seed); };
    CHECK(of_seed(1) == of_seed(1));
    CHECK_FALSE(of_seed(1) == of_seed(2));
    CHECK_FALSE(of_seed(0) == Matrix<double>::Ones(16, 12));  // zero is a seed
  }
}

TEST_CASE("a sample's masks do not depend on its neighbours or the steps to come", "[dropout]") {
  const Dropout<double> layer(0.5);
  const Matrix<double> batch_of_3 = mask(layer, 16, 12, 3, 6);
  const Matrix<double> alone = mask(layer, 16, 2, 1, 6);
  for (Index t = 0; t < alone.cols(); ++t) CHECK(alone.col(t) == batch_of_3.col(t * 3));
}

TEST_CASE("masks are the known ones on every platform", "[dropout]") {
  // A mask is uniform() < rate, feature by feature and step by step, of the sample's substream.
  const Matrix<double> found = mask(Dropout<double>(0.5), 3, 4, 2, 8);
  for (Index b = 0; b < 2; ++b) {
    Random random = Random::substream(8, static_cast<std::uint64_t>(b));
    for (Index t = 0; t < 2; ++t)
      for (Index i = 0; i < 3; ++i) CHECK(found(i, t * 2 + b) == (random.uniform() < 0.5 ? 0 : 2));
  }
}

TEST_CASE("the layers of a model draw different masks, a model in a model too", "[dropout]") {
  using Dropouts = Stack<Dropout<double>>;
  const Dropouts inner(std::vector<Dropout<double>>(2, Dropout<double>(0.5)));
  const Sequential model(Dropout<double>(0.5), inner, inner, Dropout<double>(0.5));
  decltype(model)::Tape tape;
  model.forward(Matrix<double>::Ones(64, 3), tape, {.size = 3}, {}, {.dropout_seed = 9});
  const auto& [first, second, third, fourth] = tape.layers;
  const std::vector<Matrix<double>> drawn_masks{first.mask,           second.layers[0].mask, second.layers[1].mask,
                                                third.layers[0].mask, third.layers[1].mask,  fourth.mask};
  for (std::size_t i = 0; i < drawn_masks.size(); ++i) {
    CAPTURE(i);
    CHECK(kept_fraction(drawn_masks[i]) == Approx(0.5).margin(0.2));
    for (std::size_t k = 0; k < i; ++k) CHECK_FALSE(drawn_masks[i] == drawn_masks[k]);
  }
}

TEST_CASE("gradients with a seed are those of central differences", "[dropout]") {
  Random random(1);
  const auto check = [](const auto& model, Index steps, const Batch& batch, std::uint64_t seed) {
    CAPTURE(steps, batch.size);
    const auto report =
        testing::check_gradient(model, drawn(3, steps * batch.size), batch, {.forward = {.dropout_seed = seed}});
    CAPTURE(report.where);
    CHECK(report.worst <= 1e-7);
  };
  const Lstm<double> lstm(3, 7, random);
  const Dense<double> dense(7, 2, random);
  for (const DropoutMask kind : masks)
    for (const Index steps : {0, 1, 5}) {
      const Dropout<double> dropout(0.4, kind);
      check(dropout, steps, {.size = 3}, 1);
      check(Sequential(dropout, lstm, dropout, dense, dropout), steps, {}, 2);
      check(Sequential(lstm, dropout, dense), steps, {.size = 3, .lengths = {steps, 0, steps / 2}}, 3);
    }
}

TEST_CASE("dropout keeps to what every layer does", "[dropout]") {
  const Dropout<double> layer(0.5);
  const Matrix<double> x = drawn(3, 6);
  const Speakers speakers{"Dropout", "Dropout", "Dropout"};
  for (const ForwardOptions& options : {ForwardOptions(), ForwardOptions{.dropout_seed = 1}}) {
    check_backward(layer, x, {.size = 3}, speakers, options);
    check_shapes(layer, x, {.size = 3}, speakers, options);
    check_values(layer, x, {.size = 3}, Dropout<double>(0.1, DropoutMask::sequence), options);
  }
  check_batches(layer, x, "Dropout::forward");
  check_reuse(layer, x);
  CHECK(parameter_count(layer) == 0);
}

TEST_CASE("past the ends everything is zero, in training too", "[dropout]") {
  const Dropout<double> layer(0.2);
  Matrix<double> x = drawn(7, 6);
  x.col(3).setConstant(std::numeric_limits<double>::quiet_NaN());
  const Passes passes(layer, x, {.size = 2, .lengths = {3, 1}}, {.dropout_seed = 1});
  for (const Index past : {3, 5}) {
    CHECK(passes.y.col(past) == Vector<double>::Zero(7));
    CHECK(passes.d_x.col(past) == Vector<double>::Zero(7));
  }
  CHECK(passes.y.allFinite());
}

TEST_CASE("a stream of a model leaves its dropout out", "[dropout]") {
  Random random(1);
  check_stream(Sequential(Dense<double>(3, 7, random), Dropout<double>(0.9), Rnn<double>(7, 2, random)), drawn(3, 6));
}

TEST_CASE("a rate must be at least zero and below one", "[dropout]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double rate : {-0.25, 1.0, 1.5, nan})
    CHECK_THROWS_MATCHES(Dropout<>(rate), std::invalid_argument,
                         Message("Dropout: rate is " + detail::text(rate) + ", expected 0 <= rate < 1"));
}
