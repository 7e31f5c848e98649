#pragma once

#include <concepts>

#include "unroll/layers/layer_streams.hpp"
#include "unroll/layers/packed.hpp"
#include "unroll/layers/states.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Layers one after the other, each fed by the one before. It is a layer itself. Sequential and Stack are made of it.
template <class Layers>
class Chain : public LayerOfLayers<Chain<Layers>> {
  using Traits = detail::ChainTraits<Layers>;
  static_assert(Traits::states, "a layer's State shows its matrices by `static void visit(f, prefix, states...)`");
  static_assert(Traits::layers, "a model is made of layers: see the concept Layer in layers/layer.hpp");
  static_assert(Traits::one_scalar, "all layers of a model need the same Scalar");

 public:
  using Scalar = typename Traits::Scalar;
  using State = detail::StateOfLayers<Layers>;
  using Stream = ChainStream<Layers>;
  static constexpr int InputSize = Traits::inputs;
  static constexpr int OutputSize = Traits::outputs;
  static constexpr bool trained = Traits::trained;

  struct Tape {
    detail::PerLayer<Layers, detail::TapeOf> layers;  ///< one a layer
    State final_state;                                ///< after each sequence's own end
    State d_initial;                                  ///< dL/d initial state
    Index columns = 0;                                ///< of x
    bool recorded = false;                            ///< whether the last forward pass came to its end

    /// Calls f(tape) for each layer.
    template <class F>
    void each_tape(F f) const {
      detail::walk([&](std::size_t, const auto& tape) { f(tape); }, layers);
    }
    Output<Scalar> output() const {
      if constexpr (detail::is_vector<Layers>)
        return layers.empty() ? Output<Scalar>(nullptr, 0, 0) : layers.back().output();
      else
        return std::get<std::tuple_size_v<Layers> - 1>(layers).output();
    }
    Output<Scalar> d_input() const {
      if constexpr (detail::is_vector<Layers>)
        return layers.empty() ? Output<Scalar>(nullptr, 0, 0) : layers.front().d_input();
      else
        return std::get<0>(layers).d_input();
    }
  };

  Layers layers;  ///< a tuple or a vector of them

  /// Throws std::invalid_argument where a layer's input_size is not the output_size of the one before.
  explicit Chain(Layers chain) : layers(std::move(chain)) {
    detail::require(detail::part_count(layers) > 0, "a model needs at least one layer");
    Index size = 0;
    const auto connect = [&](std::size_t k, const auto& layer) {
      detail::require(size == 0 || layer.input_size() == 0 || layer.input_size() == size, "layer ", k,
                      " has input_size ", layer.input_size(), ", the layer before it gives ", size);
      if (layer.output_size() != 0) size = layer.output_size();
    };
    detail::walk(connect, layers);
  }

  Index input_size() const {
    Index size = 0;
    detail::walk([&](std::size_t, const auto& layer) { size = size == 0 ? layer.input_size() : size; }, layers);
    return size;
  }
  Index output_size() const {
    Index size = 0;
    detail::walk([&](std::size_t, const auto& layer) { size = layer.output_size() == 0 ? size : layer.output_size(); },
                 layers);
    return size;
  }

  State empty_state() const {
    State state;
    detail::resize_parts(state.layers, detail::part_count(layers));
    detail::walk([](std::size_t, const auto& layer, auto& part) { part = state_for(layer); }, layers, state.layers);
    return state;
  }

  /// Runs all layers: x is I x (T*B), the outputs O x (T*B), or O x B behind a read-out. Unchecked: see LayerBase.
  Output<Scalar> run(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State& initial,
                     const ForwardOptions& options) const {
    const State zeros = empty_state();
    const State& start = detail::part_count(initial.layers) == 0 ? zeros : initial;
    detail::resize_parts(tape.layers, detail::part_count(layers));
    detail::resize_parts(tape.final_state.layers, detail::part_count(layers));
    Batch of_layer = batch;
    std::optional<Output<Scalar>> y;
    const auto run_one = [&](std::size_t k, const auto& layer, auto& layer_tape, const auto& state, auto& final_state) {
      const Index steps = of_layer.steps(k == 0 ? x.cols() : y->cols());
      y.emplace(layer.run(k == 0 ? x : Input<Scalar>(*y), layer_tape, of_layer, state, options_of_layer(options, k)));
      if (layer.reads_out()) of_layer = of_layer.read_out(steps);
      final_state = layer_tape.final_state;
      tape.columns = x.cols();
      tape.recorded = k + 1 == detail::part_count(layers);
    };
    detail::walk(run_one, layers, tape.layers, start.layers, tape.final_state.layers);
    return *y;
  }

