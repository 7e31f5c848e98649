#pragma once

#include <cmath>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>

#include "unroll/data/example.hpp"
#include "unroll/layers/states.hpp"
#include "unroll/losses/function_loss.hpp"
#include "unroll/training/measures.hpp"

namespace unroll::inline UNROLL_TARGET {

/// What an objective makes of one example.
struct ExampleLoss {
  double mean = 0;   ///< the loss, a mean over all that counts
  double count = 0;  ///< how much counts: the weight of this example in a mean over several
};

/// What an objective is given beside model, example and gradient.
template <class Model>
struct ObjectivePass {
  /// The state that the example before left, for one that goes on from it. The objective leaves here its own final
  /// state.
  CarriedState<Model> carried = {};
  ForwardOptions forward = {};    ///< with this pass's noise; unrecorded where no gradient is asked for
  BackwardOptions backward = {};  ///< of FitOptions
  Measures* measures = nullptr;   ///< not owned; where it is given, metrics are asked for

  /// Gives the outputs to the metrics that are asked for, if any are. Throws what `Measures::add` throws.
  template <class Y, class Target>
  void measure(const Eigen::DenseBase<Y>& y, const Eigen::DenseBase<Target>& target, const Batch& batch = {},
               const std::vector<double>& weights = {}) {
    if (measures) measures->add(y, target, batch, weights);
  }
};

/// Any way to compute the loss of one example and its gradient; `fit` and `evaluate` ask for one. It is called as
///
///   objective(model, example, pass, gradient)      -> ExampleLoss
///
/// and adds the gradient of its mean loss to `*gradient`, a value of the model's type; where that is null, the loss
/// alone is asked for. `fit` works with a copy, which may keep tapes and buffers from call to call; pass std::ref to
/// keep your own. Optional, as members of what is passed:
///
///   find_non_finite(model)             where the last call met the first number that is not finite, for the report
///   require_fits(model, example)       throws std::invalid_argument before anything is changed
template <class O, class Model, class Example>
concept Objective = std::copy_constructible<O> && requires(O& objective, const Model& model, const Example& example,
                                                           ObjectivePass<Model>& pass, Model* gradient) {
  { objective(model, example, pass, gradient) } -> std::same_as<ExampleLoss>;
};

namespace detail {

/// The objective of a layer and a loss: forward, loss, backward.
template <Layer Model, class Loss>
struct LossObjective {
  using Scalar = typename Model::Scalar;

  Loss loss;
  typename Model::Tape tape = {};
  Matrix<Scalar> d_y = {};
  std::optional<NonFinite> bad_input = {};  ///< where the last example's x is not finite

  ExampleLoss operator()(const Model& model, const Example<Scalar>& e, ObjectivePass<Model>& pass, Model* gradient) {
    const Batch& batch = e.batch;
    Batch begun = batch;
    begun.continues = batch.continues && !is_empty(pass.carried);  // not where the examples before were left out
    const auto y =
        model.forward(e.x, tape, begun, begun.continues ? pass.carried : typename Model::State(), pass.forward);
    const ExampleLoss result{loss(y, e.target, d_y, batch, e.weights), loss.count(e.target, batch, e.weights)};
    pass.measure(y, e.target, batch, e.weights);
    pass.carried = tape.final_state;
    bad_input = std::nullopt;
    for (Index j = 0; !std::isfinite(result.mean) && !bad_input && j < e.x.cols(); ++j)
      if (batch.active(j, e.x.cols()) && !e.x.col(j).allFinite())
        bad_input = NonFinite{"the data", "x", j / batch.size, j % batch.size, false};
    if (gradient && std::isfinite(result.mean)) model.backward(e.x, d_y, tape, *gradient, pass.backward);
    return result;
  }

  /// The first number that is not finite: in the example itself, else in the model.
  std::optional<NonFinite> find_non_finite(const Model& model) const {
    return bad_input ? bad_input : model.find_non_finite(tape);
  }

