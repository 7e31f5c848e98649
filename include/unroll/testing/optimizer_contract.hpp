#pragma once

#include <cmath>
#include <concepts>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "unroll/layers/dense.hpp"
#include "unroll/testing/allocations.hpp"
#include "unroll/testing/clauses.hpp"
#include "unroll/testing/group_contract.hpp"

namespace unroll::inline UNROLL_TARGET::testing {

/// The options of broken_optimizer_clauses.
struct OptimizerContractOptions {
  Index steps = 100;       ///< that bring every tensor nearer to the least of a quadratic loss
  std::uint64_t seed = 1;  ///< of parameters and gradients
};

namespace detail {

template <class Model, class Make>
class OptimizerContract : Clauses {
 public:
  OptimizerContract(Make make, const Model& model, const OptimizerContractOptions& options)
      : make_(std::move(make)), options_(options), start_(drawn(model, 0)) {}

  /// The clauses that do not hold; empty where all do.
  std::vector<std::string> check() {
    clause("descent", [&] { descent(); });
    clause("bits", [&] { bits(); });
    clause("copy", [&] { copy(); });
    clause("learning rate", [&] { learning_rate(); });
    clause("weight decay", [&] { weight_decay(); });
    clause("zeros", [&] { zeros(); });
    clause("empty tensor", [&] { empty_tensor(); });
    clause("refusals", [&] { refusals(); });
    clause("memory", [&] { memory(); });
    clause("files", [&] { files(); });
    clause("groups", [&] { groups(); });
    return std::move(broken_);
  }

 private:
  using Optimizer = std::remove_cvref_t<std::invoke_result_t<Make&, const Model&>>;
  using Scalar = typename Model::Scalar;
  static constexpr bool visits = requires(Optimizer& to, const Optimizer& from) {
    Optimizer::visit(unroll::detail::AnyVisitor(), std::string(), to, from);
  };

  /// A model and the optimizer that moves it.
  struct Run {
    Model model;
    Optimizer optimizer;
  };

  /// Numbers in a model's shapes, others for another k.
  Model drawn(const Model& shapes, std::uint64_t k) const { return detail::drawn(shapes, options_.seed + k); }
  /// Gives the first tensor whose rows are not fixed one more row, or none; returns whether there is one.
  static bool resize(Model& model, bool more) {
    bool found = false;
    const auto change = [&]<class Tensor>(const std::string&, Tensor& tensor) {
      if constexpr (Tensor::RowsAtCompileTime == Eigen::Dynamic)
        if (!std::exchange(found, true)) tensor.resize(more ? tensor.rows() + 1 : 0, tensor.cols());
    };
    for_each_tensor(change, model);
    return found;
  }

  void go(Run& run, std::uint64_t from, std::uint64_t to) const {
    for (std::uint64_t k = from; k < to; ++k) run.optimizer.step(run.model, drawn(run.model, k + 1));
  }
  /// A run after some steps. It is made anew each time: a copy may be what is broken.
  Run after(std::uint64_t steps) {
    Run run{start_, make_(start_)};
    go(run, 0, steps);
    return run;
  }
  /// Whether two runs of three steps have the same bits, now and after three more.
  bool go_on_alike(Run& a, Run& b) const {
    if (!same(a.model, b.model)) return false;
    go(a, 3, 6);
    go(b, 3, 6);
    return same(a.model, b.model);
  }

  void descent() {
    Run run = after(0);
    const Model least = drawn(start_, 1);
    for (Index k = 0; k < options_.steps; ++k) {
      Model gradient = run.model;
      unroll::detail::add_scaled(gradient, least, -1);
      run.optimizer.step(run.model, gradient);
    }
    const auto compare = [&](const std::string& name, const auto& then, const auto& now, const auto& at) {
      expect(now.size() == 0 || (now - at).norm() < (then - at).norm(),
             "descent: " + name + " comes no nearer to the least of a quadratic loss");
    };
    for_each_tensor(compare, start_, run.model, least);
  }