  /// Goes back through all layers, the last first.
  Output<Scalar> run_back(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Chain& gradient,
                          const BackwardOptions& options, const State& d_final) const {
    const State zeros = empty_state();
    const State& end = detail::part_count(d_final.layers) == 0 ? zeros : d_final;
    std::vector<Output<Scalar>> inputs;  // of layers 1, 2, ...
    detail::walk([&](std::size_t, const auto& layer_tape) { inputs.push_back(layer_tape.output()); }, tape.layers);
    detail::resize_parts(tape.d_initial.layers, detail::part_count(layers));
    std::optional<Output<Scalar>> d;
    const auto run_one = [&](std::size_t k, const auto& layer, auto& layer_tape, auto& layer_gradient,
                             const auto& state, auto& d_initial) {
      d.emplace(layer.run_back(k == 0 ? x : Input<Scalar>(inputs[k - 1]), d ? Input<Scalar>(*d) : d_y, layer_tape,
                               layer_gradient, options, state));
      d_initial = layer_tape.d_initial;
    };
    detail::walk<true>(run_one, layers, tape.layers, gradient.layers, end.layers, tape.d_initial.layers);
    return *d;
  }

  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    const State zeros = empty_state();
    const State& start = detail::part_count(initial.layers) == 0 ? zeros : initial;
    require_states("initial", start);
    Batch of_layer = batch;
    const auto check = [&](std::size_t, const auto& layer, const auto& state) {
      const Index given = layer.require_forward(rows, columns, of_layer, state);
      if (layer.reads_out()) of_layer = of_layer.read_out(of_layer.steps(columns));
      columns = given;
      if (layer.output_size() != 0) rows = layer.output_size();
    };
    detail::walk(check, layers, start.layers);
    return columns;
  }

  void require_backward(Index rows, Index columns, const Tape& tape, const Chain& gradient,
                        const BackwardOptions& options, const State& d_final) const {
    if (detail::part_count(tape.layers) != detail::part_count(layers))
      detail::raise<std::logic_error>("model::backward: the tape holds no forward pass");
    detail::require(detail::part_count(gradient.layers) == detail::part_count(layers),
                    "model::backward: the gradient has ", detail::part_count(gradient.layers), " layers, expected ",
                    detail::part_count(layers));
    const State zeros = empty_state();
    const State& end = detail::part_count(d_final.layers) == 0 ? zeros : d_final;
    require_states("final gradient's", end);
    const Index x_rows = input_size() == 0 ? rows : input_size();
    std::pair x_of_layer(x_rows, tape.columns);
    const auto check = [&](std::size_t, const auto& layer, const auto& layer_tape, const auto& layer_gradient,
                           const auto& state) {
      layer.require_backward(x_of_layer.first, x_of_layer.second, layer_tape, layer_gradient, options, state);
      x_of_layer = {layer_tape.output().rows(), layer_tape.output().cols()};
    };
    detail::walk(check, layers, tape.layers, gradient.layers, end.layers);
    detail::require_recorded("model", tape.recorded);
    detail::require_shape("model", "x", rows, columns, x_rows, tape.columns);
  }

  /// The first non-finite number of the forward passes, else of the backward passes.
  std::optional<NonFinite> find_non_finite(const Tape& tape) const {
    if (detail::part_count(tape.layers) != detail::part_count(layers)) return std::nullopt;
    return find_non_finite_in_layers(*this, tape);
  }

  template <class Samples = OneSample>
  Stream stream(StreamShape<Samples> shape = {}) const
    requires(Traits::streamable)
  {
    if (shape.inputs == 0) shape.inputs = input_size();
    if constexpr (Traits::several_states) require_no_state_behind_read_out();
    return Stream(detail::of_each(layers, [&](const auto& layer) {
      auto one = detail::stream_of(layer, shape);
      if (layer.output_size() != 0) shape.inputs = layer.output_size();
      return one;
    }));
  }

  /// The chain of the layers packed in a storage.
  template <class Storage = Full>
  auto pack(Storage storage = {}) const {
    auto packed = detail::of_each(layers, [&](const auto& layer) { return detail::packed(layer, storage); });
    return Chain<decltype(packed)>(std::move(packed));
  }

  /// Throws std::invalid_argument where the first layer does for numbers of x. Parallel and Wavefront ask before they
  /// cut x.
  void require_values(const Input<Scalar>& x, const Batch& batch) const
    requires requires(const typename Traits::First& first) { first.require_values(x, batch); }
  {
    if constexpr (detail::is_vector<Layers>)
      layers.front().require_values(x, batch);
    else
      std::get<0>(layers).require_values(x, batch);
  }

  /// Throws std::invalid_argument where the chains have different numbers of layers.
  template <class F, class First, class... Chains>
  static void children(F&& f, const std::string& prefix, First& first, Chains&... chains) {
    [[maybe_unused]] const std::size_t count = detail::part_count(first.layers);
    (detail::require(detail::part_count(chains.layers) == count, "a model of ", count, " layers beside one of ",
                     detail::part_count(chains.layers)),
     ...);
    detail::number(f, prefix, first.layers, chains.layers...);
  }

 private:
  /// A layer behind a read-out sees only one step of a sequence, but all steps of a stream.
  void require_no_state_behind_read_out() const {
    std::optional<std::size_t> read_out;
    const auto check = [&](std::size_t k, const auto& layer) {
      detail::require(!read_out || !detail::keeps_state(layer), "a stream: layer ", k, " keeps a state behind layer ",
                      read_out.value_or(0), "'s read-out: it takes one step of a sequence, and all of a stream");
      if (layer.reads_out() && !read_out) read_out = k;
    };
    detail::walk(check, layers);
  }

  void require_states(const char* which, const State& state) const {
    detail::require(detail::part_count(layers) > 0, "model: there is no layer; it was moved from");
    detail::require(detail::part_count(state.layers) == detail::part_count(layers), "model: the ", which, " state has ",
                    detail::part_count(state.layers), " layers, expected ", detail::part_count(layers));
  }
};

