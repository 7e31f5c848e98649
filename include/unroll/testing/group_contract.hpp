#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "unroll/optimizers/parameter_group.hpp"
#include "unroll/testing/clauses.hpp"
#include "unroll/testing/gradient_check.hpp"

namespace unroll::inline UNROLL_TARGET::testing::detail {

/// Numbers in a model's shapes, others for another seed.
template <class Model>
Model drawn(const Model& shapes, std::uint64_t seed) {
  Model result = shapes;
  Random random(seed);
  const auto draw = [&](const std::string&, auto& tensor) {
    tensor = random_matrix(tensor.rows(), tensor.cols(), random).template cast<typename Model::Scalar>();
  };
  for_each_tensor(draw, result);
  return result;
}

/// What the groups of an optimizer's options do: a part of its contract.
template <class Model, class Make>
class GroupContract : Clauses {
  using Optimizer = std::remove_cvref_t<std::invoke_result_t<Make&, const Model&>>;
  using Scalar = typename Model::Scalar;
  static constexpr bool gathers =
      requires(Optimizer& optimizer, Model& model) { optimizer.gather(model), optimizer.tie(model); };
  static constexpr bool decays = requires(Optimizer& optimizer) { optimizer.options.weight_decay = 0.5; };

 public:
  GroupContract(Make& make, const Model& start, std::uint64_t seed) : make_(make), start_(start), seed_(seed) {}

  /// The clauses that do not hold; empty where all do.
  std::vector<std::string> check() {
    clause("groups", [&] { frozen(); });
    clause("groups", [&] { as_option("rate", {.rate = 0.5}, [](auto& own) { own.learning_rate *= 0.5; }); });
    if constexpr (decays)
      clause("groups",
             [&] { as_option("weight_decay", {.weight_decay = 0.5}, [](auto& own) { own.weight_decay = 0.5; }); });
    if constexpr (gathers) clause("groups", [&] { tied(); });
    expect(gathers, "groups: there are no `gather(gradient)` and `tie(model)`");
    return std::move(broken_);
  }

 private:
  /// The name of the first tensor that has numbers.
  std::string first_tensor() const {
    std::string first;
    const auto find = [&](const std::string& name, const auto& tensor) {
      if (first.empty() && tensor.size() != 0) first = name;
    };
    for_each_tensor(find, start_);
    return first;
  }
  static Matrix<Scalar> tensor(const Model& model, const std::string& name) {
    Matrix<Scalar> result;
    const auto find = [&](const std::string& of, const auto& values) {
      if (of == name) result = values;
    };
    for_each_tensor(find, model);
    return result;
  }
  static void set(Model& model, const std::string& name, const Matrix<Scalar>& values) {
    const auto find = [&](const std::string& of, auto& to) {
      if (of == name) to = values;
    };
    for_each_tensor(find, model);
  }

  /// A frozen tensor stays, whatever its gradient is, and only this one.
  void frozen() {
    Model model = start_, gradient = drawn(start_, seed_ + 1);
    Optimizer optimizer = make_(model);
    const std::string still = first_tensor();
    const Matrix<Scalar> spoilt = tensor(start_, still) * std::numeric_limits<Scalar>::quiet_NaN();
    set(gradient, still, spoilt);
    optimizer.options.groups = {{.names = still, .frozen = true}};
    optimizer.step(model, gradient);
    const auto compare = [&](const std::string& name, const auto& then, const auto& now) {
      if (name == still) expect(then == now, "groups: a frozen tensor moves");
      if (name != still && now.size() > 0)
        expect(then != now, "groups: beside a frozen tensor " + name + " does not move");
    };
    for_each_tensor(compare, start_, model);
    if constexpr (gathers) {
      optimizer.gather(gradient);
      expect(std::isfinite(global_norm(gradient)), "groups: gather leaves the gradient of a frozen tensor");
    }
    optimizer.options.groups.clear();
    optimizer.step(model, drawn(start_, seed_ + 2));
    expect(std::isfinite(global_norm(model)), "groups: the gradient of a frozen tensor moves others, or its moments");
  }

  /// What a group sets is as the optimizer's own option, which `change` sets, and moves no other tensor.
  template <class Change>
  void as_option(const std::string& what, ParameterGroup group, Change change) {
    Model model = start_, before = start_, changed = start_;
    const Model gradient = drawn(start_, seed_ + 1);
    Optimizer optimizer = make_(model), of_before = make_(before), of_changed = make_(changed);
    const std::string chosen = first_tensor();
    group.names = chosen;
    change(of_changed.options);
    optimizer.options.groups = {group};
    optimizer.step(model, gradient);
    of_before.step(before, gradient);
    of_changed.step(changed, gradient);
    const auto compare = [&](const std::string& name, const auto& now, const auto& otherwise, const auto& alone) {
      if (name == chosen) expect(now == alone, "groups: a group's " + what + " does not do what the option does");
      if (name != chosen)
        expect(now == otherwise, "groups: beside a group's " + what + " " + name + " moves otherwise");
    };
    for_each_tensor(compare, model, before, changed);
  }

  /// Two tensors that are tied stay equal, and move by the sum of their gradients as one tensor does.
  void tied() {
    Model model = start_;
    const auto [tied, to] = make_alike(model);
    if (tied.empty()) return;
    model = drawn(model, seed_);
    Model gradient = drawn(model, seed_ + 1), sum = gradient;
    set(sum, to, tensor(gradient, to) + tensor(gradient, tied));
    set(sum, tied, Matrix<Scalar>::Zero(tensor(gradient, to).rows(), tensor(gradient, to).cols()));
    Model alone = model;
    Optimizer optimizer = make_(model), of_alone = make_(alone);
    optimizer.options.groups = {{.names = tied, .tied_to = to}};
    optimizer.tie(model);
    expect(tensor(model, tied) == tensor(alone, to), "groups: tie does not make tied tensors equal");
    optimizer.gather(gradient);
    expect(same(gradient, sum), "groups: gather does not leave the sum of the gradients of tied tensors");
    optimizer.step(model, gradient);
    of_alone.step(alone, sum);
    expect(tensor(model, to) == tensor(alone, to), "groups: tied tensors do not move by the sum of their gradients");
    expect(tensor(model, tied) == tensor(model, to), "groups: a step leaves tied tensors apart");
  }
  /// Gives the first tensor that can have it the shape of the last one; returns their names, or none.
  static std::pair<std::string, std::string> make_alike(Model& model) {
    std::string first, last;
    Index rows = 0, cols = 0;
    const auto find = [&](const std::string& name, const auto& tensor) {
      if (tensor.size() != 0) last = name, rows = tensor.rows(), cols = tensor.cols();
    };
    for_each_tensor(find, model);
    const auto fits = [](int fixed, Index size) { return fixed == Eigen::Dynamic || fixed == size; };
    const auto change = [&]<class Tensor>(const std::string& name, Tensor& tensor) {
      if (!first.empty() || name == last || tensor.size() == 0) return;
      if (!fits(Tensor::RowsAtCompileTime, rows) || !fits(Tensor::ColsAtCompileTime, cols)) return;
      tensor.resize(rows, cols);
      first = name;
    };
    for_each_tensor(change, model);
    return {first, last};
  }

  Make& make_;
  const Model& start_;
  std::uint64_t seed_;
};

}  // namespace unroll::inline UNROLL_TARGET::testing::detail
