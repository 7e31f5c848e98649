#pragma once

#include <tuple>
#include <utility>

#include "unroll/layers/layer.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Calls f(value...) for every state matrix of the states, which are of one type.
template <class F, class State, class... States>
void for_each_state(F&& f, State& state, States&... others) {
  const auto each = [&](const std::string&, auto&... values) { f(values...); };
  std::remove_const_t<State>::visit(each, std::string(), state, others...);
}

/// An empty state (zeros) with a place for each layer of the model. A model of layers gives it by empty_state(); a
/// model without a State has a NoState.
template <class Model>
auto state_for([[maybe_unused]] const Model& model) {
  if constexpr (requires { model.empty_state(); })
    return model.empty_state();
  else if constexpr (requires { typename Model::State; })
    return typename Model::State();
  else
    return NoState();
}

/// The type of what a model carries from batch to batch.
template <class Model>
using CarriedState = decltype(state_for(std::declval<const Model&>()));

/// Calls f(name, AnyShape...) for every matrix of a state that is carried from batch to batch, "0.h" and "0.c" say. A
/// value that is saved and loaded with its carried state, whatever the batch, calls it in its `visit`.
template <class F, class State, class... States>
void visit_state(F&& f, const std::string& prefix, State& state, States&... others) {
  const auto each = [&](const std::string& name, auto&... values) {
    std::tuple tensors{AnyShape(values)...};
    std::apply([&](auto&... tensor) { f(name, tensor...); }, tensors);
  };
  std::remove_const_t<State>::visit(each, prefix, state, others...);
}

}  // namespace unroll::inline UNROLL_TARGET
