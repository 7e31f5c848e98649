#pragma once

#include "unroll/optimizers/optimizer.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The options of Adadelta; see its formula. The defaults are PyTorch's.
struct AdadeltaOptions {
  double learning_rate = 1;                 ///< times the move, at least 0; a schedule of `fit` sets it
  double rho = 0.9;                         ///< how much of the mean squares stays, at least 0 and less than 1
  double epsilon = 1e-6;                    ///< added to the mean squares, more than 0
  double weight_decay = 0;                  ///< L2: adds weight_decay w to the gradient
  bool decay_biases = true;                 ///< whether weight decay also moves biases and gains
  std::vector<ParameterGroup> groups = {};  ///< tensors that are treated in another way
};

namespace detail {

struct AdadeltaRule {
  using Options = AdadeltaOptions;
  static constexpr const char* name = "Adadelta";
  static constexpr std::array<const char*, 2> moment_names{"v", "u"};
  static constexpr bool decoupled = false;

  static void check(const Options& o) {
    require_fraction(name, "rho", o.rho);
    require_not_negative(name, "epsilon", o.epsilon);
    require(o.epsilon > 0, name, ": epsilon is 0, expected more than 0");
  }

  template <class F>
  static void each_option(F&& f, const Options& o) {
    f("rho", o.rho);
    f("epsilon", o.epsilon);
  }

  template <class Scalar>
  struct Step {
    Scalar rho, rest, rate, epsilon;

    Step(const Options& o, double)
        : rho(static_cast<Scalar>(o.rho)),
          rest(static_cast<Scalar>(1 - o.rho)),
          rate(static_cast<Scalar>(o.learning_rate)),
          epsilon((std::max)(static_cast<Scalar>(o.epsilon), (std::numeric_limits<Scalar>::min)())) {}

    template <class V>
    void operator()(V& w, const V& g, V& v, V& u) const {
      v = rho * v + rest * g * g;
      const V move = sqrt(u + epsilon) / sqrt(v + epsilon) * g;
      u = rho * u + rest * move * move;
      w -= rate * move;
    }
  };
};

}  // namespace detail

/// Adadelta (Zeiler 2012, algorithm 1):
///
///   v = rho v + (1 - rho) g^2     d = sqrt(u + epsilon) / sqrt(v + epsilon) g     u = rho u + (1 - rho) d^2
///   w = w - learning_rate d
template <class Model>
class Adadelta : public Optimizer<Model, detail::AdadeltaRule> {
 public:
  /// Moments of the model's shapes, all zero. Throws std::invalid_argument where an option makes no sense.
  explicit Adadelta(const Model& model, AdadeltaOptions how = {})
      : Optimizer<Model, detail::AdadeltaRule>(model, std::move(how)) {}
  /// Refused: an option that does not exist.
  template <class no_such_option = void>
  explicit Adadelta(const Model&, ...) = delete;  // no such option, or options out of order: see AdadeltaOptions
};
/// For a model alone, because clang 14 cannot tell the constructors apart.
template <class Model>
Adadelta(const Model&) -> Adadelta<Model>;

}  // namespace unroll::inline UNROLL_TARGET
