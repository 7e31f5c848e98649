#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <deque>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "unroll/training/line_search.hpp"
#include "unroll/training/objective.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The options of `minimize`.
struct LbfgsOptions {
  Index iterations = 100;            ///< steps at most, each of a few evaluations
  Index memory = 10;                 ///< steps that it learns the loss's curvature from, at least 1
  double gradient_tolerance = 1e-7;  ///< it ends where no number of the gradient is larger
  double change_tolerance = 1e-9;    ///< it ends where a step changes the loss, or each weight, by no more
};

/// Why `minimize` ended: the gradient is small, a step changed hardly anything or found nothing lower, all iterations
/// are done, or the loss or gradient that it began with was not finite.
enum class LbfgsEnd { converged, no_change, iterations, not_finite };

/// How a call of `minimize` ended.
struct LbfgsReport {
  LbfgsEnd end = LbfgsEnd::converged;  ///< why
  double loss = 0;                     ///< of the model as it is left
  double gradient = 0;                 ///< the largest number of its gradient, without its sign
  Index iterations = 0;                ///< steps done
  Index evaluations = 0;               ///< losses and gradients taken
  std::string problem = {};            ///< what is not finite
};

namespace detail {

/// All numbers of a model, one tensor after the other.
template <class Model>
Vector<double> flattened(const Model& model) {
  Vector<double> all(parameter_count(model));
  Index at = 0;
  const auto copy = [&](const std::string&, const auto& tensor) {
    for (Index i = 0; i < tensor.size(); ++i) all[at++] = static_cast<double>(tensor.data()[i]);
  };
  for_each_tensor(copy, model);
  return all;
}

template <class Model>
void set_flattened(Model& model, const Vector<double>& all) {
  Index at = 0;
  const auto copy = [&](const std::string&, auto& tensor) {
    for (Index i = 0; i < tensor.size(); ++i)
      tensor.data()[i] = static_cast<std::remove_cvref_t<decltype(tensor.data()[i])>>(all[at++]);
  };
  for_each_tensor(copy, model);
}

/// The last steps and what they did to the gradient, in place of the inverse of the Hessian.
class LbfgsMemory {
 public:
  explicit LbfgsMemory(Index most) : most_(static_cast<std::size_t>(most)) {}

  /// A step that would not leave the inverse positive definite is left out.
  void add(Vector<double> step, Vector<double> change) {
    const double product = step.dot(change), square = change.squaredNorm();
    if (!(product > 1e-10 * square)) return;
    if (pairs_.size() == most_) pairs_.pop_front();
    pairs_.push_back({std::move(step), std::move(change), 1 / product});
    scale_ = product / square;
  }

  /// Minus the inverse times the gradient (algorithm 7.4).
  Vector<double> direction(const Vector<double>& gradient) const {
    Vector<double> d = -gradient;
    std::vector<double> alpha(pairs_.size());
    for (std::size_t k = pairs_.size(); k-- > 0;) {
      alpha[k] = pairs_[k].rho * pairs_[k].step.dot(d);
      d -= alpha[k] * pairs_[k].change;
    }
    d *= scale_;
    for (std::size_t k = 0; k < pairs_.size(); ++k)
      d += (alpha[k] - pairs_[k].rho * pairs_[k].change.dot(d)) * pairs_[k].step;
    return d;
  }

 private:
  struct Pair {
    Vector<double> step, change;
    double rho;
  };

  std::size_t most_;
  std::deque<Pair> pairs_;
  double scale_ = 1;
};

/// One call of minimize.
template <class Model, class Loss>
class Lbfgs {
 public:
  Lbfgs(Model& model, Loss& loss, const LbfgsOptions& options)
      : model_(model), loss_(loss), options_(options), trial_(model), gradient_(model), memory_(options.memory) {}

  LbfgsReport run() {
    LinePoint now = evaluate(flattened(model_));
    if (!now.finite()) report_.problem = text("the ", std::isfinite(now.loss) ? "gradient" : "loss", " is not finite");
    report_.end = now.finite() ? go_down(now) : LbfgsEnd::not_finite;
    set_flattened(model_, now.weights);
    report_.loss = now.loss;
    report_.gradient = largest(now.gradient);
    return report_;
  }

 private:
  static double largest(const Vector<double>& v) { return v.template lpNorm<Eigen::Infinity>(); }

  LinePoint evaluate(const Vector<double>& weights) {
    set_flattened(trial_, weights);
    set_zero(gradient_);
    ++report_.evaluations;
    LinePoint point;
    point.loss = loss_(std::as_const(trial_), gradient_);
    require_same_shape("minimize", model_, gradient_);
    point.weights = flattened(trial_);
    point.gradient = flattened(gradient_);
    return point;
  }

