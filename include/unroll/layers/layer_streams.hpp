#pragma once

#include "unroll/layers/per_layer.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The states of a chain's layers, a tuple or a vector. An empty vector, like an empty matrix, stands for zeros.
template <class LayerStates>
struct ChainState {
  LayerStates layers;  ///< one a layer

  template <class F, class... States>
  static void visit(F&& f, const std::string& prefix, States&... states) {
    detail::number(visit_of_each(f), prefix, states.layers...);
  }
};

namespace detail {
/// This state is of the same type for a model and for its packed form.
template <class Layers>
using StateOfLayers = ChainState<PerLayer<Layers, StateOf>>;
}  // namespace detail

/// The streams of some layers.
template <class Layers>
class LayerStreams {
 public:
  using Scalar = typename detail::ChainTraits<Layers>::Scalar;
  using State = detail::StateOfLayers<Layers>;

  /// Takes the layers' streams.
  explicit LayerStreams(detail::PerLayer<Layers, detail::StreamOf> streams) : streams_(std::move(streams)) {}

  void reset() noexcept {
    detail::walk([](std::size_t, auto& stream) { stream.reset(); }, streams_);
  }
  void save(State& to) const {
    detail::resize_parts(to.layers, detail::part_count(streams_));
    detail::walk([](std::size_t, const auto& stream, auto& state) { stream.save(state); }, streams_, to.layers);
  }
  bool fits(const State& saved) const noexcept {
    if (detail::part_count(saved.layers) == 0) return true;
    bool all = detail::part_count(saved.layers) == detail::part_count(streams_);
    const auto check = [&](std::size_t, const auto& stream, const auto& state) { all = all && stream.fits(state); };
    if (all) detail::walk(check, streams_, saved.layers);
    return all;
  }
  void restore(const State& saved) noexcept {
    if (detail::part_count(saved.layers) == 0) return reset();
    detail::walk([](std::size_t, auto& stream, const auto& state) { stream.restore(state); }, streams_, saved.layers);
  }

 protected:
  detail::PerLayer<Layers, detail::StreamOf> streams_;
};

/// A chain that runs one step at a time.
template <class Layers>
class ChainStream : public LayerStreams<Layers> {
 public:
  using LayerStreams<Layers>::LayerStreams;
  using typename LayerStreams<Layers>::Scalar;

  const Scalar* step(const Scalar* x) noexcept {
    detail::walk([&](std::size_t, auto& stream) { x = stream.step(x); }, this->streams_);
    return x;
  }
};

}  // namespace unroll::inline UNROLL_TARGET
