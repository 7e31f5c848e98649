#pragma once

#include "unroll/layers/packed.hpp"
#include "unroll/layers/states.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A layer with a shortcut around it, y = x + layer(x), so that deep models learn from the start (He et al. 2016,
/// equation 1). The layer must not be read out. Where it has fewer outputs than inputs, the first rows of x take the
/// shortcut: a sound does, say, and the knobs below it do not.
template <class L>
class Residual : public LayerOfLayers<Residual<L>> {
 public:
  using Scalar = typename L::Scalar;
  using State = typename L::State;
  static constexpr int InputSize = L::InputSize;
  static constexpr int OutputSize = L::OutputSize;
  static constexpr bool trained = Layer<L>;

  struct Tape : LayerTape<Scalar, State> {
    typename L::Tape layer;  ///< of the layer
    Batch batch;             ///< of the last forward pass

    /// Calls f(tape) for the layer.
    template <class F>
    void each_tape(F f) const {
      f(layer);
    }
  };

  L layer;  ///< inside the shortcut

  /// Throws std::invalid_argument where the layer has more outputs than inputs.
  explicit Residual(L inner) : layer(std::move(inner)) {
    detail::require(layer.input_size() >= layer.output_size(), name(), ": the layer is ", layer.input_size(), " to ",
                    layer.output_size(), ", expected at most as many outputs as inputs");
  }

  Index input_size() const { return layer.input_size(); }
  Index output_size() const { return layer.output_size(); }
  State empty_state() const { return state_for(layer); }

  /// Zeros past the sequences' ends.
  Output<Scalar> run(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State& initial,
                     const ForwardOptions& options) const {
    const auto of_layer = layer.run(x, tape.layer, batch, initial, options);
    tape.recorded = false;
    detail::mask_past_ends(Input<Scalar>(x.topRows(of_layer.rows())), batch, tape.y);
    tape.y += of_layer;
    tape.final_state = tape.layer.final_state;
    tape.batch = batch;
    tape.recorded = true;
    return tape.output();
  }

  Output<Scalar> run_back(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Residual& gradient,
                          const BackwardOptions& options, const State& d_final) const {
    const auto of_layer = layer.run_back(x, d_y, tape.layer, gradient.layer, options, d_final);
    detail::assign(tape.d_x, of_layer);
    for (Index j = 0; j < d_y.cols(); ++j)
      if (tape.batch.active(j, d_y.cols())) tape.d_x.col(j).head(d_y.rows()) += d_y.col(j);
    tape.d_initial = tape.layer.d_initial;
    return tape.d_input();
  }

  /// As Layer says. Also throws std::invalid_argument where the layer is read out.
  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    const Index given = layer.require_forward(rows, columns, batch, initial);
    detail::require(given == columns, name(), "::forward: the layer is read out, its outputs have ", given,
                    " columns, x has ", columns);
    return given;
  }
  /// Throws std::invalid_argument where the layer does for numbers of x, as Chain does.
  void require_values(const Input<Scalar>& x, const Batch& batch) const
    requires requires(const L& inner) { inner.require_values(x, batch); }
  {
    layer.require_values(x, batch);
  }
  void require_backward(Index rows, Index columns, const Tape& tape, const Residual& gradient,
                        const BackwardOptions& options, const State& d_final) const {
    layer.require_backward(rows, columns, tape.layer, gradient.layer, options, d_final);
    detail::require_recorded(name(), tape.recorded);
  }

  /// The layer one step at a time.
  class Stream {
   public:
    /// From the layer's stream and the sizes of a step: inputs, outputs and samples.
    Stream(typename L::Stream of_layer, Index inputs, Index outputs, Index sample_count)
        : stream_(std::move(of_layer)), inputs_(inputs), y_(Matrix<Scalar>::Zero(outputs, sample_count)) {}

    const Scalar* step(const Scalar* x) noexcept {
      const Scalar* of_layer = stream_.step(x);
      for (Index b = 0; b < y_.cols(); ++b)
        for (Index i = 0; i < y_.rows(); ++i) y_(i, b) = x[b * inputs_ + i] + of_layer[b * y_.rows() + i];
      return y_.data();
    }
    void reset() noexcept { stream_.reset(); }
    void save(State& to) const { stream_.save(to); }
    bool fits(const State& saved) const noexcept { return stream_.fits(saved); }
    void restore(const State& saved) noexcept { stream_.restore(saved); }

   private:
    typename L::Stream stream_;
    Index inputs_;
    Matrix<Scalar> y_;  // outputs x samples
  };
  template <class Samples = OneSample>
  Stream stream(StreamShape<Samples> shape = {}) const
    requires StreamableLayer<L>
  {
    if (input_size() != 0) shape.inputs = input_size();
    return {detail::stream_of(layer, shape), shape.inputs, output_size() != 0 ? output_size() : shape.inputs,
            shape.samples};
  }

  /// A Residual of the layer packed in a storage.
  template <class Storage = Full>
  auto pack(Storage storage = {}) const {
    return unroll::Residual(detail::packed(layer, storage));
  }

  static const char* name() { return "Residual"; }

  template <class F, class... Layers>
  static void children(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "layer.", layers.layer...);
  }
};

}  // namespace unroll::inline UNROLL_TARGET
