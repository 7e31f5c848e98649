#pragma once

#include <tuple>
#include <utility>
#include <vector>

#include "unroll/layers/layer.hpp"

/// How a chain holds one thing for each of its layers, and walks over several such things side by side. They are tuples
/// where the layers' types differ, and vectors where there is one type.
namespace unroll::inline UNROLL_TARGET::detail {

template <class L>
using TapeOf = typename L::Tape;
template <class L>
using StateOf = typename L::State;
template <class L>
using StreamOf = typename L::Stream;

template <class Layers, template <class> class Of>
struct PerLayerType;
template <class... L, template <class> class Of>
struct PerLayerType<std::tuple<L...>, Of> {
  using type = std::tuple<Of<L>...>;
};
template <class L, template <class> class Of>
struct PerLayerType<std::vector<L>, Of> {
  using type = std::vector<Of<L>>;
};
/// One Of<L> for each layer L.
template <class Layers, template <class> class Of>
using PerLayer = typename PerLayerType<Layers, Of>::type;

/// Whether the state of a layer is a VisitedState; it is asked apart so that a message can say so.
template <class L>
constexpr bool has_visited_state() {  // not covered: runs at compile time
  if constexpr (requires { typename L::State; })
    return VisitedState<typename L::State>;
  else
    return true;
}

template <class Layers>
struct ChainTraits;
template <class Layer0, class... L>
struct ChainTraits<std::tuple<Layer0, L...>> {
  using First = Layer0;
  using Scalar = typename First::Scalar;
  static constexpr int inputs = First::InputSize;
  static constexpr int outputs = std::tuple_element_t<sizeof...(L), std::tuple<First, L...>>::OutputSize;
  static constexpr bool layers = ForwardLayer<First> && (ForwardLayer<L> && ...);
  static constexpr bool trained = Layer<First> && (Layer<L> && ...);  // not packed
  static constexpr bool states = has_visited_state<First>() && (has_visited_state<L>() && ...);
  static constexpr bool streamable = StreamableLayer<First> && (StreamableLayer<L> && ...);
  static constexpr bool one_scalar = (std::is_same_v<Scalar, typename L::Scalar> && ...);
  static constexpr bool several_states =
      (!std::is_same_v<typename First::State, NoState> + ... + !std::is_same_v<typename L::State, NoState>) > 1;
};
template <class L>
struct ChainTraits<std::vector<L>> {
  using First = L;
  using Scalar = typename L::Scalar;
  static constexpr int inputs = Dynamic, outputs = Dynamic;
  static constexpr bool layers = ForwardLayer<L>;
  static constexpr bool trained = Layer<L>;
  static constexpr bool states = has_visited_state<L>();
  static constexpr bool streamable = StreamableLayer<L>;
  static constexpr bool one_scalar = true;
  static constexpr bool several_states = !std::is_same_v<typename L::State, NoState>;
};

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <class Parts>
std::size_t part_count(const Parts& parts) {
  if constexpr (is_vector<Parts>)
    return parts.size();
  else
    return std::tuple_size_v<Parts>;
}

template <class Parts>
void resize_parts(Parts& parts, std::size_t count) {
  if constexpr (is_vector<Parts>) parts.resize(count);
}

/// {f(the first), f(the second), ...}, in this order: a tuple for a tuple, a vector for a vector.
template <class Parts, class F>
auto of_each(const Parts& parts, F f) {
  if constexpr (is_vector<Parts>) {
    std::vector<decltype(f(parts.front()))> results;
    for (const auto& part : parts) results.push_back(f(part));
    return results;
  } else {
    return std::apply([&](const auto&... part) { return std::tuple{f(part)...}; }, parts);
  }
}

template <std::size_t K, class F, class... Parts>
void call_with(F& f, Parts&... parts) {
  f(K, std::get<K>(parts)...);
}

/// Calls f(k, the k-th of each of the parts...) for k = 0, 1, ..., or from the last to the first.
template <bool backwards = false, class F, class First, class... Parts>
void walk(F&& f, First& first, Parts&... parts) {
  if constexpr (is_vector<std::remove_const_t<First>>) {
    for (std::size_t i = 0; i < first.size(); ++i) {
      const std::size_t k = backwards ? first.size() - 1 - i : i;
      f(k, first[k], parts[k]...);
    }
  } else {
    constexpr std::size_t count = std::tuple_size_v<std::remove_const_t<First>>;
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      (call_with<(backwards ? count - 1 - K : K)>(f, first, parts...), ...);
    }(std::make_index_sequence<count>());
  }
}

/// Calls f("0.", the first of each of the parts...), f("1.", the second ...), with a prefix before the numbers.
template <class F, class... Parts>
void number(F&& f, const std::string& prefix, Parts&... parts) {
  walk([&](std::size_t k, auto&... part) { f(prefix + std::to_string(k) + ".", part...); }, parts...);
}

}  // namespace unroll::inline UNROLL_TARGET::detail
