#pragma once

#include <limits>

#include "unroll/engine/packed_recurrent.hpp"
#include "unroll/engine/pointwise_step.hpp"
#include "unroll/engine/unroll_back.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A recurrent layer, unrolled over a sequence forward and backward. It is a value: its parameters and an Unrolling.
/// Step says what one step computes (engine/pointwise_step.hpp); all the rest is here.
///
/// Inputs and Outputs are sizes at compile time, or Dynamic.
template <class Step, int Inputs, int Outputs>
class RecurrentLayer : public Step::Parameters, public LayerBase<RecurrentLayer<Step, Inputs, Outputs>> {
  static_assert(detail::is_scalar<typename Step::Scalar>, "a layer's numbers are float or double, as in Lstm<float>");
  static_assert(Inputs == Dynamic || Inputs > 0, "a recurrent layer needs an input size of at least 1");
  static_assert(Outputs == Dynamic || Outputs > 0, "a recurrent layer needs a hidden size of at least 1");
  static constexpr bool fixed = Inputs != Dynamic && Outputs != Dynamic && !Step::projected;

 public:
  /// The rule whose gates and states it has.
  using Cell = typename Step::Cell;
  using Scalar = typename Step::Scalar;
  /// The layer's base: its weights.
  using Parameters = typename Step::Parameters;
  using State = RecurrentState<Cell, Scalar>;
  using Tape = RecurrentTape<Step>;
  /// The layer one step at a time.
  using Stream = RecurrentStream<Step, Inputs, Outputs, Full>;
  static constexpr int InputSize = Inputs;    ///< or Dynamic
  static constexpr int OutputSize = Outputs;  ///< or Dynamic

  Unrolling unrolling;  ///< direction, read-out, noise

  /// A layer with fresh weights. Throws std::invalid_argument where a size is below 1 or not the compile-time size.
  RecurrentLayer(Index input_size, Index hidden_size, Random& random, Unrolling how = {})
    requires(!Step::projected)
      : RecurrentLayer(input_size, hidden_size, hidden_size, how) {
    initialize(random);
  }
  /// The same, of sizes at compile time.
  explicit RecurrentLayer(Random& random, Unrolling how = {})
    requires fixed
      : RecurrentLayer(Inputs, Outputs, Outputs, how) {
    initialize(random);
  }
  /// The same for a layer with a projection.
  RecurrentLayer(Index input_size, Index hidden_size, Index output_size, Random& random, Unrolling how = {})
    requires(Step::projected)
      : RecurrentLayer(input_size, hidden_size, output_size, how) {
    initialize(random);
  }
  /// Refused: there is no Random, or a const one or a seed in its place.
  RecurrentLayer(Index, Index, ...) = delete;  // fresh weights are drawn from a Random that can change, after all sizes
  /// Refused: there are no arguments at all.
  RecurrentLayer() = delete;  // fresh weights are drawn from a Random that can change, after all sizes
  /// Refused: an option that does not exist.
  template <class no_such_option = void>
    requires(!Step::projected)
  RecurrentLayer(Index, Index, Random&, ...) = delete;  // no such option, or options out of order: see Unrolling
  /// Refused: the same for a layer with a projection.
  template <class no_such_option = void>
    requires(Step::projected)
  RecurrentLayer(Index, Index, Index, Random&, ...) = delete;  // no such option, or options out of order: see Unrolling
  /// Refused: the same for sizes at compile time.
  template <class no_such_option = void>
    requires fixed
  explicit RecurrentLayer(Random&, ...) = delete;  // no such option, or options out of order: see Unrolling

  /// A layer whose parameters are all zero, to be set or loaded, or to hold a gradient.
  static RecurrentLayer zeros(Index input_size, Index hidden_size, Unrolling how = {})
    requires(!Step::projected)
  {
    return RecurrentLayer(input_size, hidden_size, hidden_size, how);
  }
  /// The same, of sizes at compile time.
  static RecurrentLayer zeros(Unrolling how = {})
    requires fixed
  {
    return RecurrentLayer(Inputs, Outputs, Outputs, how);
  }
  /// The same for a layer with a projection.
  static RecurrentLayer zeros(Index input_size, Index hidden_size, Index output_size, Unrolling how = {})
    requires(Step::projected)
  {
    return RecurrentLayer(input_size, hidden_size, output_size, how);
  }

  /// I, rows of x.
  Index input_size() const { return Inputs == Dynamic ? this->weight_ih.cols() : Inputs; }
  /// H, the number of units.
  Index hidden_size() const { return Outputs == Dynamic || Step::projected ? this->units() : Outputs; }
  /// O, rows of the outputs.
  Index output_size() const { return Outputs == Dynamic ? this->outputs() : Outputs; }

  /// Whether the outputs are one column a sample.
  bool reads_out() const { return unrolling.reads_out(); }

  /// The three sizes.
  RecurrentSizes sizes() const { return {input_size(), hidden_size(), output_size()}; }

  /// Draws all parameters anew.
  void initialize(Random& random, Initial initial = Initial::standard) { Parameters::initialize(random, initial); }

  /// Runs the sequences of a batch. x is I x (T*B). The outputs are O x (T*B), or O x B where they are read out. O is H
  /// where the layer has no projection.
  ///
  /// The tape takes all that `run_back` needs; `tape.final_state` is the state after each sequence's own end. `initial`
  /// is the state before the first step: h is O x B, the others are H x B, and an empty one means zeros. Unchecked: see
  /// LayerBase.
  Output<Scalar> run(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State& initial,
                     const ForwardOptions& options) const {
    const auto pack = [&](const detail::Member& member) { tape.packed.pack(*this, member); };
    return detail::unroll_forward<Step>(tape.packed, pack, sizes(), unrolling, x, tape, batch, initial, options);
  }

