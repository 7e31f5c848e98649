#pragma once

#include "unroll/layers/packed_conv1d.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A causal convolution over time: an output sees its own step and K-1 steps before it, `dilation` apart (van den Oord
/// et al. 2016, "WaveNet", section 2.1):
///
///   y_t = b + sum over k = 0, ..., K-1 of W_k x_{t - (K-1-k) dilation}
///
/// It is torch.nn.Conv1d with (K-1) dilation columns before x. These columns are the state, at first zeros; so a
/// sequence that comes in parts gives the outputs of the whole.
template <class Scalar_ = float>
class Conv1d : public LayerBase<Conv1d<Scalar_>> {
  static_assert(detail::is_scalar<Scalar_>, "a layer's numbers are float or double, as in Conv1d<float>");

 public:
  using Scalar = Scalar_;
  using Tape = ConvolutionTape<Scalar>;
  using State = typename Tape::State;
  static constexpr int InputSize = Dynamic;   ///< known at run time
  static constexpr int OutputSize = Dynamic;  ///< known at run time

  Matrix<Scalar> weight;  ///< O x (K I / groups): side by side W_0, for the oldest step, to W_{K-1}
  Vector<Scalar> bias;    ///< O

  /// Throws std::invalid_argument where a size is below 1, the groups do not divide inputs and outputs, or an Index
  /// cannot count what an output reaches back over.
  Conv1d(Index input_size, Index output_size, Index kernel_size, Random& random, Convolution how = {})
      : Conv1d(zeros(input_size, output_size, kernel_size, how)) {
    initialize(random);
  }
  /// Refused: there is no Random, or a const one or a seed in its place.
  Conv1d(Index, Index, Index, ...) = delete;  // fresh weights are drawn from a Random that can change, after all sizes
  /// Refused: there are no arguments at all.
  Conv1d() = delete;  // fresh weights are drawn from a Random that can change, after all sizes
  /// Refused: an option that does not exist.
  template <class no_such_option = void>
  Conv1d(Index, Index, Index, Random&, ...) = delete;  // no such option, or options out of order: see Convolution

  /// A layer whose parameters are all zero, to be set or loaded, or to hold a gradient.
  static Conv1d zeros(Index input_size, Index output_size, Index kernel_size, Convolution how = {}) {
    return Conv1d(detail::ConvolutionShape{input_size, output_size, kernel_size, how.dilation, how.groups});
  }

  /// I, rows of x.
  Index input_size() const { return shape_.inputs; }
  /// O, rows of the outputs.
  Index output_size() const { return shape_.outputs; }
  /// K, how many columns of x an output sees.
  Index kernel_size() const { return shape_.kernel_size; }
  /// Steps from one of these columns to the next.
  Index dilation() const { return shape_.dilation; }
  /// How many groups of features there are.
  Index groups() const { return shape_.groups; }

  /// Glorot weights and zero biases, or PyTorch's uniform in +-1/sqrt(K I / groups).
  void initialize(Random& random, Initial initial = Initial::standard) {
    if (initial == Initial::pytorch) {
      const double limit = 1 / std::sqrt(static_cast<double>(weight.cols()));
      set_uniform(weight, limit, random);
      set_uniform(bias, limit, random);
    } else {
      set_glorot(weight, weight.cols(), kernel_size() * shape_.group_outputs(), random);
      bias.setZero();
    }
  }

  /// x is I x (T*B), the outputs O x (T*B), zero past a sequence's end. Unchecked: see LayerBase.
  Output<Scalar> run(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State& initial,
                     const ForwardOptions& options) const {
    return detail::convolve_forward(shape_, detail::packing(weight, tape), bias, x, tape, batch, initial, options);
  }
  /// Adds dL/dW and dL/db to `gradient` and returns dL/dx. Unchecked: see LayerBase.
  Output<Scalar> run_back(const Input<Scalar>&, const Input<Scalar>& d_y, Tape& tape, Conv1d& gradient,
                          const BackwardOptions& options, const State& d_final) const {
    return detail::convolve_backward(weight, d_y, tape, gradient, options.truncation, d_final);
  }

