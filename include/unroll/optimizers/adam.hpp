#pragma once

#include <cmath>

#include "unroll/core/parameters.hpp"

namespace unroll {

struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

/// Adam (Kingma & Ba 2015, algorithm 1), for each parameter w with gradient g in step t:
///
///   m = beta1 m + (1 - beta1) g     v = beta2 v + (1 - beta2) g^2
///   w = w - learning_rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// A value: it owns both moments, which are models of the same type.
template <class Model>
class Adam {
 public:
  AdamOptions options;

  explicit Adam(const Model& model, AdamOptions how = {}) : options(how), m_(zeros_like(model)), v_(m_) {}

  Index steps() const { return steps_; }

  /// Moves the model. Throws std::invalid_argument where the shapes differ; nothing is changed then.
  void step(Model& model, const Model& gradient) {
    detail::require_same_shape("Adam::step", model, gradient);
    detail::require_same_shape("Adam::step", model, m_);
    ++steps_;
    const double correction1 = 1 - std::pow(options.beta1, static_cast<double>(steps_));
    const double correction2 = 1 - std::pow(options.beta2, static_cast<double>(steps_));
    const auto move = [&](const std::string&, auto& w, const auto& g, auto& m, auto& v) {
      using Scalar = typename std::remove_cvref_t<decltype(w)>::Scalar;
      const Scalar beta1 = static_cast<Scalar>(options.beta1), rest1 = static_cast<Scalar>(1 - options.beta1);
      const Scalar beta2 = static_cast<Scalar>(options.beta2), rest2 = static_cast<Scalar>(1 - options.beta2);
      const Scalar rate = static_cast<Scalar>(options.learning_rate / correction1);
      const Scalar scale = static_cast<Scalar>(1 / std::sqrt(correction2));
      const Scalar epsilon = static_cast<Scalar>(options.epsilon);
      for (Index i = 0; i < w.size(); ++i) {
        const Scalar gi = g.data()[i];
        Scalar& mi = m.data()[i];
        Scalar& vi = v.data()[i];
        mi = beta1 * mi + rest1 * gi;
        vi = beta2 * vi + rest2 * gi * gi;
        w.data()[i] -= rate * mi / (std::sqrt(vi) * scale + epsilon);
      }
    };
    for_each_tensor(move, model, gradient, m_, v_);
  }

 private:
  Model m_;
  Model v_;
  Index steps_ = 0;
};

}  // namespace unroll
