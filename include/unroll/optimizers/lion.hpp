#pragma once

#include "unroll/optimizers/optimizer.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The options of Lion; see its formula. The defaults are the paper's.
struct LionOptions {
  double learning_rate = 1e-4;              ///< the size of every move, at least 0; a third to a tenth of AdamW's
  double beta1 = 0.9;                       ///< how much of m decides the sign, at least 0 and less than 1
  double beta2 = 0.99;                      ///< how much of the mean gradient m stays, at least 0 and less than 1
  double weight_decay = 0;                  ///< shrinks w itself by learning_rate weight_decay w
  bool decay_biases = true;                 ///< whether weight decay also moves biases and gains
  std::vector<ParameterGroup> groups = {};  ///< tensors that are treated in another way
};

namespace detail {

struct LionRule {
  using Options = LionOptions;
  static constexpr const char* name = "Lion";
  static constexpr std::array<const char*, 1> moment_names{"m"};
  static constexpr bool decoupled = true;

  static void check(const Options& o) {
    require_fraction(name, "beta1", o.beta1);
    require_fraction(name, "beta2", o.beta2);
  }

  template <class F>
  static void each_option(F&& f, const Options& o) {
    f("beta1", o.beta1);
    f("beta2", o.beta2);
  }

  template <class Scalar>
  struct Step {
    Scalar beta1, rest1, beta2, rest2, rate;

    Step(const Options& o, double)
        : beta1(static_cast<Scalar>(o.beta1)),
          rest1(static_cast<Scalar>(1 - o.beta1)),
          beta2(static_cast<Scalar>(o.beta2)),
          rest2(static_cast<Scalar>(1 - o.beta2)),
          rate(static_cast<Scalar>(o.learning_rate)) {}

    template <class V>
    void operator()(V& w, const V& g, V& m) const {
      const V c = beta1 * m + rest1 * g, zero(0), by(rate);
      w -= select_less(zero, c, by, select_less(c, zero, -by, zero * c));  // NaN stays
      m = beta2 * m + rest2 * g;
    }
  };
};

}  // namespace detail

/// Lion (Chen et al. 2023, algorithm 2): every parameter moves by the learning rate or not at all.
///
///   w = w - learning_rate weight_decay w - learning_rate sign(beta1 m + (1 - beta1) g)
///   m = beta2 m + (1 - beta2) g
template <class Model>
class Lion : public Optimizer<Model, detail::LionRule> {
 public:
  /// Moments of the model's shapes, all zero. Throws std::invalid_argument where an option makes no sense.
  explicit Lion(const Model& model, LionOptions how = {}) : Optimizer<Model, detail::LionRule>(model, std::move(how)) {}
  /// Refused: an option that does not exist.
  template <class no_such_option = void>
  explicit Lion(const Model&, ...) = delete;  // no such option, or options out of order: see LionOptions
};
/// For a model alone, because clang 14 cannot tell the constructors apart.
template <class Model>
Lion(const Model&) -> Lion<Model>;

}  // namespace unroll::inline UNROLL_TARGET
