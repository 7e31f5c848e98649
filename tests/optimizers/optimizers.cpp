// Every optimizer against PyTorch: data/optimizers.txt, made by reference/training_vectors.py. Adam has its own file.
#include "catch.hpp"
#include "core/flat.hpp"
#include "reference/read_vectors.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/layer_norm_lstm.hpp"
#include "unroll/optimizers/adadelta.hpp"
#include "unroll/optimizers/adagrad.hpp"
#include "unroll/optimizers/adam.hpp"
#include "unroll/optimizers/lion.hpp"
#include "unroll/optimizers/nadam.hpp"
#include "unroll/optimizers/radam.hpp"
#include "unroll/optimizers/rms_prop.hpp"
#include "unroll/optimizers/sgd.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

/// A weight of 2 x 3 and a bias of 2.
template <class Scalar>
Dense<Scalar> eight(const Eigen::VectorXd& values) {
  auto model = Dense<Scalar>::zeros(3, 2);
  for (Index i = 0; i < 6; ++i) model.weight.data()[i] = static_cast<Scalar>(values[i]);
  for (Index i = 0; i < 2; ++i) model.bias[i] = static_cast<Scalar>(values[6 + i]);
  return model;
}

const Vectors& torch() {
  static const Vectors vectors(UNROLL_TEST_DATA "/optimizers.txt");
  return vectors;
}

template <template <class> class O, class Scalar = double, class Options>
void check(const std::string& name, Options options, double tolerance = 1e-12) {
  auto model = eight<Scalar>(torch()["start"]);
  O<Dense<Scalar>> optimizer(model, options);
  Index given = 0;
  double worst = 0;
  for (Index step = 1; step <= 100; ++step) {
    optimizer.step(model, eight<Scalar>(torch()["gradients"].col(step - 1)));
    if (static_cast<double>(step) != torch()["steps"](given)) continue;
    const Flat found = flat(model);
    for (Index i = 0; i < 8; ++i) {
      const double expected = torch()[name](i, given);
      worst =
          std::max(worst, std::abs(found[static_cast<std::size_t>(i)] - expected) / std::max(1.0, std::abs(expected)));
    }
    ++given;
  }
  CAPTURE(name);
  CHECK(given == 6);
  CHECK(worst <= tolerance);
}

}  // namespace

TEST_CASE("a hundred steps of every optimizer in double are PyTorch's to 1e-12", "[optimizers]") {
  check<Sgd>("sgd", SgdOptions{.learning_rate = 0.05});
  check<Sgd>("sgd_momentum", SgdOptions{.learning_rate = 0.01, .momentum = 0.9, .weight_decay = 0.125});
  check<Sgd>("sgd_nesterov", SgdOptions{.learning_rate = 0.01, .momentum = 0.75, .nesterov = true});
  check<RmsProp>("rmsprop", RmsPropOptions{.learning_rate = 0.01, .alpha = 0.9, .epsilon = 1e-6});
  check<RmsProp>("rmsprop_momentum", RmsPropOptions{.learning_rate = 0.01, .momentum = 0.5, .weight_decay = 0.25});
  check<Adagrad>("adagrad", AdagradOptions{.learning_rate = 0.1});
  check<Adagrad>(
      "adagrad_decay",
      AdagradOptions{.learning_rate = 0.1, .learning_rate_decay = 0.01, .epsilon = 1e-6, .weight_decay = 0.125});
  check<Adam>("adam_decay", AdamOptions{.learning_rate = 0.01, .weight_decay = 0.25});
  check<AdamW>("adamw",
               AdamWOptions{.learning_rate = 0.01, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.5});
  check<Adadelta>("adadelta", AdadeltaOptions());
  check<Adadelta>("adadelta_decay",
                  AdadeltaOptions{.learning_rate = 0.5, .rho = 0.75, .epsilon = 1e-4, .weight_decay = 0.125});
  check<NAdam>("nadam", NAdamOptions{.learning_rate = 0.01});
  check<NAdam>("nadam_decay", NAdamOptions{.learning_rate = 0.01,
                                           .beta1 = 0.5,
                                           .beta2 = 0.95,
                                           .epsilon = 1e-6,
                                           .momentum_decay = 0.25,
                                           .weight_decay = 0.25});
  check<RAdam>("radam", RAdamOptions{.learning_rate = 0.01});
  check<RAdam>("radam_decay",
               RAdamOptions{.learning_rate = 0.01, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.25});
  check<Lion>("lion", LionOptions{.learning_rate = 0.01});
  check<Lion>("lion_decay", LionOptions{.learning_rate = 0.01, .beta1 = 0.5, .beta2 = 0.75, .weight_decay = 0.5});
}

