#include "unroll/optimizers/adam.hpp"

#include "catch.hpp"
#include "core/flat.hpp"
#include "reference/read_vectors.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/recurrent_layers.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

/// A model of eight parameters in three tensors.
template <class Scalar>
Rnn<Scalar> eight(const Eigen::VectorXd& values = Eigen::VectorXd::Zero(8)) {
  auto model = Rnn<Scalar>::zeros(1, 2);
  Index next = 0;
  const auto take = [&](const std::string&, auto& tensor) {
    for (Index i = 0; i < tensor.size(); ++i) tensor.data()[i] = static_cast<Scalar>(values[next++]);
  };
  for_each_tensor(take, model);
  return model;
}

/// Steps that PyTorch took too: data/adam.txt, made by reference/adam_vectors.py.
template <class Scalar>
void check_against_torch(const std::string& which, double tolerance) {
  const Vectors torch(UNROLL_TEST_DATA "/adam.txt");
  const Eigen::MatrixXd &options = torch["options_" + which], &expected = torch["weights_" + which];
  CAPTURE(which, options.transpose());
  auto model = eight<Scalar>(torch["start"]);
  Adam adam(model, {options(0), options(1), options(2), options(3)});
  Index given = 0;
  for (Index step = 1; step <= torch["gradients"].cols(); ++step) {
    adam.step(model, eight<Scalar>(torch["gradients"].col(step - 1)));
    CHECK(adam.steps() == step);
    if (static_cast<double>(step) != torch["steps"](given, 0)) continue;
    CAPTURE(step);
    const Flat found = flat(model);
    for (Index i = 0; i < 8; ++i) {
      CAPTURE(i);
      CHECK(found[static_cast<std::size_t>(i)] == Approx(expected(i, given)).epsilon(tolerance).margin(tolerance));
    }
    ++given;
  }
  CHECK(given == expected.cols());
}

/// Ten steps on a gradient that changes with the step.
template <class Model>
void step(Adam<Model>& adam, Model& model, int from = 0) {
  for (int k = from; k < from + 10; ++k) adam.step(model, counted(model, k - 4, 0.25 * k - 1));
}

}  // namespace

TEST_CASE("a hundred steps in double are PyTorch's to 1e-12", "[adam]") {
  for (const char* which : {"0", "1", "2"}) check_against_torch<double>(which, 1e-12);
}

TEST_CASE("a hundred steps in float are PyTorch's to float's precision", "[adam]") {
  for (const char* which : {"0", "1"}) check_against_torch<float>(which, 1e-5);
}

TEST_CASE("the first step moves each weight by the learning rate against its gradient's sign", "[adam]") {
  auto model = eight<double>();
  Adam adam(model, {.learning_rate = 0.25});
  CHECK(adam.steps() == 0);
  adam.step(model, counted(model, -4, 1));
  const Flat moved = flat(model);
  for (std::size_t i = 0; i < moved.size(); ++i) {
    const double expected = i < 4 ? 0.25 : i == 4 ? 0 : -0.25;
    CHECK(moved[i] == Approx(expected).epsilon(1e-7));
  }
}

TEST_CASE("a learning rate changed on the way counts from the next step on", "[adam]") {
  auto model = eight<double>();
  Adam adam(model);
  CHECK(adam.options.learning_rate == 1e-3);
  CHECK(adam.options.beta1 == 0.9);
  CHECK(adam.options.beta2 == 0.999);
  CHECK(adam.options.epsilon == 1e-8);
  step(adam, model);
  const auto before = flat(model);
  adam.options.learning_rate = 0;
  step(adam, model, 10);
  CHECK(flat(model) == before);
  CHECK(adam.steps() == 20);
}

TEST_CASE("an optimizer is a value: a copy goes on like the original, and alone", "[adam]") {
  Random random(1);
  Sequential model{Stack<Lstm<float>>(2, 3, 5, random), Dense<float>(5, 1, random)};
  Adam adam(model);
  step(adam, model);
  auto copy = adam;
  auto other = model;
  step(adam, model, 10);
  const Flat expected = flat(model);
  step(copy, other, 10);
  CHECK(flat(other) == expected);

  Adam fresh(model);
  fresh = std::move(copy);
  step(fresh, other, 20);
  step(adam, model, 20);
  CHECK(flat(other) == flat(model));
  CHECK(fresh.steps() == 30);
}

TEST_CASE("shapes that differ are refused, and nothing is changed", "[adam]") {
  auto model = counted(Dense<double>::zeros(3, 2));
  const auto gradient = counted(model, 2, 3);
  Adam adam(model);
  const auto refuse = [&](auto& moved, const auto& by, const std::string& why) {
    const Flat before = flat(moved);
    CHECK_THROWS_MATCHES(adam.step(moved, by), std::invalid_argument, Message("Adam::step: " + why));
    CHECK(flat(moved) == before);
    CHECK(adam.steps() == 0);
  };
  refuse(model, Dense<double>::zeros(4, 2), "the gradient's weight is 2 x 4, the model's is 2 x 3");
  auto short_bias = gradient;
  short_bias.bias.resize(1);
  refuse(model, short_bias, "the gradient's bias is 1 x 1, the model's is 2 x 1");

  auto same = model, again = model;
  adam.step(same, gradient);
  Adam<Dense<double>>(again).step(again, gradient);
  CHECK(flat(same) == flat(again));
}

TEST_CASE("a model with another number of layers is refused, and nothing is changed", "[adam]") {
  Random random(1);
  Stack<Rnn<double>> model(1, 2, 2, random);
  const Stack<Rnn<double>> more(2, 2, 2, random);
  const Flat before = flat(model);
  Adam adam(model);
  CHECK_THROWS_AS(adam.step(model, more), std::invalid_argument);
  Adam of_more(more);
  CHECK_THROWS_AS(of_more.step(model, model), std::invalid_argument);
  CHECK(flat(model) == before);
}

TEST_CASE("a gradient of zeros moves nothing, one that is not a number moves its weight alone", "[adam]") {
  auto model = counted(eight<double>());
  Adam adam(model);
  auto gradient = zeros_like(model);
  adam.step(model, gradient);
  CHECK(flat(model) == flat(counted(model)));
  gradient.bias[0] = std::numeric_limits<double>::quiet_NaN();
  adam.step(model, gradient);
  CHECK(std::isnan(model.bias[0]));
  model.bias[0] = counted(model).bias[0];
  CHECK(flat(model) == flat(counted(model)));
}
