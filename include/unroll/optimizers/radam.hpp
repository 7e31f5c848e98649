#pragma once

#include "unroll/optimizers/adam_moments.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The options of RAdam; see its formula. The defaults are PyTorch's.
struct RAdamOptions {
  double learning_rate = 1e-3;              ///< the size of a step, at least 0; a schedule of `fit` sets it
  double beta1 = 0.9;                       ///< how much of the mean gradient m stays, at least 0 and less than 1
  double beta2 = 0.999;                     ///< how much of the mean square v stays, at least 0 and less than 1
  double epsilon = 1e-8;                    ///< added to the divisor, at least 0
  double weight_decay = 0;                  ///< L2: adds weight_decay w to the gradient
  bool decay_biases = true;                 ///< whether weight decay also moves biases and gains
  std::vector<ParameterGroup> groups = {};  ///< tensors that are treated in another way
};

namespace detail {

struct RAdamRule {
  using Options = RAdamOptions;
  static constexpr const char* name = "RAdam";
  static constexpr auto moment_names = AdamMoments<double>::names;
  static constexpr bool decoupled = false;

  static void check(const Options& o) { AdamMoments<double>::check(name, o); }

  template <class F>
  static void each_option(F&& f, const Options& o) {
    AdamMoments<double>::each_option(f, o);
  }

  template <class Scalar>
  struct Step {
    AdamMoments<Scalar> moments;
    Scalar rate;
    bool rectified;

    Step(const Options& o, double steps) : moments(o) {
      const double power = std::pow(o.beta2, steps), most = 2 / (1 - o.beta2) - 1;
      const double rho = most - 2 * steps * power / (1 - power);
      rectified = rho > 5;
      const double r = (rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho) * (1 - power);
      rate = static_cast<Scalar>(o.learning_rate / (1 - std::pow(o.beta1, steps)) * (rectified ? std::sqrt(r) : 1));
    }

    template <class V>
    void operator()(V& w, const V& g, V& m, V& v) const {
      moments.add(g, m, v);
      w -= rectified ? rate * m / divisor(sqrt(v) + moments.epsilon) : rate * m;
    }
  };
};

}  // namespace detail

/// Rectified Adam (Liu et al. 2020, algorithm 2), as PyTorch has it. In step t:
///
///   m = beta1 m + (1 - beta1) g     v = beta2 v + (1 - beta2) g^2
///   rho = 2 / (1 - beta2) - 1       rho_t = rho - 2 t beta2^t / (1 - beta2^t)
///   r = sqrt((rho_t - 4) (rho_t - 2) rho / ((rho - 4) (rho - 2) rho_t)),
///   w = w - learning_rate m / (1 - beta1^t) r sqrt(1 - beta2^t) / (sqrt(v) + epsilon)   where rho_t > 5, else
///   w = w - learning_rate m / (1 - beta1^t)
template <class Model>
class RAdam : public Optimizer<Model, detail::RAdamRule> {
 public:
  /// Moments of the model's shapes, all zero. Throws std::invalid_argument where an option makes no sense.
  explicit RAdam(const Model& model, RAdamOptions how = {})
      : Optimizer<Model, detail::RAdamRule>(model, std::move(how)) {}
  /// Refused: an option that does not exist.
  template <class no_such_option = void>
  explicit RAdam(const Model&, ...) = delete;  // no such option, or options out of order: see RAdamOptions
};
/// For a model alone, because clang 14 cannot tell the constructors apart.
template <class Model>
RAdam(const Model&) -> RAdam<Model>;

}  // namespace unroll::inline UNROLL_TARGET
