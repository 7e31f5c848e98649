#pragma once

#include <utility>

#include "unroll/layers/layer.hpp"

namespace unroll {

/// A model for inference on whole sequences: a copy of it as it was, its weights packed by the first call for all that
/// follow, and the buffers: the weights take their memory twice. One for each thread.
///
///   Predictor predict(model);
///   Output<float> y = predict(x, {.size = 8});
template <Layer Model>
class Predictor {
 public:
  using Scalar = typename Model::Scalar;
  using State = typename Model::State;

  explicit Predictor(Model model) : model_(std::move(model)) {}

  /// The outputs of `model.forward` to the bit, valid until the next call. `record` and `same_weights` of the batch do
  /// not count. Throws std::invalid_argument for shapes that do not fit; nothing is changed then.
  Output<Scalar> operator()(const Input<Scalar>& x, Batch batch = {}, const State& initial = {}) {
    batch.record = false;
    batch.same_weights = true;
    return model_.forward(x, tape_, batch, initial);
  }

  /// After each sequence's own end in the last call; may be the next one's `initial`, for sequences that come in parts.
  const State& final_state() const { return tape_.final_state; }

 private:
  Model model_;
  typename Model::Tape tape_;
};

}  // namespace unroll
