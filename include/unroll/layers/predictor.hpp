#pragma once

#include <cmath>

#include "unroll/layers/packed.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A model for inference on whole sequences: packed weights, and the buffers. Each thread needs its own. Predictors of
/// one packed model share its weights.
///
///   Predictor predict(model);
///   Output<float> y = predict(x, {.size = 8});
template <ForwardLayer Model, class Storage = Full>
class Predictor {
 public:
  using Scalar = typename Model::Scalar;
  using State = typename Model::State;

  /// Packs a copy of the weights as they are now; a model that `pack` gave is shared. Throws std::invalid_argument
  /// where a storage of fewer bits cannot keep a weight.
  explicit Predictor(const Model& model, Storage storage = {}) : packed_(pack(model, storage)) {}

  /// The outputs of `model.forward`, valid until the next call; they are equal to the bit where the weights are stored
  /// in full. `record` is ignored. Throws std::invalid_argument for shapes that do not fit, and changes nothing then.
  Output<Scalar> operator()(const Input<Scalar>& x, const Batch& batch = {}, const State& initial = {},
                            ForwardOptions options = {}) & {
    options.record = false;
    return packed_.forward(x, tape_, batch, initial, options);
  }

  /// The same for a predictor that does not outlive the call: the result is a matrix of its own.
  Matrix<Scalar> operator()(const Input<Scalar>& x, const Batch& batch = {}, const State& initial = {},
                            const ForwardOptions& options = {}) && {
    Predictor& self = *this;
    return self(x, batch, initial, options);
  }

  /// The state after each sequence's own end in the last call. It may be the next `initial`, if sequences come in
  /// parts.
  const State& final_state() const { return tape_.final_state; }

 private:
  using Packed = detail::PackedOf<Model, Storage>;

  Packed packed_;
  typename Packed::Tape tape_;
};

/// How far a model's outputs move when its weights are kept in fewer bits.
struct StorageReport {
  double largest = 0;         ///< the largest difference
  double root_mean = 0;       ///< the root mean square of the differences
  double largest_output = 0;  ///< the largest output with full weights, to compare with
};

/// Runs one sample's sequence x, I x T, with full weights and with weights in fewer bits. Throws std::invalid_argument
/// where the model refuses x, or the storage cannot keep a weight.
template <ForwardLayer Model, class Storage>
StorageReport compare_storage(const Model& model, Storage storage, const Input<typename Model::Scalar>& x) {
  Predictor full(model);
  Predictor reduced(model, storage);
  const auto expected = full(x), given = reduced(x);
  StorageReport report;
  double squares = 0;
  for (Index k = 0; k < expected.size(); ++k) {
    const double y = static_cast<double>(expected.data()[k]);
    const double difference = std::abs(static_cast<double>(given.data()[k]) - y);
    report.largest = detail::larger_or_nan(report.largest, difference);
    report.largest_output = detail::larger_or_nan(report.largest_output, std::abs(y));
    squares += difference * difference;
  }
  if (expected.size() > 0) report.root_mean = std::sqrt(squares / static_cast<double>(expected.size()));
  return report;
}

}  // namespace unroll::inline UNROLL_TARGET
