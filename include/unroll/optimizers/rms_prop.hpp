#pragma once

#include "unroll/optimizers/optimizer.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The options of RMSprop; see its formula. The defaults are PyTorch's.
struct RmsPropOptions {
  double learning_rate = 1e-2;              ///< the size of a step, at least 0; a schedule of `fit` sets it
  double alpha = 0.99;                      ///< how much of the mean square v stays, at least 0 and less than 1
  double epsilon = 1e-8;                    ///< added to the divisor, at least 0
  double momentum = 0;                      ///< how much of the last move stays, at least 0
  double weight_decay = 0;                  ///< L2: adds weight_decay w to the gradient
  bool decay_biases = true;                 ///< whether weight decay also moves biases and gains
  std::vector<ParameterGroup> groups = {};  ///< tensors that are treated in another way
};

namespace detail {

struct RmsPropRule {
  using Options = RmsPropOptions;
  static constexpr const char* name = "RmsProp";
  static constexpr std::array<const char*, 2> moment_names{"m", "v"};
  static constexpr bool decoupled = false;

  static void check(const Options& o) {
    require_fraction(name, "alpha", o.alpha);
    require_not_negative(name, "epsilon", o.epsilon);
    require_not_negative(name, "momentum", o.momentum);
  }

  template <class F>
  static void each_option(F&& f, const Options& o) {
    f("alpha", o.alpha);
    f("epsilon", o.epsilon);
    f("momentum", o.momentum);
  }

  template <class Scalar>
  struct Step {
    Scalar rate, alpha, rest, epsilon, momentum;

    Step(const Options& o, double)
        : rate(static_cast<Scalar>(o.learning_rate)),
          alpha(static_cast<Scalar>(o.alpha)),
          rest(static_cast<Scalar>(1 - o.alpha)),
          epsilon(divisor_epsilon<Scalar>(o.epsilon)),
          momentum(static_cast<Scalar>(o.momentum)) {}

    template <class V>
    void operator()(V& w, const V& g, V& m, V& v) const {
      v = alpha * v + rest * g * g;
      m = momentum * m + g / divisor(sqrt(v) + epsilon);
      w -= rate * m;
    }
  };
};

}  // namespace detail

/// RMSprop (Hinton, Srivastava & Swersky 2012, lecture 6e), with momentum as PyTorch has it:
///
///   v = alpha v + (1 - alpha) g^2     m = momentum m + g / (sqrt(v) + epsilon)     w = w - learning_rate m
template <class Model>
class RmsProp : public Optimizer<Model, detail::RmsPropRule> {
 public:
  /// Moments of the model's shapes, all zero. Throws std::invalid_argument where an option makes no sense.
  explicit RmsProp(const Model& model, RmsPropOptions how = {})
      : Optimizer<Model, detail::RmsPropRule>(model, std::move(how)) {}
  /// Refused: an option that does not exist.
  template <class no_such_option = void>
  explicit RmsProp(const Model&, ...) = delete;  // no such option, or options out of order: see RmsPropOptions
};
/// For a model alone, because clang 14 cannot tell the constructors apart.
template <class Model>
RmsProp(const Model&) -> RmsProp<Model>;

}  // namespace unroll::inline UNROLL_TARGET