  /// Adds dL/d parameters to `gradient` and returns dL/dx, I x (T*B). `tape.d_initial` becomes dL/d initial state;
  /// `tape.d_h_norms` and `tape.clip_report` become what the options asked for. Unchecked: see LayerBase.
  Output<Scalar> run_back(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, RecurrentLayer& gradient,
                          const BackwardOptions& options, const State& d_final) const {
    return detail::unroll_backward<Step>(*this, x, d_y, tape, gradient, options, d_final);
  }

  /// The first number on the tape that is not finite, if there is one.
  std::optional<NonFinite> find_non_finite(const Tape& tape) const { return detail::find_non_finite(tape); }

  /// A copy of the weights as they are now, packed in a storage, for sequences and streams. Throws
  /// std::invalid_argument where the parameters do not fit together, or the storage cannot keep a weight.
  template <StorageOf<Scalar> Storage = Full>
  PackedRecurrent<Step, Inputs, Outputs, Storage> pack(Storage = {}) const {
    require_parameters();
    return {*this, sizes(), unrolling};
  }
  /// A stream over a copy of the weights. Throws std::invalid_argument where the layer needs the whole sequence.
  template <class Samples = OneSample>
  Stream stream(const StreamShape<Samples>& shape = {}) const {
    return pack().stream(shape);
  }

  static const char* name() { return Step::name(); }

  /// Throws unless `forward` can take an x of this shape. Returns the number of output columns.
  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    require_parameters();
    return detail::require_forward<Step>(sizes(), unrolling, rows, columns, batch, initial);
  }

  /// Throws unless `backward` can take these, and an x of this shape.
  void require_backward(Index rows, Index columns, const Tape& tape, const RecurrentLayer& gradient,
                        const BackwardOptions& options, const State& d_final) const {
    const std::string caller = detail::text(name(), "::backward");
    if (tape.content == Tape::Content::outputs)
      detail::raise<std::logic_error>(caller + ": the forward pass was not recorded (ForwardOptions::record)");
    if (tape.content != Tape::Content::activations)
      detail::raise<std::logic_error>(caller + ": the tape holds no forward pass; a backward pass consumes it");
    require_parameters();
    detail::require(tape.inputs == input_size() && tape.gates.units() == hidden_size(), caller,
                    ": the tape is of a layer of ", tape.inputs, " inputs and ", tape.gates.units(),
                    " units, this one has ", input_size(), " and ", hidden_size());
    detail::require(tape.states[0].rows() == output_size(), caller, ": the tape is of a layer of ",
                    tape.states[0].rows(), " outputs, this one has ", output_size());
    detail::require_same_shape(caller.c_str(), *this, gradient);
    detail::require_state<Step>("backward: the final gradient's", d_final, sizes(), tape.size());
    options.truncation.require_valid(caller);
    detail::require(options.clip >= 0, caller, ": clip is ", options.clip, ", expected at least 0");
    detail::require_shape(name(), "x", rows, columns, tape.inputs, tape.columns());
  }

 private:
  RecurrentLayer(Index input_size, Index hidden_size, Index output_size, Unrolling how) : unrolling(how) {
    const auto check = [](const char* what, Index size, int fixed_size) {
      detail::require(size >= 1 && (fixed_size == Dynamic || size == fixed_size), name(), ": ", what, " is ", size,
                      ", expected ", fixed_size == Dynamic ? "at least 1" : std::to_string(fixed_size));
    };
    check("input_size", input_size, Inputs);
    check("hidden_size", hidden_size, Step::projected ? Dynamic : Outputs);
    if (Step::projected) check("output_size", output_size, Outputs);
    constexpr Index most = (std::numeric_limits<Index>::max)() / gate_count<Cell>;
    detail::require(hidden_size <= most, name(), ": hidden_size is ", hidden_size, ", expected at most ", most);
    detail::require_rates<Step>(how);
    Parameters::each_shape(*this, input_size, hidden_size, output_size,
                           [](const char*, auto& tensor, Index rows, Index cols) { tensor.setZero(rows, cols); });
  }

  /// The parameters are public: what a caller put there must still fit together.
  void require_parameters() const {
    const auto check = [](const char* what, const auto& tensor, Index rows, Index cols) {
      if constexpr (std::decay_t<decltype(tensor)>::ColsAtCompileTime == 1)
        detail::require(tensor.rows() == rows, name(), ": ", what, " has ", tensor.rows(), " rows, expected ", rows);
      else
        detail::require(tensor.rows() == rows && tensor.cols() == cols, name(), ": ", what, " is ", tensor.rows(),
                        " x ", tensor.cols(), ", expected ", rows, " x ", cols);
    };
    Parameters::each_shape(*this, input_size(), hidden_size(), output_size(), check);
    detail::require(input_size() > 0, name(), ": there are no weights; the layer was moved from");
    detail::require_rates<Step>(unrolling);
  }
};

/// A layer of any cell (cells/cell.hpp says what that is), I and H sizes at compile time, or Dynamic:
///
///   pre-activations  a_t = W_ih x_t + W_hh h_{t-1} + b      gate by gate, H rows each
///   states           the cell's rule on a_t and the states of t-1
template <class Cell, class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using Recurrent = RecurrentLayer<detail::PointwiseStep<Cell, Scalar>, Inputs, H>;

}  // namespace unroll::inline UNROLL_TARGET