  void bits() {
    Run a = after(3), b = after(3);
    expect(go_on_alike(a, b), "bits: two that are made alike move a model in two ways");
  }

  void copy() {
    Run whole = after(3), run = after(3), alike = run;
    expect(go_on_alike(whole, alike), "copy: it does not go on to the same bits");
    Run again = after(3), apart = after(3), other = apart;
    go(other, 7, 9);
    expect(go_on_alike(again, apart), "copy: its steps change the optimizer that it was copied from");
  }

  void learning_rate() {
    Run still = after(0);
    still.optimizer.options.learning_rate = 0;
    go(still, 0, 1);
    expect(same(still.model, start_), "learning rate: the first step moves a parameter though the rate is 0");
    Run whole = after(3), half = after(3);
    half.optimizer.options.learning_rate *= 0.5;
    expect(!go_on_alike(whole, half), "learning rate: after some steps another one changes nothing");
  }

  void weight_decay() {
    if constexpr (requires(Optimizer& optimizer) { optimizer.options.weight_decay = 0.5; }) {
      Run run = after(0);
      run.optimizer.options.weight_decay = 0.5;
      run.optimizer.step(run.model, zeros_like(run.model));
      const auto compare = [&](const auto& name, const auto& then, const auto& now) {
        expect(kind_of(name) != TensorKind::weight || now.size() == 0 || now.norm() < then.norm(),
               "weight decay: without a gradient " + name + " becomes no smaller");
      };
      for_each_tensor(compare, start_, run.model);
    }
  }

  /// As an embedding has for tokens that do not occur.
  void zeros() {
    Run first = after(0);
    first.optimizer.step(first.model, zeros_like(first.model));
    expect(std::isfinite(global_norm(first.model)), "zeros: a gradient of zeros gives what is not finite");
  }

  /// As the recurrent weights of cells that have none.
  void empty_tensor() {
    Model model = start_;
    if (!resize(model, false) || parameter_count(model) == 0) return;
    Run run{model, make_(model)};
    go(run, 0, 3);
    expect(std::isfinite(global_norm(run.model)) && !same(run.model, model),
           "empty tensor: the others do not move as they should");
  }

  void refusals() {
    Run run = after(3), untouched = after(3);
    Model larger = start_;
    if (!resize(larger, true)) return;
    larger = drawn(larger, 1);
    expect_throw<std::invalid_argument>([&] { run.optimizer.step(run.model, larger); },
                                        "refusals: a step takes a gradient of another shape");
    expect(go_on_alike(run, untouched), "refusals: a refused step changes the model or the optimizer");
  }