  LbfgsEnd go_down(LinePoint& now) {
    for (;;) {
      if (largest(now.gradient) <= options_.gradient_tolerance) return LbfgsEnd::converged;
      if (report_.iterations == options_.iterations) return LbfgsEnd::iterations;
      LinePoint next = search(now);
      if (next.at == 0) return LbfgsEnd::no_change;
      ++report_.iterations;
      Vector<double> step = next.weights - now.weights;
      const double change = (std::min)(largest(step), std::abs(next.loss - now.loss));
      memory_.add(std::move(step), next.gradient - now.gradient);
      now = std::move(next);
      if (change <= options_.change_tolerance) return LbfgsEnd::no_change;
    }
  }

  /// The next point; `now`, with at = 0, where nothing lower was found.
  LinePoint search(LinePoint& now) {
    const Vector<double> direction = memory_.direction(now.gradient);
    now.at = 0;
    now.slope = now.gradient.dot(direction);
    const auto along = [&](double at) {
      LinePoint point = evaluate(now.weights + at * direction);
      point.at = at;
      point.slope = point.gradient.dot(direction);
      return point;
    };
    const double first = report_.iterations == 0 ? (std::min)(1.0, 1 / now.gradient.template lpNorm<1>()) : 1;
    return WolfeSearch(now, along, options_.change_tolerance / largest(direction)).from(first);
  }

  Model& model_;
  Loss& loss_;
  const LbfgsOptions& options_;
  Model trial_, gradient_;
  LbfgsMemory memory_;
  LbfgsReport report_;
};

/// The mean loss over all data and its gradient, without noise; keeps buffers from call to call.
template <class Model, class Data, class Objective>
class WholeLoss {
 public:
  WholeLoss(const Model& model, const Data& data, Objective objective)
      : data_(data), objective_(std::move(objective)), order_(data.order(std::nullopt)), part_(model) {}

  double operator()(const Model& model, Model& gradient) {
    auto carried = state_for(model);
    double sum = 0, count = 0;
    MeanGradient mean;
    for (Index k = 0; k < data_.batches(); ++k) {
      ObjectivePass<Model> pass{.carried = std::move(carried)};
      set_zero(part_);
      const ExampleLoss loss = ask(objective_, model, data_.example(k, order_), pass, &part_);
      if (!std::isfinite(loss.mean)) return loss.mean;
      mean.add(gradient, part_, loss.count);
      sum += loss.count * loss.mean;
      count += loss.count;
      carried = std::move(pass.carried);
    }
    require(count > 0, "minimize: the data weigh nothing");
    mean.divide(gradient);
    return sum / count;
  }

  const Objective& objective() const { return objective_; }

 private:
  const Data& data_;
  Objective objective_;
  std::vector<Index> order_;
  Model part_;
};

}  // namespace detail

/// Lowers a loss over all data at once by L-BFGS (Nocedal 1980; Nocedal & Wright 2006, algorithm 7.5). It needs no
/// learning rate; a small model takes some tens of steps where Adam takes thousands.
///
///   minimize(model, [&](const Model& m, Model& gradient) { ...; return loss; }, {.iterations = 50});
///
/// `loss(model, gradient)` returns the loss and adds its gradient to `gradient`, which is zero. It must be the same
/// function at each call: noise would lead the search astray. Steps are taken in double, whatever the model's Scalar.
///
/// The model ends at the lowest loss that was found. Where the loss or gradient that it begins with is not finite, and
/// where `loss` throws, it stays as it was. Throws std::invalid_argument for options that make no sense.
template <Trainable Model, class Loss>
  requires std::is_invocable_r_v<double, Loss&, const Model&, Model&>
LbfgsReport minimize(Model& model, Loss&& loss, const LbfgsOptions& options = {}) {
  detail::require(options.iterations >= 0, "minimize: iterations is ", options.iterations, ", expected at least 0");
  detail::require(options.memory >= 1, "minimize: memory is ", options.memory, ", expected at least 1");
  detail::require(options.gradient_tolerance >= 0 && options.change_tolerance >= 0, "minimize: the tolerances are ",
                  options.gradient_tolerance, " and ", options.change_tolerance, ", expected at least 0");
  return detail::Lbfgs(model, loss, options).run();
}

/// The same for the mean loss over the data in the order that they have, by a loss or an Objective, without dropout.
template <Trainable Model, DataSource Data, class Loss>
LbfgsReport minimize(Model& model, const Data& data, const Loss& loss, const LbfgsOptions& options = {}) {
  detail::WholeLoss whole(model, data, detail::as_objective<Model, Data>(loss));
  LbfgsReport report = minimize(model, whole, options);
  if (report.end == LbfgsEnd::not_finite)
    report.problem = detail::not_finite(std::isfinite(report.loss) ? "gradient" : "loss", whole.objective(), model);
  return report;
}

}  // namespace unroll::inline UNROLL_TARGET
