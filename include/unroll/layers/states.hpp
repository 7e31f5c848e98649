#pragma once

#include <string>

#include "unroll/engine/tape.hpp"
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
    }(std::make_index_sequence<std::tuple_size_v<decltype(state.layers)>>());
  }
}

/// An empty state (zeros) with a place for each layer of the model.
template <class Model>
typename Model::State state_for([[maybe_unused]] const Model& model) {
  typename Model::State state;
  if constexpr (requires { model.model; }) {  // as in Parallel
    return state_for(model.model);
  } else if constexpr (requires { state.layers; }) {
    detail::resize_parts(state.layers, detail::part_count(model.layers));
    detail::walk([](std::size_t, const auto& layer, auto& part) { part = state_for(layer); }, model.layers,
                 state.layers);
  } else if constexpr (requires { state.forward; }) {
    state = {state_for(model.forward_layer), state_for(model.reverse_layer)};
  }
  return state;
}

namespace detail {

/// to = from, where memory may run out: see resize.
template <class State>
void assign_state(State& to, const State& from) {
  if constexpr (requires { to.layers; }) {
    resize_parts(to.layers, part_count(from.layers));
    walk([](std::size_t, auto& part, const auto& value) { assign_state(part, value); }, to.layers, from.layers);
  } else if constexpr (requires { to.forward; }) {
    assign_state(to.forward, from.forward);
    assign_state(to.reverse, from.reverse);
  } else if constexpr (requires { to.values; }) {
    for (std::size_t n = 0; n < to.values.size(); ++n) assign(to.values[n], from.values[n]);
  } else {
    to = from;
  }
}

template <class State>
struct StateNames;
template <class Cell, class Scalar>
struct StateNames<RecurrentState<Cell, Scalar>> {
  static constexpr auto& names = Cell::state_names;
};

}  // namespace detail

/// Calls f(name, AnyShape...) for every matrix of a state that is carried from batch to batch, "0.h" and "0.c": a part
/// of the `visit` of a value that is saved and loaded with its carried state, whatever its batch is.
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
    for (std::size_t n = 0; n < state.values.size(); ++n) {
      std::tuple tensors(AnyShape(state.values[n]), AnyShape(states.values[n])...);
      std::apply([&](auto&... each) { f(prefix + detail::StateNames<std::remove_const_t<State>>::names[n], each...); },
                 tensors);
    }
  }
}

}  // namespace unroll
