#pragma once

#include "unroll/layers/per_layer.hpp"

namespace unroll {

/// Calls f(value...) for every state matrix of the states, which are of one type: recurrent, of a chain, or of both
/// directions.
template <class F, class State, class... States>
void for_each_state(F&& f, State& state, States&... others) {
  if constexpr (requires { state.values; }) {
    for (std::size_t n = 0; n < state.values.size(); ++n) f(state.values[n], others.values[n]...);
  } else if constexpr (requires { state.forward; }) {
    for_each_state(f, state.forward, others.forward...);
    for_each_state(f, state.reverse, others.reverse...);
  } else if constexpr (requires { state.layers.size(); }) {
    for (std::size_t k = 0; k < state.layers.size(); ++k) for_each_state(f, state.layers[k], others.layers[k]...);
  } else if constexpr (requires { std::tuple_size<decltype(state.layers)>::value; }) {
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      const auto at = [&]<std::size_t k>(std::integral_constant<std::size_t, k>) {
        for_each_state(f, std::get<k>(state.layers), std::get<k>(others.layers)...);
      };
      (at(std::integral_constant<std::size_t, K>()), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<decltype(state.layers)>>());
  }
}

namespace detail {

/// Gives the state of a model whose number of layers is known at run time a place for each of them.
template <class Model, class State>
void fit_state(const Model& model, State& state) {
  if constexpr (requires { model.model; }) {  // as in Parallel
    fit_state(model.model, state);
  } else if constexpr (requires { state.layers; }) {
    resize_parts(state.layers, part_count(model.layers));
    walk([](std::size_t, const auto& layer, auto& of_layer) { fit_state(layer, of_layer); }, model.layers,
         state.layers);
  } else if constexpr (requires { state.forward; }) {
    fit_state(model.forward_layer, state.forward);
    fit_state(model.reverse_layer, state.reverse);
  }
}

}  // namespace detail

}  // namespace unroll