TEST_CASE("a gradient that is no number shows in its weight", "[optimizers]") {
  const auto check_nan = []<template <class> class O>(const auto& options) {
    auto model = Dense<double>::zeros(3, 2), gradient = model;
    gradient.weight(1, 2) = std::numeric_limits<double>::quiet_NaN();
    O<Dense<double>> optimizer(model, options);
    CAPTURE(optimizer.name());
    optimizer.step(model, gradient);
    CHECK(std::isnan(model.weight(1, 2)));
    model.weight(1, 2) = 0;
    CHECK(model.weight.isZero(0));
  };
  check_nan.operator()<Adadelta>(AdadeltaOptions());
  check_nan.operator()<Adagrad>(AdagradOptions());
  check_nan.operator()<Adam>(AdamOptions());
  check_nan.operator()<AdamW>(AdamWOptions());
  check_nan.operator()<Lion>(LionOptions());
  check_nan.operator()<NAdam>(NAdamOptions());
  check_nan.operator()<RAdam>(RAdamOptions());
  check_nan.operator()<RmsProp>(RmsPropOptions());
  check_nan.operator()<Sgd>(SgdOptions());
}

TEST_CASE("a group has a rate and a decay of its own, as one of PyTorch has", "[optimizers]") {
  check<Adam>("adam_groups", AdamOptions{.learning_rate = 0.01,
                                         .weight_decay = 0.25,
                                         .groups = {{.kind = TensorKind::bias, .rate = 0.25, .weight_decay = 0.5}}});
}

TEST_CASE("weight decay leaves biases alone where it is told to", "[optimizers]") {
  check<AdamW>("adamw_frozen", AdamWOptions{.learning_rate = 0.01, .weight_decay = 0.5, .decay_biases = false});
  check<Sgd>("sgd_frozen",
             SgdOptions{.learning_rate = 0.01, .momentum = 0.9, .weight_decay = 0.125, .decay_biases = false});
}

TEST_CASE("a hundred steps in float are PyTorch's to float's precision", "[optimizers]") {
  check<Sgd, float>("sgd_momentum", SgdOptions{.learning_rate = 0.01, .momentum = 0.9, .weight_decay = 0.125}, 1e-5);
  check<AdamW, float>("adamw_frozen", AdamWOptions{.learning_rate = 0.01, .weight_decay = 0.5, .decay_biases = false},
                      1e-5);
}

TEST_CASE("a parameter moves the same wherever it lies, in a register or in the rest", "[optimizers]") {
  for (const Index size : {1, 3, 7, 8, 16, 33}) {
    auto model = Dense<float>::zeros(1, size);
    model.weight.setConstant(0.3f);
    model.bias.setConstant(0.3f);
    AdamW adam(model);
    for (int k = 1; k < 9; ++k) {
      auto gradient = zeros_like(model);
      gradient.weight.setConstant(0.7f / static_cast<float>(k));
      gradient.bias = gradient.weight;
      adam.step(model, gradient);
    }
    const float first = model.weight(0, 0);
    CAPTURE(size, first);
    CHECK(first < 0.3f);
    CHECK((model.weight.array() == first).all());
    CHECK((model.bias.array() == first).all());
  }
}

TEST_CASE("visit reaches all that an optimizer remembers", "[optimizers]") {
  auto model = eight<double>(torch()["start"]);
  const auto gradient = eight<double>(torch()["gradients"].col(0));
  Adam adam(model);
  adam.step(model, gradient);
  adam.options.learning_rate = 0.125;
  Adam copy(model);
  std::vector<std::string> names;
  const auto assign = [&](const std::string& name, auto& to, const auto& from) {
    names.push_back(name);
    to = from;
  };
  Adam<Dense<double>>::visit(assign, "adam.", copy, std::as_const(adam));
  CHECK(names == std::vector<std::string>{"adam.m.weight", "adam.m.bias", "adam.v.weight", "adam.v.bias", "adam.steps",
                                          "adam.learning_rate"});
  CHECK(copy.steps() == 1);
  auto other = model;
  adam.step(model, gradient);
  copy.step(other, gradient);
  CHECK(flat(model) == flat(other));
}

