#pragma once

#include <concepts>
#include <optional>

#include "unroll/core/random.hpp"
#include "unroll/engine/initializers.hpp"
#include "unroll/engine/layer_base.hpp"
#include "unroll/engine/non_finite.hpp"
#include "unroll/engine/stream_shape.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The state of a layer. Its `visit` shows its matrices under their names, as a layer's shows its parameters; each has
/// one column a sample. Empty matrices stand for zeros, and so does an empty state. All that carries, saves, checks or
/// cuts states uses `visit`.
template <class S>
concept VisitedState = std::copyable<S> && std::default_initializable<S> &&
                       requires(S& state) { S::visit(detail::AnyVisitor(), std::string(), state, state); };

/// The state of a layer that has none.
struct NoState {
  template <class F, class... States>
  static void visit(F&&, const std::string&, States&...) {}
};

/// A layer, or any value, that is made of layers and shows them: the static children(f, prefix, models...) calls
/// f(prefix + name + ".", layer...) for each. The names of the layer's tensors follow the dot. What it shows is
/// described, counted and brought from PyTorch. A model without a name() is described by its layers alone.
template <class M>
concept Composite = requires(M& model) { M::children(detail::AnyVisitor(), std::string(), model, model); };

/// The visitor of children that calls f for all that each of them shows: `children(visit_of_each(f), prefix,
/// models...)` is the visit of a composite.
template <class F>
auto visit_of_each(F& f) {
  return [&f]<class Child, class... Others>(const std::string& prefix, Child& child, Others&... others) {
    std::remove_const_t<Child>::visit(f, prefix, child, others...);
  };
}

/// The forward part of a layer, which is all that a packed layer has (see layers/packed.hpp).
template <class L>
concept ForwardLayer =
    std::copyable<L> && requires(const L& layer, const Input<typename L::Scalar>& x, typename L::Tape& tape,
                                 const Batch& batch, const typename L::State& state, const ForwardOptions& options) {
      requires VisitedState<typename L::State>;
      { layer.input_size() } -> std::same_as<Index>;
      { layer.output_size() } -> std::same_as<Index>;
      { layer.reads_out() } -> std::same_as<bool>;
      { layer.forward(x, tape, batch, state, options) } -> std::same_as<Output<typename L::Scalar>>;
      { layer.require_forward(Index(), Index(), batch, state) } -> std::same_as<Index>;
      { layer.run(x, tape, batch, state, options) } -> std::same_as<Output<typename L::Scalar>>;
      { layer.find_non_finite(tape) } -> std::same_as<std::optional<NonFinite>>;
      { tape.output() } -> std::same_as<Output<typename L::Scalar>>;
      { tape.final_state } -> std::same_as<typename L::State&>;
    };

/// What every layer and every model of layers has. All of it is const except the tape and the gradient:
///
///   forward(x, tape, batch, initial, options)           the outputs, owned by the tape
///   backward(x, d_y, tape, gradient, options, d_final)  dL/dx, owned by the tape; adds to `gradient`, a layer too
///   require_forward(rows, columns, batch, initial)      the number of output columns; throws where an x of this shape
///                                                       or another argument does not fit
///   require_backward(rows, columns, tape, gradient, options, d_final)
///                                                       throws where x's shape or another argument does not fit
///   run(x, tape, batch, initial, options)               as forward, unchecked
///   run_back(x, d_y, tape, gradient, options, d_final)  as backward, unchecked
///   find_non_finite(tape)                               the first number that is not finite
///   initialize(random, initial)                         draws the parameters anew
///   visit(f, prefix, layers...)                         f(name, tensor...) for each parameter tensor
///   input_size(), output_size()                         rows of x and of the outputs; 0: any
///   reads_out()                                         whether the outputs are one column a sample
///   tape.output(), tape.d_input()                       what the last passes gave back
///   tape.final_state, tape.d_initial                    states
///
/// A layer of a Sequential also has InputSize and OutputSize, its sizes at compile time or Dynamic. A model of layers
/// has empty_state(), a state with a place for each layer.
///
/// LayerBase makes `forward` and `backward` of the four functions below them. So a model of layers asks each layer once
/// and refuses as a whole, before any layer's tape is touched. Only `run` can refuse values of x, because a model knows
/// them only layer by layer; it does so before it changes the tape.
template <class L>
concept Layer = ForwardLayer<L> && requires(L& gradient, const L& layer, const Input<typename L::Scalar>& x,
                                            typename L::Tape& tape, const typename L::State& state,
                                            const BackwardOptions& options, Random& random, Initial initial) {
  { layer.backward(x, x, tape, gradient, options, state) } -> std::same_as<Output<typename L::Scalar>>;
  layer.require_backward(Index(), Index(), tape, gradient, options, state);
  { layer.run_back(x, x, tape, gradient, options, state) } -> std::same_as<Output<typename L::Scalar>>;
  { tape.d_input() } -> std::same_as<Output<typename L::Scalar>>;
  { tape.d_initial } -> std::same_as<typename L::State&>;
  gradient.initialize(random, initial);
};

