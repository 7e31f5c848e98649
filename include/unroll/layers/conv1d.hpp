#pragma once

#include <memory>

#include "unroll/engine/convolution.hpp"
#include "unroll/layers/layer.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A causal convolution over time: an output sees its own step and K-1 steps before it, `dilation` apart (van den Oord
/// et al. 2016, "WaveNet", section 2.1),
///
///   y_t = b + sum over k = 0, ..., K-1 of W_k x_{t - (K-1-k) dilation}
///
/// which is torch.nn.Conv1d with (K-1) dilation columns before x. They are the state, at first zeros: a sequence that
/// comes in parts gives the outputs of the whole.
template <class Scalar_ = float>
class Conv1d : public LayerBase<Conv1d<Scalar_>> {
 public:
  using Scalar = Scalar_;
  using Tape = ConvolutionTape<Scalar>;
  using State = typename Tape::State;
  static constexpr int InputSize = Dynamic;   ///< known at run time
  static constexpr int OutputSize = Dynamic;  ///< known at run time

  Matrix<Scalar> weight;  ///< O x (K I / groups): side by side W_0, for the oldest step, to W_{K-1}
  Vector<Scalar> bias;    ///< O

  /// Throws std::invalid_argument where a size is below 1 or the groups do not divide inputs and outputs.
  Conv1d(Index input_size, Index output_size, Index kernel_size, Random& random, Convolution how = {})
      : Conv1d(zeros(input_size, output_size, kernel_size, how)) {
    initialize(random);
  }
  /// A layer whose parameters are zero, all of them: to be set or loaded, or to hold a gradient.
  static Conv1d zeros(Index input_size, Index output_size, Index kernel_size, Convolution how = {}) {
    return Conv1d(detail::ConvolutionShape{input_size, output_size, kernel_size, how.dilation, how.groups});
  }

  /// I, rows of x.
  Index input_size() const { return shape_.inputs; }
  /// O, rows of the outputs.
  Index output_size() const { return shape_.outputs; }
  /// K, how many columns of x an output sees.
  Index kernel_size() const { return shape_.kernel_size; }
  /// Steps from one of them to the next.
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
    return detail::convolve_forward(shape_, weight, bias, x, tape, batch, initial, options);
  }
  /// Adds dL/dW and dL/db to `gradient`, returns dL/dx. Unchecked: see LayerBase.
  Output<Scalar> run_back(const Input<Scalar>&, const Input<Scalar>& d_y, Tape& tape, Conv1d& gradient,
                          const BackwardOptions& options, const State& d_final) const {
    return detail::convolve_backward(weight, d_y, tape, gradient, options.truncation, d_final);
  }

  /// Throws unless `forward` can take an x of this shape; the number of output columns.
  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    require_parameters();
    detail::require(rows == input_size(), "Conv1d::forward: x has ", rows, " rows, expected input_size ", input_size());
    batch.require_covers("Conv1d::forward", columns);
    require_state("forward: the initial", initial, batch.size);
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
    require_state("backward: the final gradient's", d_final, tape.batch.size);
    options.truncation.require_valid("Conv1d::backward");
    detail::require_shape(name(), "x", rows, columns, input_size(), tape.columns());
  }

  /// The first output on the tape that is not finite, if there is one.
  std::optional<NonFinite> find_non_finite(const Tape& tape) const {
    for (Index j = 0; j < tape.y.cols(); ++j)
      if (!tape.y.col(j).allFinite()) return NonFinite{name(), "y", j / tape.batch.size, j % tape.batch.size, false};
    return std::nullopt;
  }

  /// The layer one step at a time; `step`, `reset` and `restore` neither allocate nor throw. Copies share the weights.
  class Stream {
   public:
    /// Packs a copy of the weights.
    Stream(const Conv1d& layer, Index samples) : shape_(layer.shape_) {
      const auto packed = std::make_shared<Packed>();
      packed->matrix.pack(layer.weight, shape_.group_outputs(), {0, shape_.groups});
      packed->bias = layer.bias;
      packed_ = packed;
      rings_.setZero(shape_.inputs * 2 * reach(), samples);
      y_.setZero(layer.output_size(), samples);
    }

    /// One step: x is I x B, the result O x B, valid until the next call.
    const Scalar* step(const Scalar* x) noexcept {
      newest_ = (newest_ + 1) % reach();
      const Index rows = shape_.inputs, units = shape_.group_outputs();
      for (Index b = 0; b < y_.cols(); ++b) {
        put(b, newest_, x + b * rows);
        detail::convolve(packed_->matrix, shape_.groups,
                         detail::windows(shape_, rings_.col(b).data() + (newest_ + 1) * rows, rows, 1, 1),
                         detail::group_sums(packed_->bias.data(), units, 0),
                         detail::group_sums(y_.col(b).data(), units, 0));
      }
      return y_.data();
    }
    /// Back to zeros.
    void reset() noexcept { rings_.setZero(); }
    /// The state now; allocates nothing where `to` was saved into before.
    void save(State& to) const {
      detail::assign(to.values[0], rings_.middleRows((newest_ + 2) * shape_.inputs, shape_.past() * shape_.inputs));
    }
    /// Whether a state is empty or has the layer's shape, a column a sample.
    bool fits(const State& saved) const noexcept {
      const Matrix<Scalar>& past = saved.values[0];
      return past.size() == 0 || (past.rows() == shape_.past() * shape_.inputs && past.cols() == y_.cols());
    }
    /// Of a state that fits; an empty one is zeros.
    void restore(const State& saved) noexcept {
      reset();
      newest_ = shape_.past();
      if (saved.values[0].size() == 0) return;
      for (Index b = 0; b < y_.cols(); ++b)
        for (Index n = 0; n < shape_.past(); ++n) put(b, n + 1, saved.values[0].col(b).data() + n * shape_.inputs);
    }

   private:
    struct Packed {
      detail::PackedMatrix<Scalar> matrix;
      Vector<Scalar> bias;
    };

    /// The number of columns from the oldest that an output sees to the newest.
    Index reach() const noexcept { return shape_.past() + 1; }
    void put(Index b, Index place, const Scalar* x) noexcept {
      for (const Index column : {place, place + reach()})
        std::copy_n(x, shape_.inputs, rings_.col(b).data() + column * shape_.inputs);
    }

    detail::ConvolutionShape shape_;
    std::shared_ptr<const Packed> packed_;
    Matrix<Scalar> rings_;  // each sample's last columns of x, twice, so that `reach` of them in a row are in order
    Matrix<Scalar> y_;      // O x B
    Index newest_ = 0;
  };

  /// A stream over a copy of the weights as they are now.
  template <class Samples = OneSample>
  Stream stream(const StreamShape<Samples>& shape = {}) const {
    require_parameters();
    return Stream(*this, shape.samples);
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
  void require_state(const char* which, const State& state, Index batch) const {
    const Matrix<Scalar>& past = state.values[0];
    const Index rows = shape_.past() * input_size();
    detail::require(past.size() == 0 || (past.rows() == rows && past.cols() == batch), "Conv1d::", which,
                    " state past is ", past.rows(), " x ", past.cols(), ", expected ", rows, " x ", batch);
  }

  detail::ConvolutionShape shape_;
};

}  // namespace unroll::inline UNROLL_TARGET