/// Layers of different types, one after the other:
///
///   Random random(1);
///   Sequential model{Lstm<float>(3, 32, random), Dense<float>(32, 1, random)};
///
/// With braces the layers draw their weights in this order; with parentheses the compiler may choose another.
template <class... Layers>
class Sequential : public Chain<std::tuple<Layers...>> {
 public:
  /// Throws std::invalid_argument where a layer's input_size is not the output_size of the one before.
  explicit Sequential(Layers... chain) : Chain<std::tuple<Layers...>>(std::tuple<Layers...>(std::move(chain)...)) {
    static_assert(sizes_fit(), "each layer's input size must be the output size of the layer before it");
  }

 private:
  static constexpr bool sizes_fit() {  // not covered: runs at compile time
    constexpr int inputs[] = {Layers::InputSize...}, outputs[] = {Layers::OutputSize...};
    for (std::size_t k = 1; k < sizeof...(Layers); ++k)
      if (inputs[k] != Dynamic && outputs[k - 1] != Dynamic && inputs[k] != outputs[k - 1]) return false;
    return true;
  }
};

/// Layers of one type, whose number is known only at run time:
///
///   Stack<Lstm<float>> model(3, input_size, hidden_size, random);
template <class L>
class Stack : public Chain<std::vector<L>> {
 public:
  /// Throws std::invalid_argument without a layer, or where sizes do not fit.
  explicit Stack(std::vector<L> alike) : Chain<std::vector<L>>(std::move(alike)) {}

  /// `count` layers. The first is L(input_size, hidden_size, arguments...); each other one is fed by the one before it.
  template <class... Arguments>
    requires std::constructible_from<L, Index, Index, Arguments&...>
  Stack(Index count, Index input_size, Index hidden_size, Arguments&&... arguments)
      : Stack(make(count, input_size, hidden_size, arguments...)) {}
  /// Refused: what makes no layer, such as sizes without a Random.
  Stack(Index, Index, Index, ...) = delete;  // fresh weights are drawn from a Random that can change, after all sizes
  /// Refused: options that do not say their type, or a const Random.
  Stack(Index, Index, Index,  // options say their type, Unrolling{.zoneout = 0.1}, and the Random can change
        const Random&, ...) = delete;

 private:
  template <class... Arguments>
  static std::vector<L> make(Index count, Index input_size, Index hidden_size, Arguments&... arguments) {
    detail::require(count >= 1, "Stack: ", count, " layers, expected at least 1");
    std::vector<L> alike;
    for (Index k = 0; k < count; ++k)
      alike.emplace_back(k == 0 ? input_size : alike.back().output_size(), hidden_size, arguments...);
    return alike;
  }
};

}  // namespace unroll::inline UNROLL_TARGET