/// A layer that also runs one step at a time. stream() gives a value with step(x), reset(), save(state), fits(state),
/// which says whether the state is empty or has the layer's shape, and restore(state), which takes one that fits. They
/// allocate nothing, except in the first save into a state.
template <class L>
concept StreamableLayer = ForwardLayer<L> && requires(const L& layer, typename L::Stream& stream,
                                                      const typename L::Scalar* x, typename L::State& state) {
  { layer.stream() } -> std::same_as<typename L::Stream>;
  { stream.step(x) } noexcept -> std::same_as<const typename L::Scalar*>;
  { stream.reset() } noexcept;
  { stream.fits(state) } noexcept -> std::same_as<bool>;
  { stream.restore(state) } noexcept;
  stream.save(state);
};

/// The first number that is not finite in the layers' forward passes, else in their backward passes. It is for a
/// composite whose tape has the layers' tapes in members with the layers' names.
template <Composite Model, class Tape>
std::optional<NonFinite> find_non_finite_in_layers(const Model& model, const Tape& tape) {
  std::optional<NonFinite> first;
  const auto search = [&](const std::string& prefix, const auto& layer, const auto& layer_tape) {
    if (first && !first->backward) return;
    if (auto found = layer.find_non_finite(layer_tape)) {
      found->layer = prefix + found->layer;
      first = std::move(found);
    }
  };
  Model::children(search, "", model, tape);
  return first;
}

namespace detail {
template <class L>
constexpr bool is_trained() {  // not covered: runs at compile time
  if constexpr (requires { L::trained; })
    return L::trained;
  else
    return true;
}
}  // namespace detail

/// The base of a layer that is made of layers and shows them by `children`: LayerBase, and what follows from the
/// layers. `trained` is false if they are packed.
template <class Derived>
class LayerOfLayers : public LayerBase<Derived> {
 public:
  /// Draws all layers' parameters anew, in their order.
  template <class L = Derived>
  void initialize(Random& random, Initial initial = Initial::standard)
    requires(detail::is_trained<L>())
  {
    const auto each = [&](const std::string&, auto& layer) { layer.initialize(random, initial); };
    Derived::children(each, std::string(), static_cast<Derived&>(*this));
  }

  /// Whether a layer is read out; then the others are too.
  bool reads_out() const {
    bool any = false;
    const auto each = [&](const std::string&, const auto& layer) { any = any || layer.reads_out(); };
    Derived::children(each, std::string(), static_cast<const Derived&>(*this));
    return any;
  }

  /// As Layer says. The tape must have the layers' tapes in members with the layers' names.
  template <class Tape>
  std::optional<NonFinite> find_non_finite(const Tape& tape) const {
    return find_non_finite_in_layers(static_cast<const Derived&>(*this), tape);
  }

  template <class F, class... Models>
  static void visit(F&& f, const std::string& prefix, Models&... models) {
    Derived::children(visit_of_each(f), prefix, models...);
  }
};

/// The options for the k-th layer of a model: each layer that draws noise draws its own.
inline ForwardOptions options_of_layer(ForwardOptions options, std::size_t k) {
  if (options.dropout_seed) options.dropout_seed = Random::substream(*options.dropout_seed, k).bits();
  return options;
}

namespace detail {

/// A stream of a layer. A layer whose stream() takes no shape streams one sample.
template <class L, class Samples>
auto stream_of(const L& layer, const StreamShape<Samples>& shape) {
  if constexpr (requires { layer.stream(shape); }) {
    return layer.stream(shape);
  } else {
    require(shape.samples == 1, "a stream of ", Index(shape.samples),
            " samples: a layer of the model streams one, its stream() takes no StreamShape");
    return layer.stream();
  }
}

/// Throws unless the forward pass of a layer of layers came to its end. If one of its layers refuses (a number that is
/// not a token, say), some of its tapes still hold the pass before.
inline void require_recorded(const char* layer, bool recorded) {
  if (!recorded)
    raise<std::logic_error>(
        text(layer, "::backward: the tape holds no whole forward pass; the last one was broken off"));
}

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
