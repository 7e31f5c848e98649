#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "unroll/engine/convolution.hpp"
#include "unroll/layers/layer.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

/// A convolution's weights, packed.
template <class Scalar>
struct ConvolutionWeights {
  ConvolutionShape shape;
  PackedMatrix<Scalar> matrix;
  Vector<Scalar> bias;  // O
};

}  // namespace detail

/// A Conv1d that runs one step at a time. `step`, `reset` and `restore` neither allocate nor throw. Copies share
/// weights.
template <class Scalar>
class Conv1dStream {
  using Weights = detail::ConvolutionWeights<Scalar>;

 public:
  using State = typename ConvolutionTape<Scalar>::State;

  /// A stream over packed weights.
  Conv1dStream(std::shared_ptr<const Weights> weights, Index samples)
      : weights_(std::move(weights)), shape_(weights_->shape) {
    rings_.setZero(shape_.inputs * 2 * reach(), samples);
    y_.setZero(shape_.outputs, samples);
  }

  /// One step: x is I x B, the result O x B, valid until the next call.
  const Scalar* step(const Scalar* x) noexcept {
    newest_ = (newest_ + 1) % reach();
    const Index rows = shape_.inputs, units = shape_.group_outputs();
    for (Index b = 0; b < y_.cols(); ++b) put(b, newest_, x + b * rows);  // x may lie in the result of the step before
    for (Index b = 0; b < y_.cols(); ++b)
      detail::convolve(weights_->matrix, shape_.groups,
                       detail::windows(shape_, rings_.col(b).data() + (newest_ + 1) * rows, rows, 1, 1),
                       detail::group_sums(weights_->bias.data(), units, 0),
                       detail::group_sums(y_.col(b).data(), units, 0));
    return y_.data();
  }
  /// Sets the state back to zeros.
  void reset() noexcept { rings_.setZero(); }
  /// Copies the state into `to`; allocates nothing where `to` was saved into before.
  void save(State& to) const {
    detail::assign(to.values[0], rings_.middleRows((newest_ + 2) * shape_.inputs, shape_.past() * shape_.inputs));
  }
  /// Whether a state is empty or has the layer's shape, a column a sample.
  bool fits(const State& saved) const noexcept { return shape_.fits(saved, y_.cols()); }
  /// Sets the state to one that fits; an empty one is zeros.
  void restore(const State& saved) noexcept {
    reset();
    newest_ = shape_.past();
    if (saved.values[0].size() == 0) return;
    for (Index b = 0; b < y_.cols(); ++b)
      for (Index n = 0; n < shape_.past(); ++n) put(b, n + 1, saved.values[0].col(b).data() + n * shape_.inputs);
  }

 private:
  /// The number of columns from the oldest that an output sees to the newest.
  Index reach() const noexcept { return shape_.past() + 1; }
  void put(Index b, Index place, const Scalar* x) noexcept {
    for (const Index column : {place, place + reach()})
      std::copy_n(x, shape_.inputs, rings_.col(b).data() + column * shape_.inputs);
  }

  std::shared_ptr<const Weights> weights_;
  detail::ConvolutionShape shape_;
  Matrix<Scalar> rings_;  // each sample's last columns of x, twice: some `reach` of them in a row are in order
  Matrix<Scalar> y_;      // O x B
  Index newest_ = 0;
};

/// A copy of a Conv1d's weights, packed once. Copies of this share it.
template <class Scalar_>
class PackedConv1d : public LayerBase<PackedConv1d<Scalar_>> {
  using Weights = detail::ConvolutionWeights<Scalar_>;

 public:
  using Scalar = Scalar_;
  using Tape = ConvolutionTape<Scalar>;
  using State = typename Tape::State;
  using Stream = Conv1dStream<Scalar>;
  static constexpr int InputSize = Dynamic;   ///< known at run time
  static constexpr int OutputSize = Dynamic;  ///< known at run time

  /// From a layer's shape and parameters, which must fit together.
  PackedConv1d(const detail::ConvolutionShape& shape, const Matrix<Scalar>& weight, const Vector<Scalar>& bias) {
    const auto packed = std::make_shared<Weights>(Weights{shape, {}, bias});
    packed->matrix.pack(weight, shape.group_outputs(), {0, shape.groups});
    weights_ = packed;
  }

  /// I
  Index input_size() const { return weights_->shape.inputs; }
  /// O
  Index output_size() const { return weights_->shape.outputs; }
  /// As the layer's, but no backward pass can follow.
  Output<Scalar> run(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State& initial,
                     const ForwardOptions& options) const {
    const auto packed = [&](const detail::Member&) -> const auto& { return weights_->matrix; };
    return detail::convolve_forward(weights_->shape, packed, weights_->bias, x, tape, batch, initial, options);
  }
  /// As the layer's.
  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    weights_->shape.require_forward(rows, columns, batch, initial);
    return columns;
  }
  /// As the layer's.
  std::optional<NonFinite> find_non_finite(const Tape& tape) const {
    return detail::find_non_finite_output(name(), tape.y, tape.batch);
  }

  /// Itself: it is packed already.
  PackedConv1d pack(Full) const { return *this; }
  /// A stream from zeros.
  template <class Samples = OneSample>
  Stream stream(const StreamShape<Samples>& shape = {}) const {
    return Stream(weights_, shape.samples);
  }

  static const char* name() { return "Conv1d"; }

 private:
  std::shared_ptr<const Weights> weights_;
};

}  // namespace unroll::inline UNROLL_TARGET