TEST_CASE("options that make no sense are refused", "[optimizers]") {
  const auto model = Dense<double>::zeros(1, 1);
  const auto refuse = [](auto make, const std::string& why) {
    CHECK_THROWS_MATCHES(make(), std::invalid_argument, Message(why));
  };
  refuse([&] { Sgd(model, {.learning_rate = -1}); }, "Sgd: learning_rate is -1, expected at least 0");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  refuse([&] { Sgd(model, {.learning_rate = infinity}); }, "Sgd: learning_rate is inf, expected at least 0 and finite");
  refuse([&] { Adam(model, {.epsilon = infinity}); }, "Adam: epsilon is inf, expected at least 0 and finite");
  refuse([&] { Adadelta(model, {.epsilon = infinity}); }, "Adadelta: epsilon is inf, expected at least 0 and finite");
  refuse([&] { Sgd(model, {.nesterov = true}); }, "Sgd: nesterov needs a momentum above 0");
  refuse([&] { Adam(model, {.beta1 = 1}); }, "Adam: beta1 is 1, expected at least 0 and less than 1");
  refuse([&] { AdamW(model, {.weight_decay = -0.5}); }, "AdamW: weight_decay is -0.5, expected at least 0");
  refuse([&] { RmsProp(model, {.alpha = 2}); }, "RmsProp: alpha is 2, expected at least 0 and less than 1");
  refuse([&] { Adagrad(model, {.epsilon = -1}); }, "Adagrad: epsilon is -1, expected at least 0");
  refuse([&] { Adadelta(model, {.epsilon = 0}); }, "Adadelta: epsilon is 0, expected more than 0");
  refuse([&] { NAdam(model, {.momentum_decay = -1}); }, "NAdam: momentum_decay is -1, expected at least 0");
  refuse([&] { RAdam(model, {.beta2 = 1}); }, "RAdam: beta2 is 1, expected at least 0 and less than 1");
  refuse([&] { Lion(model, {.beta1 = -1}); }, "Lion: beta1 is -1, expected at least 0 and less than 1");
  auto moved = model;
  Sgd sgd(moved);
  refuse([&] { sgd.step(moved, Dense<double>::zeros(2, 1)); },
         "Sgd::step: the gradient's weight is 1 x 2, the model's is 1 x 1");
}

namespace {

/// Where a parameter in float that begins at 1 ends after some steps with the same gradient.
template <template <class> class O, class Options>
float after(int steps, float gradient, Options options) {
  auto model = Dense<float>::zeros(1, 1);
  model.bias[0] = 1;
  O<Dense<float>> optimizer(model, options);
  auto given = zeros_like(model);
  given.bias[0] = gradient;
  for (int k = 0; k < steps; ++k) optimizer.step(model, given);
  CHECK(model.weight(0, 0) == 0);
  return model.bias[0];
}

}  // namespace

// As PyTorch: the second moment is infinite then, and a step 0.
TEST_CASE("gradients whose squares overflow move nothing", "[optimizers]") {
  for (const float gradient : {1e21f, -3e30f}) {
    CHECK(after<Adam>(3, gradient, AdamOptions()) == 1);
    CHECK(after<AdamW>(3, gradient, AdamWOptions{.weight_decay = 0}) == 1);
    CHECK(after<RmsProp>(3, gradient, RmsPropOptions{.momentum = 0.5}) == 1);
    CHECK(after<Adagrad>(3, gradient, AdagradOptions()) == 1);
    CHECK(after<Adadelta>(3, gradient, AdadeltaOptions()) == 1);
    CHECK(after<NAdam>(3, gradient, NAdamOptions()) == 1);
    CHECK(std::isfinite(after<Sgd>(3, gradient, SgdOptions{.momentum = 0.9, .nesterov = true})));
  }
}

TEST_CASE("gradients whose squares are subnormal numbers move as others do", "[optimizers]") {
  CHECK(after<Adam>(1, 1e-18f, AdamOptions{.learning_rate = 0.125, .epsilon = 0}) == Approx(0.875).epsilon(1e-3));
  CHECK(after<RmsProp>(1, 1e-18f, RmsPropOptions{.learning_rate = 0.125, .alpha = 0.75, .epsilon = 0}) ==
        Approx(0.75).epsilon(1e-3));
  CHECK(after<Adagrad>(1, 1e-20f, AdagradOptions{.learning_rate = 0.125, .epsilon = 0}) == Approx(0.875).epsilon(1e-3));
}