  /// Each allocation of a step fails in its turn.
  void memory() {
    const Model gradient = drawn(start_, 4);
    bool failed = counts_allocations;
    for (long n = 1; failed; ++n) {
      Run run = after(3), untouched = after(3);
      failed = false;
      fail_allocation(n);
      try {
        run.optimizer.step(run.model, gradient);
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      fail_allocation(0);
      if (failed && !go_on_alike(run, untouched))
        return expect(false, "memory: a step that runs out of memory changes the model or the optimizer");
    }
  }

  void files() {
    expect(requires(const Optimizer& optimizer) { optimizer.name(); }, "files: there is no `name()`");
    if constexpr (visits) return restored();
    expect(visits, "files: there is no `static void visit(f, prefix, optimizers&...)`");
  }
  /// What `visit` shows goes over into a new optimizer, as a file gives it back.
  void restored() {
    Run saved = after(3);
    saved.optimizer.options.learning_rate *= 0.5;
    const double rate = saved.optimizer.options.learning_rate;
    Run loaded{saved.model, make_(start_)};
    const auto load = [&](const std::string& name, auto&& to, const auto& from) {
      expect(name.starts_with("prefix."), "files: the name " + name + " does not begin with the prefix");
      if constexpr (requires { to.rows(); } && !requires { to.tensor; })  // not an AnyShape
        expect(to.rows() == from.rows() && to.cols() == from.cols(),
               "files: " + name + " has another shape in a new optimizer");
      to = from;
    };
    Optimizer::visit(load, "prefix.", loaded.optimizer, std::as_const(saved.optimizer));
    expect(loaded.optimizer.options.learning_rate == rate, "files: visit does not show options.learning_rate");
    loaded.optimizer.options.learning_rate = rate;
    if constexpr (requires { loaded.optimizer.require_valid(); }) {
      loaded.optimizer.require_valid();
      for (const std::string number : {"steps", "learning_rate"}) refused(loaded.optimizer, number);
    }
    expect(go_on_alike(saved, loaded), "files: from what visit shows it does not go on to the same bits");
  }

  /// A file may hold any number.
  void refused(Optimizer optimizer, const std::string& number) {
    bool shown = false;
    const auto spoil = [&](const std::string& name, auto&& value) {
      if constexpr (std::is_signed_v<std::remove_cvref_t<decltype(value)>>)
        if (name == number) value = -1, shown = true;
    };
    Optimizer::visit(spoil, "", optimizer);
    if (shown)
      expect_throw<std::invalid_argument>([&] { optimizer.require_valid(); },
                                          "files: require_valid takes a number of -1 for " + number);
  }

  void groups() {
    if constexpr (requires(Optimizer& optimizer) { optimizer.options.groups = std::vector<ParameterGroup>(); })
      for (const std::string& broken : GroupContract<Model, Make>(make_, start_, options_.seed).check())
        broken_.push_back(broken);
  }

  Make make_;
  OptimizerContractOptions options_;
  Model start_;
};

}  // namespace detail

/// Tests an optimizer in one line. `make` takes a model and returns its optimizer, without groups; the model's numbers
/// are drawn. Tested is what `fit`, checkpoints and groups ask for: steps come nearer to the least of a quadratic loss;
/// two that are made alike, and a copy, go on to the same bits; a learning rate is obeyed, whenever it is set; if the
/// options have a weight_decay, it shrinks weights; gradients of zeros and empty tensors do no harm; a gradient of
/// another shape is refused with std::invalid_argument; a refusal, or memory that runs out (where
/// `counts_allocations`), changes nothing; what `visit` shows a file goes on to the same bits, and `require_valid`, if
/// there is one, refuses steps and a learning rate below 0; and if the options have groups, a frozen tensor stays as it
/// is, a group's rate and weight_decay are as options of its own, and tied tensors move as one. Returns the clauses
/// that do not hold; what else is thrown stands there too.
///
///   const auto make = [](const auto& model) { return MyOptimizer(model, {.learning_rate = 1e-2}); };
///   CHECK(unroll::testing::broken_optimizer_clauses(make, my_model) == std::vector<std::string>{});
template <class Make, Trainable Model>
std::vector<std::string> broken_optimizer_clauses(Make make, const Model& model,
                                                  const OptimizerContractOptions& options = {}) {
  using Optimizer = std::remove_cvref_t<std::invoke_result_t<Make&, const Model&>>;
  static_assert(std::copyable<Optimizer>, "an optimizer is a value that can be copied");
  static_assert(
      requires(Optimizer& optimizer, Model& moved) { optimizer.step(moved, model); },
      "an optimizer needs `void step(Model& model, const Model& gradient)`");
  static_assert(
      requires(Optimizer& optimizer) { optimizer.options.learning_rate = 0.5; },
      "an optimizer needs a member `options` that has a `learning_rate`");
  return detail::OptimizerContract<Model, Make>(std::move(make), model, options).check();
}
/// The same with a Dense from 5 to 3 in double.
template <class Make>
std::vector<std::string> broken_optimizer_clauses(Make make, const OptimizerContractOptions& options = {}) {
  return broken_optimizer_clauses(std::move(make), Dense<double>::zeros(5, 3), options);
}

}  // namespace unroll::inline UNROLL_TARGET::testing
