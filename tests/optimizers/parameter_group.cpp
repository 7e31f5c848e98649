// Groups are asked for by every optimizer in one place; Sgd and Adam stand for all.
#include "unroll/optimizers/parameter_group.hpp"

#include "catch.hpp"
#include "core/flat.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/optimizers/adam.hpp"
#include "unroll/optimizers/sgd.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

using Model = Sequential<Dense<double>, Dense<double>>;

/// Two layers, from 2 to 3 and back.
Model two() { return counted(Model{Dense<double>::zeros(2, 3), Dense<double>::zeros(3, 2)}); }

Dense<double>& first(Model& model) { return std::get<0>(model.layers); }
Dense<double>& second(Model& model) { return std::get<1>(model.layers); }

}  // namespace

TEST_CASE("a star in a group's names stands for any text", "[parameter_group]") {
  CHECK(detail::matches("*", ""));
  CHECK(detail::matches("0.*", "0.weight"));
  CHECK_FALSE(detail::matches("0.*", "10.weight"));
  CHECK(detail::matches("*bias*_h", "1.bias_hh_h"));
  CHECK_FALSE(detail::matches("0.weight", "0.weight_ih"));
  CHECK_FALSE(detail::matches("weight", ""));
}

TEST_CASE("a frozen tensor keeps its bits, and so do its moments", "[parameter_group]") {
  Model model = two();
  const Model start = model;
  Adam adam(model, {.learning_rate = 0.1, .weight_decay = 0.5, .groups = {{.names = "0.*", .frozen = true}}});
  Model gradient = counted(model, 3, 1);
  first(gradient).weight.setConstant(std::numeric_limits<double>::quiet_NaN());
  adam.step(model, gradient);
  CHECK(flat(std::get<0>(model.layers)) == flat(std::get<0>(start.layers)));
  CHECK((second(model).weight.array() != std::get<1>(start.layers).weight.array()).all());
  adam.gather(gradient);
  CHECK(std::isfinite(global_norm(gradient)));
  adam.options.groups.clear();
  adam.step(model, gradient);
  CHECK((first(model).weight.array() != std::get<0>(start.layers).weight.array()).all());
  CHECK(first(model).weight.allFinite());
}

TEST_CASE("a group may have several names", "[parameter_group]") {
  Model model = two();
  const Model start = model;
  const std::string last = "1.bias";
  Sgd sgd(model, {.learning_rate = 0.1, .groups = {{.names = {"0.*", last}, .frozen = true}}});
  sgd.step(model, counted(model, 3, 1));
  CHECK(flat(std::get<0>(model.layers)) == flat(std::get<0>(start.layers)));
  CHECK(second(model).bias == std::get<1>(start.layers).bias);
  CHECK((second(model).weight.array() != std::get<1>(start.layers).weight.array()).all());
  CHECK_THROWS_WITH(Sgd(model, {.groups = {{.names = {"2.*", "gain"}}}}),
                    contains_text("the group 2.* gain has no tensor"));
}

TEST_CASE("tied tensors are one: they move by the sum of their gradients and stay equal", "[parameter_group]") {
  Model model = two(), alone = model;
  Sgd sgd(model, {.learning_rate = 0.5,
                  .momentum = 0.5,
                  .weight_decay = 0.25,
                  .groups = {{.names = "1.weight", .tied_to = "0.weight", .transposed = true}}});
  Sgd of_one(alone, {.learning_rate = 0.5, .momentum = 0.5, .weight_decay = 0.25});
  sgd.tie(model);
  CHECK(second(model).weight == first(model).weight.transpose());
  for (int k = 0; k < 3; ++k) {
    Model gradient = counted(model, k, 0.5), sum = gradient;
    first(sum).weight += second(gradient).weight.transpose();
    sgd.step(model, gradient);
    of_one.step(alone, sum);
    CHECK(flat(first(model)) == flat(first(alone)));
    CHECK(second(model).weight == first(model).weight.transpose());
    CHECK(second(model).bias == second(alone).bias);

    second(sum).weight.setZero();
    sgd.gather(gradient);
    CHECK(flat(gradient) == flat(sum));
  }
}

TEST_CASE("groups that do not fit are refused, and nothing is changed", "[parameter_group]") {
  Model model = two();
  const auto refuse = [&](const std::vector<ParameterGroup>& groups, const std::string& why) {
    CHECK_THROWS_MATCHES(Sgd(model, {.groups = groups}), std::invalid_argument, Message("Sgd: " + why));
    Sgd sgd(model);
    sgd.options.groups = groups;
    const Flat before = flat(model);
    CHECK_THROWS_AS(sgd.step(model, model), std::invalid_argument);
    CHECK(flat(model) == before);
    CHECK(sgd.steps() == 0);
  };
  const std::string all = "0.weight, 0.bias, 1.weight, 1.bias";
  refuse({{.names = "2.*"}}, "the group 2.* has no tensor; there are " + all);
  refuse({{.names = "*t", .kind = TensorKind::gain}}, "the group *t of kind gain has no tensor; there are " + all);
  refuse({{.names = {"0.*", "1.wieght"}}},
         "the group 0.* 1.wieght names 1.wieght, which fits no tensor; there are " + all);
  refuse({{.names = "0.*"}, {.kind = TensorKind::bias}}, "0.bias is in two groups, 0.* and * of kind bias");
  refuse({{.rate = -1}}, "the rate of a group is -1, expected at least 0");
  refuse({{.weight_decay = -1}}, "the weight_decay of a group is -1, expected at least 0");
  refuse({{.names = "0.bias", .tied_to = "bias"}}, "0.bias is tied to bias; there are " + all);
  refuse({{.names = "0.bias", .tied_to = "1.bias"}}, "0.bias is 3 x 1, expected 2 x 1 as 1.bias, which it is tied to");
  refuse({{.names = "1.weight", .tied_to = "0.weight"}},
         "1.weight is 2 x 3, expected 3 x 2 as 0.weight, which it is tied to");
  refuse({{.names = "0.bias", .tied_to = "0.bias"}}, "0.bias is tied to 0.bias, which is tied itself");
  const auto contradicts = [&](const ParameterGroup& group) {
    refuse({group}, "the group 0.bias is tied to 1.bias, whose options move it; expected no others");
  };
  contradicts({.names = "0.bias", .rate = 2, .tied_to = "1.bias"});
  contradicts({.names = "0.bias", .weight_decay = 0, .tied_to = "1.bias"});
  contradicts({.names = "0.bias", .frozen = true, .tied_to = "1.bias"});
  refuse({{.names = "0.bias", .transposed = true}}, "the group 0.bias is transposed, but tied to nothing");
}

TEST_CASE("a file tells the groups, and nothing where there are none", "[parameter_group]") {
  const auto told = [](const auto& optimizer) {
    std::string groups = "none";
    optimizer.each_option([&]([[maybe_unused]] const std::string& name, const auto& option) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(option)>, std::string>) groups = name + ": " + option;
    });
    return groups;
  };
  const Model model = two();
  CHECK(told(Sgd(model)) == "none");
  CHECK(told(Sgd(model, {.groups = {{.names = "0.*", .frozen = true},
                                    {.names = "1.*", .kind = TensorKind::bias, .rate = 0.5, .weight_decay = 0},
                                    {.names = "1.weight", .tied_to = "0.weight", .transposed = true}}})) ==
        "groups: 0.* rate 1 frozen; 1.* of kind bias rate 0.5 weight_decay 0; "
        "1.weight rate 1 tied to 0.weight transposed");
}
