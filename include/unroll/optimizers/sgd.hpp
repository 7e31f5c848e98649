#pragma once

#include "unroll/optimizers/optimizer.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The options of gradient descent; see its formula.
struct SgdOptions {
  double learning_rate = 1e-2;              ///< the size of a step, at least 0; a schedule of `fit` sets it
  double momentum = 0;                      ///< how much of the last move stays, at least 0
  bool nesterov = false;                    ///< looks ahead by the momentum; needs a momentum above 0
  double weight_decay = 0;                  ///< L2: adds weight_decay w to the gradient
  bool decay_biases = true;                 ///< whether weight decay also moves biases and gains
  std::vector<ParameterGroup> groups = {};  ///< tensors that are treated in another way
};

namespace detail {

struct SgdRule {
  using Options = SgdOptions;
  static constexpr const char* name = "Sgd";
  static constexpr std::array<const char*, 1> moment_names{"m"};
  static constexpr bool decoupled = false;

  static void check(const Options& o) {
    require_not_negative(name, "momentum", o.momentum);
    require(!o.nesterov || o.momentum > 0, "Sgd: nesterov needs a momentum above 0");
  }

  template <class F>
  static void each_option(F&& f, const Options& o) {
    f("momentum", o.momentum);
    f("nesterov", o.nesterov);
  }

  template <class Scalar>
  struct Step {
    Scalar rate, momentum;
    bool nesterov;

    Step(const Options& o, double)
        : rate(static_cast<Scalar>(o.learning_rate)), momentum(static_cast<Scalar>(o.momentum)), nesterov(o.nesterov) {}

    template <class V>
    void operator()(V& w, const V& g, V& m) const {
      m = momentum * m + g;
      if (nesterov)
        w -= rate * (g + momentum * m);
      else
        w -= rate * m;
    }
  };
};

}  // namespace detail

/// Stochastic gradient descent with momentum, as PyTorch has it (Sutskever et al. 2013 with the rate outside):
///
///   m = momentum m + g     w = w - learning_rate m     nesterov: w = w - learning_rate (g + momentum m)
template <class Model>
class Sgd : public Optimizer<Model, detail::SgdRule> {
 public:
  /// Moments of the model's shapes, all zero. Throws std::invalid_argument where an option makes no sense.
  explicit Sgd(const Model& model, SgdOptions how = {}) : Optimizer<Model, detail::SgdRule>(model, std::move(how)) {}
  /// Refused: an option that does not exist.
  template <class no_such_option = void>
  explicit Sgd(const Model&, ...) = delete;  // no such option, or options out of order: see SgdOptions
};
/// For a model alone, because clang 14 cannot tell the constructors apart.
template <class Model>
Sgd(const Model&) -> Sgd<Model>;

}  // namespace unroll::inline UNROLL_TARGET
