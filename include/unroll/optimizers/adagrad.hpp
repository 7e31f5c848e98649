#pragma once

#include "unroll/optimizers/optimizer.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The options of Adagrad; see its formula. The defaults are PyTorch's.
struct AdagradOptions {
  double learning_rate = 1e-2;              ///< the size of a step, at least 0; a schedule of `fit` sets it
  double learning_rate_decay = 0;           ///< makes the rate fall with the steps, at least 0
  double epsilon = 1e-10;                   ///< added to the divisor, at least 0
  double weight_decay = 0;                  ///< L2: adds weight_decay w to the gradient
  bool decay_biases = true;                 ///< whether weight decay also moves biases and gains
  std::vector<ParameterGroup> groups = {};  ///< tensors that are treated in another way
};

namespace detail {

struct AdagradRule {
  using Options = AdagradOptions;
  static constexpr const char* name = "Adagrad";
  static constexpr std::array<const char*, 1> moment_names{"v"};
  static constexpr bool decoupled = false;

  static void check(const Options& o) {
    require_not_negative(name, "learning_rate_decay", o.learning_rate_decay);
    require_not_negative(name, "epsilon", o.epsilon);
  }

  template <class F>
  static void each_option(F&& f, const Options& o) {
    f("learning_rate_decay", o.learning_rate_decay);
    f("epsilon", o.epsilon);
  }

  template <class Scalar>
  struct Step {
    Scalar rate, epsilon;

    Step(const Options& o, double steps)
        : rate(static_cast<Scalar>(o.learning_rate / (1 + (steps - 1) * o.learning_rate_decay))),
          epsilon(divisor_epsilon<Scalar>(o.epsilon)) {}

    template <class V>
    void operator()(V& w, const V& g, V& v) const {
      v += g * g;
      w -= rate * g / divisor(sqrt(v) + epsilon);
    }
  };
};

}  // namespace detail

/// Adagrad (Duchi, Hazan & Singer 2011, section 1.1, diagonal), in step t:
///
///   v = v + g^2     w = w - learning_rate / (1 + (t - 1) learning_rate_decay) g / (sqrt(v) + epsilon)
template <class Model>
class Adagrad : public Optimizer<Model, detail::AdagradRule> {
 public:
  /// Moments of the model's shapes, all zero. Throws std::invalid_argument where an option makes no sense.
  explicit Adagrad(const Model& model, AdagradOptions how = {})
      : Optimizer<Model, detail::AdagradRule>(model, std::move(how)) {}
  /// Refused: an option that does not exist.
  template <class no_such_option = void>
  explicit Adagrad(const Model&, ...) = delete;  // no such option, or options out of order: see AdagradOptions
};
/// For a model alone, because clang 14 cannot tell the constructors apart.
template <class Model>
Adagrad(const Model&) -> Adagrad<Model>;

}  // namespace unroll::inline UNROLL_TARGET
