#pragma once

#include <array>
#include <memory>
#include <utility>

#include "unroll/layers/layer.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Columns that a layer fills in.
template <class Scalar>
using WritableOutput = Eigen::Map<Matrix<Scalar>>;

/// The tape of a layer without memory.
template <class Scalar>
struct MemorylessTape : LayerTape<Scalar, NoState> {
  Batch batch;                   ///< of the last forward pass
  ForwardOptions options;        ///< of the last forward pass
  Index inputs = 0;              ///< rows of x
  std::array<Index, 2> shape{};  ///< of the layer
  Matrix<Scalar> masked_x;       ///< where a batch is ragged: x with zeros past the sequences' ends
  Matrix<Scalar> masked_d_y;     ///< the same of d_y

  /// Whether the column is not past its sequence's end.
  bool active(Index column) const { return batch.active(column, this->y.cols()); }
  /// Sets the columns past the sequences' ends to zero.
  void zero_past_ends(Matrix<Scalar>& matrix) const {
    if (batch.lengths.empty()) return;
    for (Index j = 0; j < matrix.cols(); ++j)
      if (!active(j)) matrix.col(j).setZero();
  }
};

/// What the stream of a layer without memory saves: nothing.
struct MemorylessStream {
  using State = NoState;

  void reset() noexcept {}
  void save(State&) const noexcept {}
  bool fits(const State&) const noexcept { return true; }
  void restore(const State&) noexcept {}
};

/// The base of a layer that maps each column on its own: class MyLayer : public Memoryless<MyLayer, float>. It defines
///
///   apply(x, y)                                computes y from x, allocates nothing
///   apply_back(x, y, d_y, gradient, d_x)       computes dL/dx, adds dL/d parameters to `gradient`, a MyLayer
///   name()
///
/// and, where it has parameters or a size, also visit, initialize, input_size and output_size (0: any; the outputs are
/// as many as the inputs), require_parameters, which throws where they do not fit together, and require_values(x,
/// batch), which throws where x holds what it may not. All else of a Layer is made of these. Past the sequences' ends y
/// is set to zero; on the way back x and d_y are zero there.
///
/// A layer whose passes need more, the tape or several threads, defines map(x, tape) and map_back(x, d_y, tape,
/// gradient) instead of apply and apply_back. They fill tape.y and tape.d_x. It also has its own tape, the third
/// argument, and its own Stream.
template <class Derived, class Scalar_, class Tape_ = MemorylessTape<Scalar_>>
class Memoryless : public LayerBase<Derived> {
  static_assert(detail::is_scalar<Scalar_>, "a layer's numbers are float or double, as in Dense<float>");

 public:
  using Scalar = Scalar_;
  using Tape = Tape_;
  using State = NoState;
  static constexpr int InputSize = Dynamic;
  static constexpr int OutputSize = Dynamic;

  Index input_size() const { return 0; }
  Index output_size() const { return 0; }
  void initialize(Random&, Initial = Initial::standard) {}
  template <class F, class... Layers>
  static void visit(F&&, const std::string&, Layers&...) {}

  /// x is I x (T*B), the outputs O x (T*B), zero past a sequence's end. Unchecked but for x's values.
  Output<Scalar> run(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State&,
                     const ForwardOptions& options) const {
    self().require_values(x, batch);
    tape.recorded = false;
    tape.batch = batch;
    tape.options = options;
    tape.inputs = x.rows();
    tape.shape = self().shape();
    detail::resize(tape.y, self().output_size() != 0 ? self().output_size() : x.rows(), x.cols());
    self().map(x, tape);
    tape.zero_past_ends(tape.y);
    tape.recorded = true;
    return tape.output();
  }

  /// Adds dL/d parameters to `gradient` and returns dL/dx. Consumes the tape. Unchecked.
  Output<Scalar> run_back(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Derived& gradient,
                          const BackwardOptions&, const State&) const {
    tape.recorded = false;
    detail::resize(tape.d_x, x.rows(), x.cols());
    self().map_back(x, d_y, tape, gradient);
    return tape.d_input();
  }

  Index require_forward(Index rows, Index columns, const Batch& batch, const State&) const {
    const Index inputs = self().input_size();
    static const std::string caller = detail::text(self().name(), "::forward");
    detail::require(inputs == 0 || rows == inputs, caller, ": x has ", rows, " rows, expected input_size ", inputs);
    batch.require_fits(caller.c_str(), columns);
    self().require_parameters();
    return columns;
  }

