#pragma once

#include "unroll/engine/layer_base.hpp"
#include "unroll/engine/non_finite.hpp"
#include "unroll/engine/recurrent_checks.hpp"
#include "unroll/engine/recurrent_stream.hpp"
#include "unroll/engine/unroll.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A copy of a recurrent layer's weights, packed once in some storage, for any number of sequences and streams. Copies
/// share the packed weights. A PackedRecurrent is never changed, so several threads may use it at once.
template <class Step, int Inputs, int Outputs, class Storage>
class PackedRecurrent : public LayerBase<PackedRecurrent<Step, Inputs, Outputs, Storage>> {
  using Weights = typename Step::template Packed<Storage>;

 public:
  using Scalar = typename Step::Scalar;
  using State = RecurrentState<typename Step::Cell, Scalar>;
  using Tape = RecurrentTape<Step>;
  /// The layer one step at a time.
  using Stream = RecurrentStream<Step, Inputs, Outputs, Storage>;
  static constexpr int InputSize = Inputs;    ///< or Dynamic
  static constexpr int OutputSize = Outputs;  ///< or Dynamic

  Unrolling unrolling;  ///< the layer's

  /// Throws std::invalid_argument where a storage of fewer bits cannot keep a weight.
  PackedRecurrent(const typename Step::Parameters& weights, const RecurrentSizes& sizes, const Unrolling& how)
      : unrolling(how), sizes_(sizes) {
    const auto packed = std::make_shared<Weights>();
    packed->pack(weights);
    weights_ = packed;
  }

  /// I
  Index input_size() const { return sizes_.inputs; }
  /// O
  Index output_size() const { return sizes_.outputs; }
  /// Whether the outputs are one column a sample.
  bool reads_out() const { return unrolling.reads_out(); }

  /// As the layer's, but no backward pass can follow.
  Output<Scalar> run(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State& initial,
                     const ForwardOptions& options) const {
    return detail::unroll_forward<Step>(
        *weights_, [](const auto&) {}, sizes_, unrolling, x, tape, batch, initial, options);
  }
  /// As the layer's.
  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    return detail::require_forward<Step>(sizes_, unrolling, rows, columns, batch, initial);
  }
  /// As the layer's.
  std::optional<NonFinite> find_non_finite(const Tape& tape) const { return detail::find_non_finite(tape); }

  /// Itself: it is packed already.
  PackedRecurrent pack(Full) const { return *this; }
  /// A stream from zeros. Throws std::invalid_argument where the layer needs the whole sequence.
  template <class Samples = OneSample>
  Stream stream(const StreamShape<Samples>& shape = {}) const {
    detail::require(unrolling.direction == Direction::forward, name(),
                    "::stream: a reverse layer needs the whole sequence");
    detail::require(unrolling.readout != Readout::mean, name(), "::stream: a mean needs the whole sequence");
    return Stream(weights_, sizes_, unrolling, shape.samples);
  }

  static const char* name() { return Step::name(); }

 private:
  std::shared_ptr<const Weights> weights_;
  RecurrentSizes sizes_;
};

}  // namespace unroll::inline UNROLL_TARGET