  /// Refuses a model that cannot carry its state.
  void require_fits(const Model& model, const Example<Scalar>& e) const {
    if (e.batch.continues) model.require_forward(e.x.rows(), e.x.cols(), e.batch, {});
  }
};

/// Calls the objective on an example. Throws std::invalid_argument for a count that is impossible.
template <class Objective, class Model, class Example>
ExampleLoss ask(Objective& objective, const Model& model, const Example& example, ObjectivePass<Model>& pass,
                Model* gradient) {
  const ExampleLoss loss = objective(model, example, pass, gradient);
  require(!std::isfinite(loss.mean) || (loss.count >= 0 && std::isfinite(loss.count)), "an objective counts ",
          loss.count, ", expected a finite number of at least 0");
  return loss;
}

/// The mean of several gradients, each weighed by its count: their sum, divided once. Counts are in units of a power of
/// two, the largest one's, because one may be too small or too large for a Scalar.
class MeanGradient {
 public:
  /// Adds to a sum that began with zeros.
  template <class Model>
  void add(Model& sum, const Model& part, double count) {
    if (const int unit = count > 0 ? std::ilogb(count) : unit_; total_ == 0 || unit > unit_) {
      if (total_ > 0) scale(sum, std::ldexp(1.0, unit_ - unit));
      total_ = std::ldexp(total_, unit_ - unit);
      unit_ = unit;
    }
    add_scaled(sum, part, std::ldexp(count, -unit_));
    total_ += std::ldexp(count, -unit_);
  }
  /// Makes the mean of the sum; zeros stay where nothing counts.
  template <class Model>
  void divide(Model& sum) const {
    if (total_ > 0) scale(sum, 1 / total_);
  }

 private:
  double total_ = 0;
  int unit_ = 0;  // the exponent of the unit
};

/// The columns of an example, for a rate in steps a second.
template <class Example>
Index columns_of([[maybe_unused]] const Example& example, [[maybe_unused]] const ExampleLoss& loss) {
  if constexpr (requires { example.x.cols(); })
    return example.x.cols();
  else
    return static_cast<Index>(loss.count);
}

/// Whether an example says that it goes on from no other one.
template <class Example>
bool begins_anew([[maybe_unused]] const Example& example) {
  if constexpr (requires { example.batch.continues; })
    return !example.batch.continues;
  else
    return false;
}

template <class E>
inline constexpr bool is_example = false;
template <class Scalar>
inline constexpr bool is_example<Example<Scalar>> = true;

/// Whether L is a loss: with a count, or a function as FunctionLoss calls it.
template <class L, class Scalar>
concept LossOf =
    requires(const L& loss, const Output<Scalar>& y, const Example<Scalar>& e, Matrix<Scalar>& d_y) {
      { loss(y, e.target, d_y, e.batch, e.weights) } -> std::convertible_to<double>;
      { loss.count(e.target, e.batch, e.weights) } -> std::convertible_to<double>;
    } || is_loss_function<L, Scalar> || is_loss_function<L, Scalar, Batch> ||
    is_loss_function<L, Scalar, Batch, std::vector<double>>;

/// A copy of an objective, or the objective of a loss, which is referred to.
template <class Model, DataSource Data, class Given>
auto as_objective(const Given& given) {
  if constexpr (Objective<Given, Model, ExampleOf<Data>>) {
    return given;
  } else {
    using Scalar = typename Model::Scalar;
    static_assert(!is_example<ExampleOf<Data>> || std::same_as<ExampleOf<Data>, Example<Scalar>>,
                  "the data are of other numbers than the model: one is of float, the other of double");
    static_assert(
        Layer<Model> && is_example<ExampleOf<Data>> && LossOf<Given, Scalar>,
        "fit and evaluate take a loss of a Layer's outputs and an Example's target, or a function (y, target, d_y) "
        "that "
        "returns a double and writes d_y, or an objective, called as objective(model, example, pass, gradient) and "
        "returning an ExampleLoss: see training/objective.hpp");
    return LossObjective<Model, decltype(as_loss<Scalar>(given))>{as_loss<Scalar>(given)};
  }
}

/// "the loss is not finite: 0.Lstm: gate i of sample 3 is not finite at step 17 (forward)"
template <class Model, class Objective>
std::string not_finite(const char* what, const Objective& objective, [[maybe_unused]] const Model& model) {
  std::string result = text("the ", what, " is not finite");
  if constexpr (requires { objective.find_non_finite(model); }) {
    const auto found = objective.find_non_finite(model);
    result += ": " + (found ? found->message() : "every layer's numbers are; look at the targets and weights");
  }
  return result;
}

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
