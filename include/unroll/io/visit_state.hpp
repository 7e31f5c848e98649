#pragma once

#include "unroll/engine/tape.hpp"
#include "unroll/io/stored_tensor.hpp"
#include "unroll/layers/per_layer.hpp"

namespace unroll {

/// An empty state (zeros) with a place for each layer of the model: what visit_state needs before loading.
template <class Model>
typename Model::State state_for([[maybe_unused]] const Model& model) {
  typename Model::State state;
  if constexpr (requires { state.layers; }) {
    detail::resize_parts(state.layers, detail::part_count(model.layers));
    detail::walk([](std::size_t, const auto& layer, auto& part) { part = state_for(layer); }, model.layers,
                 state.layers);
  } else if constexpr (requires { state.forward; }) {
    state = {state_for(model.forward_layer), state_for(model.reverse_layer)};
  }
  return state;
}

namespace detail {

template <class State>
struct StateNames;
template <class Cell, class Scalar>
struct StateNames<RecurrentState<Cell, Scalar>> {
  static constexpr auto& names = Cell::state_names;
};

}  // namespace detail

/// Calls f(name, any_shape(matrix)...) for every matrix of a state that is carried from batch to batch, "0.h" and
/// "0.c": a part of the `visit` of a value that is saved and loaded with its carried state, whatever its batch is.
template <class F, class State, class... States>
void visit_state(F&& f, const std::string& prefix, State& state, States&... states) {
  if constexpr (requires { state.layers; }) {
    const auto each = [&](std::size_t k, auto&... parts) {
      visit_state(f, prefix + std::to_string(k) + ".", parts...);
    };
    detail::walk(each, state.layers, states.layers...);
  } else if constexpr (requires { state.forward; }) {
    visit_state(f, prefix + "forward.", state.forward, states.forward...);
    visit_state(f, prefix + "reverse.", state.reverse, states.reverse...);
  } else if constexpr (requires { state.values; }) {
    for (std::size_t n = 0; n < state.values.size(); ++n)
      f(prefix + detail::StateNames<std::remove_const_t<State>>::names[n], any_shape(state.values[n]),
        any_shape(states.values[n])...);
  }
}

}  // namespace unroll
