#pragma once

#include "unroll/optimizers/adam_moments.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The options of NAdam; see its formula. The defaults are PyTorch's.
struct NAdamOptions {
  double learning_rate = 2e-3;              ///< the size of a step, at least 0; a schedule of `fit` sets it
  double beta1 = 0.9;                       ///< how much of the mean gradient m stays, at least 0 and less than 1
  double beta2 = 0.999;                     ///< how much of the mean square v stays, at least 0 and less than 1
  double epsilon = 1e-8;                    ///< added to the divisor, at least 0
  double momentum_decay = 4e-3;             ///< how fast the momentum mu rises to beta1, at least 0
  double weight_decay = 0;                  ///< L2: adds weight_decay w to the gradient
  bool decay_biases = true;                 ///< whether weight decay also moves biases and gains
  std::vector<ParameterGroup> groups = {};  ///< tensors that are treated in another way
};

namespace detail {

struct NAdamRule {
  using Options = NAdamOptions;
  static constexpr const char* name = "NAdam";
  static constexpr auto moment_names = AdamMoments<double>::names;
  static constexpr bool decoupled = false;

  static void check(const Options& o) {
    AdamMoments<double>::check(name, o);
    require_not_negative(name, "momentum_decay", o.momentum_decay);
  }

  template <class F>
  static void each_option(F&& f, const Options& o) {
    AdamMoments<double>::each_option(f, o);
    f("momentum_decay", o.momentum_decay);
  }

  template <class Scalar>
  struct Step {
    AdamMoments<Scalar> moments;
    Scalar rate_of_g, rate_of_m, scale;

    Step(const Options& o, double steps)
        : moments(o), scale(static_cast<Scalar>(1 / std::sqrt(1 - std::pow(o.beta2, steps)))) {
      const double fall = std::pow(0.96, o.momentum_decay);
      const auto mu = [&](double power) { return o.beta1 * (1 - 0.5 * power); };
      double product = 1, power = 1;
      // From 1e-20 on, 1 - product is 1.
      for (double t = 1; t <= steps && product > 1e-20; ++t) product *= mu(power *= fall);
      const double now = mu(std::pow(fall, steps)), next = mu(std::pow(fall, steps + 1));
      rate_of_g = static_cast<Scalar>(o.learning_rate * (1 - now) / (1 - product));
      rate_of_m = static_cast<Scalar>(o.learning_rate * next / (1 - product * next));
    }

    template <class V>
    void operator()(V& w, const V& g, V& m, V& v) const {
      moments.add(g, m, v);
      w -= (rate_of_g * g + rate_of_m * m) / divisor(sqrt(v) * scale + moments.epsilon);
    }
  };
};

}  // namespace detail

/// Adam with Nesterov's momentum (Dozat 2016, algorithm 2), as PyTorch has it. In step t:
///
///   m = beta1 m + (1 - beta1) g     v = beta2 v + (1 - beta2) g^2     mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2)
///   w = w - learning_rate ((1 - mu_t) g / (1 - mu_1 ... mu_t) + mu_(t+1) m / (1 - mu_1 ... mu_(t+1)))
///         / (sqrt(v / (1 - beta2^t)) + epsilon)
template <class Model>
class NAdam : public Optimizer<Model, detail::NAdamRule> {
 public:
  /// Moments of the model's shapes, all zero. Throws std::invalid_argument where an option makes no sense.
  explicit NAdam(const Model& model, NAdamOptions how = {})
      : Optimizer<Model, detail::NAdamRule>(model, std::move(how)) {}
  /// Refused: an option that does not exist.
  template <class no_such_option = void>
  explicit NAdam(const Model&, ...) = delete;  // no such option, or options out of order: see NAdamOptions
};
/// For a model alone, because clang 14 cannot tell the constructors apart.
template <class Model>
NAdam(const Model&) -> NAdam<Model>;

}  // namespace unroll::inline UNROLL_TARGET