  /// Throws unless `forward` can take an x of this shape. Returns the number of output columns.
  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    require_parameters();
    shape_.require_forward(rows, columns, batch, initial);
    return columns;
  }

  /// Throws unless `backward` can take these, and an x of this shape.
  void require_backward(Index rows, Index columns, const Tape& tape, const Conv1d& gradient,
                        const BackwardOptions& options, const State& d_final) const {
    if (!tape.recorded)
      detail::raise<std::logic_error>("Conv1d::backward: the tape holds no forward pass; a backward pass consumes it");
    require_parameters();
    detail::require(tape.shape == shape_, "Conv1d::backward: the tape is of a layer of ", tape.shape.text(),
                    "; this one is of ", shape_.text());
    detail::require_same_shape("Conv1d::backward", *this, gradient);
    shape_.require_state("backward: the final gradient's", d_final, tape.batch.size);
    options.truncation.require_valid("Conv1d::backward");
    detail::require_shape(name(), "x", rows, columns, input_size(), tape.columns());
  }

  /// The first output on the tape that is not finite, if there is one.
  std::optional<NonFinite> find_non_finite(const Tape& tape) const {
    return detail::find_non_finite_output(name(), tape.y, tape.batch);
  }

  /// The layer one step at a time.
  using Stream = Conv1dStream<Scalar>;

  /// A copy of the weights as they are now, packed for sequences and streams. They are packed in full, whatever the
  /// storage. Throws std::invalid_argument where the parameters do not fit together.
  template <StorageOf<Scalar> Storage = Full>
  PackedConv1d<Scalar> pack(Storage = {}) const {
    require_parameters();
    return {shape_, weight, bias};
  }
  /// A stream over such a copy.
  template <class Samples = OneSample>
  Stream stream(const StreamShape<Samples>& shape = {}) const {
    return pack().stream(shape);
  }

  static const char* name() { return "Conv1d"; }

  template <class F>
  void each_option(F&& f) const {
    f("kernel_size", kernel_size());
    f("dilation", dilation());
    f("groups", groups());
  }

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "weight", layers.weight...);
    f(prefix + "bias", layers.bias...);
  }

 private:
  explicit Conv1d(const detail::ConvolutionShape& shape) : shape_(shape) {
    const auto check = [](const char* what, Index size) {
      detail::require(size >= 1, "Conv1d: ", what, " is ", size, ", expected at least 1");
    };
    check("input_size", shape.inputs);
    check("output_size", shape.outputs);
    each_option(check);
    detail::require(shape.inputs % shape.groups == 0 && shape.outputs % shape.groups == 0, "Conv1d: groups is ",
                    shape.groups, ", expected a divisor of input_size ", shape.inputs, " and output_size ",
                    shape.outputs);
    detail::require(shape.most_samples() >= 1, "Conv1d: kernel_size is ", shape.kernel_size, ", dilation ",
                    shape.dilation, " and input_size ", shape.inputs, ", expected a product of at most ",
                    (std::numeric_limits<Index>::max)());
    weight.setZero(shape.outputs, shape.kernel_size * shape.group_inputs());
    bias.setZero(shape.outputs);
  }

  /// The parameters are public: what a caller put there must still fit together.
  void require_parameters() const {
    const Index columns = kernel_size() * shape_.group_inputs();
    detail::require(weight.rows() == output_size() && weight.cols() == columns && bias.size() == output_size(),
                    "Conv1d: weight is ", weight.rows(), " x ", weight.cols(), " and bias has ", bias.size(),
                    " rows, expected ", output_size(), " x ", columns, " and ", output_size());
  }

  detail::ConvolutionShape shape_;
};

}  // namespace unroll::inline UNROLL_TARGET
