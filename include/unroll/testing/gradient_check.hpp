#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "unroll/layers/layer.hpp"
#include "unroll/layers/states.hpp"
#include "unroll/training/objective.hpp"

/// Checks for your own cells, layers and objectives, with any test framework.
namespace unroll::inline UNROLL_TARGET::testing {

/// The outcome of a comparison with central differences.
struct GradientReport {
  double worst = 0;        ///< the largest relative error
  std::string where = {};  ///< the tensor and entry that has it
  Index compared = 0;      ///< entries compared
};

/// The options of check_gradient.
struct GradientCheckOptions {
  double step = 1e-3;             ///< h of the differences; where they are off, a tenth and a hundredth of it are tried
  Index entries = 60;             ///< compared in each tensor; if it has more, they are drawn at random
  bool input = true;              ///< whether dL/dx is compared: not for tokens
  std::uint64_t seed = 1;         ///< of the loss's weights and the drawn entries
  ForwardOptions forward = {};    ///< of the layer's forward pass
  BackwardOptions backward = {};  ///< of the layer's backward pass
};

/// Compares entries of `gradient` with the five-point difference of the loss,
///
///   (8 (L(w + h) - L(w - h)) - (L(w + 2h) - L(w - 2h))) / 12 h
///
/// The error is relative to the larger of the two values, or to a thousandth of the tensor's largest where both are
/// smaller. An entry that is off with h is also compared with h / 10 and h / 100, which may not reach across a kink (of
/// ReLU, say); the best result counts. `values` is changed and put back. Throws std::invalid_argument where `entries`
/// is not above 0.
template <class Loss>
void compare_with_differences(const std::string& name, double* values, const double* gradient, Index size, Loss loss,
                              const GradientCheckOptions& options, Random& random, GradientReport& report) {
  unroll::detail::require(options.entries > 0, "a gradient's check: entries is ", options.entries,
                          ", expected more than 0");
  double largest = 0;
  for (Index i = 0; i < size; ++i) largest = (std::max)(largest, std::abs(gradient[i]));
  for (Index k = 0; k < (std::min)(size, options.entries); ++k) {
    const Index i = size <= options.entries ? k : static_cast<Index>(random.uniform() * static_cast<double>(size));
    const double kept = values[i];
    double numeric = 0, error = std::numeric_limits<double>::infinity();
    for (double step = options.step; step > options.step / 200 && error > 1e-8; step /= 10) {
      const auto at = [&](double steps) {
        values[i] = kept + steps * step;
        return loss();
      };
      const double slope = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step);
      const double scale = (std::max)({std::abs(slope), std::abs(gradient[i]), 1e-3 * largest, 1e-9});
      const double off = std::abs(slope - gradient[i]) / scale;
      if (off >= error) continue;
      numeric = slope;
      error = off;  // NaN too
    }
    values[i] = kept;
    ++report.compared;
    if (error <= report.worst || std::isnan(report.worst)) continue;
    report.worst = error;  // NaN too, which stays
    report.where = unroll::detail::text(name, "[", i, "] = ", gradient[i], ", differences give ", numeric);
  }
}

namespace detail {

/// Throws std::invalid_argument where a gradient has not the shape of what it is the gradient of.
template <class Values, class Gradient>
void require_alike(const std::string& name, const Values& values, const Gradient& gradient) {
  unroll::detail::require(values.size() == 0 || (gradient.rows() == values.rows() && gradient.cols() == values.cols()),
                          "the gradient of ", name, " is ", gradient.rows(), " x ", gradient.cols(), ", expected ",
                          values.rows(), " x ", values.cols());
}

}  // namespace detail

/// rows x cols numbers, uniform in [-1, 1).
inline Matrix<double> random_matrix(Index rows, Index cols, Random& random) {
  Matrix<double> result(rows, cols);
  for (Index i = 0; i < result.size(); ++i) result.data()[i] = random.uniform(1);
  return result;
}

/// A linear loss on the outputs and the final state, L = sum(d_y y) + sum(d_final final): its gradients are the
/// weights.
template <class Model>
struct LinearLoss {
  Matrix<double> d_y;             ///< of the outputs' shape
  typename Model::State d_final;  ///< of the final state's shape

  /// L.
  double operator()(const Output<double>& y, const typename Model::State& final_state) const {
    double loss = 0;
    const auto add = [&](const auto& weights, const auto& values) {
      for (Index i = 0; i < weights.size(); ++i) loss += weights.data()[i] * values.data()[i];
    };
    add(d_y, y);
    for_each_state(add, d_final, final_state);
    return loss;
  }
};

/// Checks all gradients of a layer or model against central differences: parameters, x, and the initial state. That one
/// is `initial`, by default zeros; only its matrices that are not empty are checked.
///
///   CHECK(check_gradient(model, x, Batch{.size = 3}).worst <= 1e-7);
///
/// Throws std::invalid_argument where a gradient has another shape than it should.
template <Layer Model>
GradientReport check_gradient(Model model, Matrix<double> x, const Batch& batch = {},
                              const GradientCheckOptions& options = {}, typename Model::State initial = {}) {
  static_assert(std::is_same_v<typename Model::Scalar, double>, "a gradient is checked in double");
  Random random(options.seed);
  typename Model::Tape tape;
  const Output<double> y = model.forward(x, tape, batch, initial, options.forward);
  LinearLoss<Model> loss{random_matrix(y.rows(), y.cols(), random), tape.final_state};
  for_each_state([&](auto& d) { d = random_matrix(d.rows(), d.cols(), random); }, loss.d_final);

  Model gradient = zeros_like(model);
  const Matrix<double> d_x = model.backward(x, loss.d_y, tape, gradient, options.backward, loss.d_final);
  typename Model::State d_initial = tape.d_initial;

  GradientReport report;
  const auto evaluate = [&] { return loss(model.forward(x, tape, batch, initial, options.forward), tape.final_state); };
  const auto compare = [&](const std::string& name, auto& values, const auto& d) {
    detail::require_alike(name, values, d);
    compare_with_differences(name, values.data(), d.data(), values.size(), evaluate, options, random, report);
  };
  for_each_tensor(compare, model, gradient);
  if (options.input) compare("x", x, d_x);
  for_each_state([&](auto& values, const auto& d) { compare("initial state", values, d); }, initial, d_initial);
  return report;
}

/// Checks the gradient that an objective makes of an example against central differences: the model's parameters.
/// `carried` is what the example before left.
///
///   CHECK(check_objective(model, example, MyObjective()).worst <= 1e-7);
template <Trainable Model, class Example, Objective<Model, Example> Mine>
GradientReport check_objective(Model model, const Example& example, Mine objective,
                               const GradientCheckOptions& options = {}, const CarriedState<Model>& carried = {}) {
  static_assert(std::is_same_v<typename Model::Scalar, double>, "a gradient is checked in double");
  const auto mean = [&](Model* gradient) {
    ObjectivePass<Model> pass{carried, options.forward, options.backward};
    return objective(model, example, pass, gradient).mean;
  };
  Model gradient = zeros_like(model);
  mean(&gradient);
  GradientReport report;
  Random random(options.seed);
  const auto compare = [&](const std::string& name, auto& values, const auto& d) {
    detail::require_alike(name, values, d);
    compare_with_differences(
        name, values.data(), d.data(), values.size(), [&] { return mean(nullptr); }, options, random, report);
  };
  for_each_tensor(compare, model, gradient);
  return report;
}

}  // namespace unroll::inline UNROLL_TARGET::testing
