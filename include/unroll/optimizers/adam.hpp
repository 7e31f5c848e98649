#pragma once

#include "unroll/optimizers/adam_moments.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The options of Adam; see its formula. The defaults are PyTorch's.
struct AdamOptions {
  double learning_rate = 1e-3;              ///< the size of a step, at least 0; a schedule of `fit` sets it
  double beta1 = 0.9;                       ///< how much of the mean gradient m stays, at least 0 and less than 1
  double beta2 = 0.999;                     ///< how much of the mean square v stays, at least 0 and less than 1
  double epsilon = 1e-8;                    ///< added to the divisor, at least 0
  double weight_decay = 0;                  ///< L2: adds weight_decay w to the gradient
  bool decay_biases = true;                 ///< whether weight decay also moves biases and gains
  std::vector<ParameterGroup> groups = {};  ///< tensors that are treated in another way
};

/// The options of AdamW; see its formula. The defaults are PyTorch's.
struct AdamWOptions {
  double learning_rate = 1e-3;              ///< the size of a step, at least 0; a schedule of `fit` sets it
  double beta1 = 0.9;                       ///< how much of the mean gradient m stays, at least 0 and less than 1
  double beta2 = 0.999;                     ///< how much of the mean square v stays, at least 0 and less than 1
  double epsilon = 1e-8;                    ///< added to the divisor, at least 0
  double weight_decay = 1e-2;               ///< shrinks w itself by learning_rate weight_decay w
  bool decay_biases = true;                 ///< whether weight decay also moves biases and gains
  std::vector<ParameterGroup> groups = {};  ///< tensors that are treated in another way
};

namespace detail {

/// The rule of Adam and AdamW, which differ only in what weight decay does.
template <class Options_, bool decoupled_decay>
struct AdamRule {
  using Options = Options_;
  static constexpr bool decoupled = decoupled_decay;
  static constexpr const char* name = decoupled ? "AdamW" : "Adam";
  static constexpr auto moment_names = AdamMoments<double>::names;

  static void check(const Options& o) { AdamMoments<double>::check(name, o); }

  template <class F>
  static void each_option(F&& f, const Options& o) {
    AdamMoments<double>::each_option(f, o);
  }

  template <class Scalar>
  struct Step {
    AdamMoments<Scalar> moments;
    Scalar rate, scale;

    Step(const Options& o, double steps)
        : moments(o),
          rate(static_cast<Scalar>(o.learning_rate / (1 - std::pow(o.beta1, steps)))),
          scale(static_cast<Scalar>(1 / std::sqrt(1 - std::pow(o.beta2, steps)))) {}

    template <class V>
    void operator()(V& w, const V& g, V& m, V& v) const {
      moments.add(g, m, v);
      w -= rate * m / divisor(sqrt(v) * scale + moments.epsilon);
    }
  };
};

}  // namespace detail

/// Adam (Kingma & Ba 2015, algorithm 1), for each parameter w with gradient g in step t:
///
///   m = beta1 m + (1 - beta1) g     v = beta2 v + (1 - beta2) g^2
///   w = w - learning_rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
template <class Model>
class Adam : public Optimizer<Model, detail::AdamRule<AdamOptions, false>> {
 public:
  /// Moments of the model's shapes, all zero. Throws std::invalid_argument where an option makes no sense.
  explicit Adam(const Model& model, AdamOptions how = {})
      : Optimizer<Model, detail::AdamRule<AdamOptions, false>>(model, std::move(how)) {}
  /// Refused: an option that does not exist.
  template <class no_such_option = void>
  explicit Adam(const Model&, ...) = delete;  // no such option, or options out of order: see AdamOptions
};
/// For a model alone, because clang 14 cannot tell the constructors apart.
template <class Model>
Adam(const Model&) -> Adam<Model>;

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2): w = w - learning_rate weight_decay w
/// before Adam's step.
template <class Model>
class AdamW : public Optimizer<Model, detail::AdamRule<AdamWOptions, true>> {
 public:
  /// Moments of the model's shapes, all zero. Throws std::invalid_argument where an option makes no sense.
  explicit AdamW(const Model& model, AdamWOptions how = {})
      : Optimizer<Model, detail::AdamRule<AdamWOptions, true>>(model, std::move(how)) {}
  /// Refused: an option that does not exist.
  template <class no_such_option = void>
  explicit AdamW(const Model&, ...) = delete;  // no such option, or options out of order: see AdamWOptions
};
/// For a model alone, because clang 14 cannot tell the constructors apart.
template <class Model>
AdamW(const Model&) -> AdamW<Model>;

}  // namespace unroll::inline UNROLL_TARGET
