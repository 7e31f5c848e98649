#pragma once

#include <string>
#include <utility>

#include "unroll/optimizers/parameter_group.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The weights averaged over the steps of a training; the newest count most (Polyak & Juditsky 1992, with the decay of
/// Kingma & Ba 2015, section 7.2). It is torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn:
///
///   average = decay average + (1 - decay) weights         after the first step: average = weights
///
///   state.average.emplace(state.model, 0.99);   // fit keeps it, evaluates it, and ends with it under keep_best
///   use(state.average->model);
template <class Model>
class WeightAverage {
 public:
  Model model;   ///< the average
  double decay;  ///< how much of the average stays in a step, at least 0 and less than 1

  /// At first the average is the model. Throws std::invalid_argument for a decay that makes no sense.
  explicit WeightAverage(Model start, double how_much = 0.999) : model(std::move(start)), decay(how_much) {
    require_valid();
  }

  /// Adds the weights after a step. Throws std::invalid_argument where the shapes differ.
  void add(const Model& weights) { adder(weights)(); }

  /// Returns a function that adds the weights as they are when it is called. It takes no memory, so it cannot fail
  /// after the step was made. It refers to both models. Throws std::invalid_argument where the shapes differ.
  auto adder(const Model& weights) {
    detail::require_same_shape("WeightAverage::add", model, weights);
    return [this, to = detail::tensors_of(model), from = detail::tensors_of(weights)]() mutable {
      for (std::size_t k = 0; k < to.size(); ++k) {
        if (steps_ == 0)
          to[k] = from[k];
        else
          to[k] += static_cast<typename Model::Scalar>(1 - decay) * (from[k] - to[k]);
      }
      ++steps_;
    };
  }

  static const char* name() { return "WeightAverage"; }

  /// Calls f(name, option) for what must stay the same within a run.
  template <class F>
  void each_option(F&& f) const {
    f("decay", decay);
  }

  /// Throws std::invalid_argument where numbers make no sense.
  void require_valid() const {
    detail::require(decay >= 0 && decay < 1, "WeightAverage: decay is ", decay,
                    ", expected at least 0 and less than 1");
    detail::require(steps_ >= 0, "WeightAverage: steps is ", steps_, ", expected at least 0");
  }

  template <class F, class... Averages>
  static void visit(F&& f, const std::string& prefix, Averages&... averages) {
    Model::visit(f, prefix + "model.", averages.model...);
    f(prefix + "steps", averages.steps_...);
  }

 private:
  Index steps_ = 0;
};

}  // namespace unroll::inline UNROLL_TARGET