TEST_CASE("without epsilon a gradient of 0 moves nothing", "[optimizers]") {
  for (const double epsilon : {0., 1e-60}) {  // the second is 0 in float
    CHECK(after<Adam>(2, 0, AdamOptions{.epsilon = epsilon}) == 1);
    CHECK(after<AdamW>(2, 0, AdamWOptions{.epsilon = epsilon, .weight_decay = 0}) == 1);
    CHECK(after<RmsProp>(2, 0, RmsPropOptions{.epsilon = epsilon}) == 1);
    CHECK(after<Adagrad>(2, 0, AdagradOptions{.epsilon = epsilon}) == 1);
    CHECK(after<NAdam>(2, 0, NAdamOptions{.epsilon = epsilon}) == 1);
    CHECK(after<RAdam>(9, 0, RAdamOptions{.epsilon = epsilon}) == 1);
    CHECK(after<Adagrad>(1, 3, AdagradOptions{.learning_rate = 0.5, .epsilon = epsilon}) == 0.5f);
  }
}

TEST_CASE("without epsilon gradients whose squares underflow move nothing", "[optimizers]") {
  const auto check = [](int steps, float gradient, double epsilon) {
    CAPTURE(steps, gradient, epsilon);
    CHECK(after<Adam>(steps, gradient, AdamOptions{.epsilon = epsilon}) == 1);
    CHECK(after<AdamW>(steps, gradient, AdamWOptions{.epsilon = epsilon, .weight_decay = 0}) == 1);
    CHECK(after<RmsProp>(steps, gradient, RmsPropOptions{.epsilon = epsilon, .momentum = 0.5}) == 1);
    CHECK(after<Adagrad>(steps, gradient, AdagradOptions{.epsilon = epsilon}) == 1);
    CHECK(after<NAdam>(steps, gradient, NAdamOptions{.epsilon = epsilon}) == 1);
    CHECK(after<RAdam>(9, gradient, RAdamOptions{.epsilon = epsilon}) == 1);
    CHECK(after<Adadelta>(steps, gradient, AdadeltaOptions{.epsilon = epsilon + 1e-60}) == 1);
  };
  for (const int steps : {1, 3})
    for (const float gradient : {1e-25f, -3e-30f})
      for (const double epsilon : {0., 1e-60, 1e-40}) check(steps, gradient, epsilon);
  const FlushDenormals flush;
  check(2, 1e-21f, 0);  // in the other steps their squares are subnormal numbers
  // A gradient that is not a number still shows.
  CHECK(std::isnan(after<Adam>(2, std::numeric_limits<float>::quiet_NaN(), AdamOptions{.epsilon = 0})));
}

TEST_CASE("what is not said is as in PyTorch", "[optimizers]") {
  CHECK(AdamOptions{}.learning_rate == 1e-3);
  CHECK(AdamWOptions{}.learning_rate == 1e-3);
  CHECK(AdamWOptions{}.weight_decay == 1e-2);
  CHECK(RmsPropOptions{}.learning_rate == 1e-2);
  CHECK(RmsPropOptions{}.alpha == 0.99);
  CHECK(AdagradOptions{}.learning_rate == 1e-2);
  CHECK(AdadeltaOptions{}.learning_rate == 1);
  CHECK(NAdamOptions{}.learning_rate == 2e-3);
  CHECK(RAdamOptions{}.learning_rate == 1e-3);
}

TEST_CASE("weight decay leaves biases and gains alone where it shall, whatever their names", "[optimizers]") {
  Random random(1);
  auto model = LayerNormLstm<double>(3, 4, random);
  model.bias_c.setOnes();
  const auto before = model;
  AdamW optimizer(model, AdamWOptions{.learning_rate = 0.1, .weight_decay = 0.5, .decay_biases = false});
  optimizer.step(model, zeros_like(model));
  const auto compare = [](const std::string& name, const auto& now, const auto& then) {
    CAPTURE(name);
    CHECK((now == then) == !name.starts_with("weight"));
  };
  for_each_tensor(compare, model, before);
}