  void require_backward(Index rows, Index columns, const Tape& tape, const Derived& gradient, const BackwardOptions&,
                        const State&) const {
    self().require_parameters();
    static const std::string caller = detail::text(self().name(), "::backward");
    if (!tape.recorded)
      detail::raise<std::logic_error>(caller + ": the tape holds no forward pass; a backward pass consumes it");
    const auto shape = self().shape();
    detail::require(tape.shape == shape, caller, ": the tape is of a weight of ", tape.shape[0], " x ", tape.shape[1],
                    ", this layer's is ", shape[0], " x ", shape[1]);
    detail::require_same_shape(caller.c_str(), self(), gradient);
    detail::require_shape(self().name(), "x", rows, columns, tape.inputs, tape.y.cols());
  }

  std::optional<NonFinite> find_non_finite(const Tape& tape) const {
    return detail::find_non_finite_output(self().name(), tape.y, tape.batch);
  }

  /// The layer one step at a time.
  class Stream : public MemorylessStream {
   public:
    /// A stream of a layer that nobody changes.
    Stream(std::shared_ptr<const Derived> layer, Index inputs, Index samples)
        : layer_(std::move(layer)), inputs_(inputs) {
      for (auto& y : y_) y.setZero(layer_->output_size() != 0 ? layer_->output_size() : inputs, samples);
    }

    const Scalar* step(const Scalar* x) noexcept {
      turn_ = 1 - turn_;  // x may be the result of the step before
      Matrix<Scalar>& y = y_[turn_];
      layer_->apply(Output<Scalar>(x, inputs_, y.cols()), WritableOutput<Scalar>(y.data(), y.rows(), y.cols()));
      return y.data();
    }

   private:
    std::shared_ptr<const Derived> layer_;
    Index inputs_;
    std::array<Matrix<Scalar>, 2> y_;  // by turns, O x B
    std::size_t turn_ = 0;
  };

  /// A stream over a copy of the layer as it is now.
  template <class Samples = OneSample>
  Stream stream(const StreamShape<Samples>& wanted = {}) const {
    return shared_stream(std::make_shared<const Derived>(self()), wanted);
  }
  /// A stream over a layer that others share and nobody changes.
  template <class Samples>
  static Stream shared_stream(std::shared_ptr<const Derived> layer, const StreamShape<Samples>& wanted) {
    layer->require_parameters();
    const Index inputs = layer->input_size() != 0 ? layer->input_size() : wanted.inputs;
    detail::require(inputs > 0, layer->name(), "::stream: the number of inputs is not known; a layer before it tells");
    return Stream(std::move(layer), inputs, wanted.samples);
  }

  /// What a tape must have in common with the layer.
  std::array<Index, 2> shape() const { return {self().output_size(), self().input_size()}; }
  void require_parameters() const {}
  void require_values(const Input<Scalar>&, const Batch&) const {}
  void map(const Input<Scalar>& x, Tape& tape) const {
    const WritableOutput<Scalar> y(tape.y.data(), tape.y.rows(), tape.y.cols());
    static_assert(
        requires { self().apply(x, y); },
        "a Memoryless layer needs `void apply(const Input<S>& x, WritableOutput<S> y) const`");
    self().apply(x, y);
  }
  void map_back(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Derived& gradient) const {
    const WritableOutput<Scalar> d_x(tape.d_x.data(), tape.d_x.rows(), tape.d_x.cols());
    static_assert(
        requires { self().apply_back(x, tape.y, d_y, gradient, d_x); },
        "a Memoryless layer needs `void apply_back(const Input<S>& x, const Input<S>& y, const Input<S>& d_y, "
        "MyLayer& gradient, WritableOutput<S> d_x) const`");
    if (tape.batch.lengths.empty()) return self().apply_back(x, tape.y, d_y, gradient, d_x);
    detail::mask_past_ends(x, tape.batch, tape.masked_x);
    detail::mask_past_ends(d_y, tape.batch, tape.masked_d_y);
    self().apply_back(tape.masked_x, tape.y, tape.masked_d_y, gradient, d_x);
    tape.zero_past_ends(tape.d_x);
  }

 private:
  const Derived& self() const { return static_cast<const Derived&>(*this); }
};

}  // namespace unroll::inline UNROLL_TARGET
