#pragma once

#include <algorithm>
#include <numeric>

#include "unroll/layers/chain.hpp"

namespace unroll {

/// Branches run one step at a time.
template <class Layers>
class BranchesStream : public LayerStreams<Layers> {
 public:
  using typename LayerStreams<Layers>::Scalar;

  BranchesStream(detail::PerLayer<Layers, detail::StreamOf> streams, std::vector<Index> sizes)
      : LayerStreams<Layers>(std::move(streams)), sizes_(std::move(sizes)) {
    y_.setZero(std::accumulate(sizes_.begin(), sizes_.end(), Index(0)));
  }

  const Scalar* step(const Scalar* x) noexcept {
    Scalar* to = y_.data();
    const auto run = [&](std::size_t k, auto& stream) { to = std::copy_n(stream.step(x), sizes_[k], to); };
    detail::walk(run, this->streams_);
    return y_.data();
  }

 private:
  std::vector<Index> sizes_;  // rows of each branch
  Vector<Scalar> y_;
};

/// Layers side by side over the same input, the outputs of the first above those of the second, and so on. So one trunk
/// has several heads, a class and a value say:
///
///   Sequential model{Lstm<float>(3, 32, random), Branches{Dense<float>(32, 5, random), Dense<float>(32, 1, random)}};
///
/// x is I x (T*B), the outputs are the sum of the branches' O rows x (T*B), or x B where all of them are read out. With
/// braces the layers draw their weights in this order.
template <class... Layers>
class Branches : public LayerBase<Branches<Layers...>> {
  using Tuple = std::tuple<Layers...>;
  using Traits = detail::ChainTraits<Tuple>;
  static_assert(Traits::layers, "branches are layers: see the concept Layer in layers/layer.hpp");
  static_assert(Traits::one_scalar, "all branches need the same Scalar");

 public:
  using Scalar = typename Traits::Scalar;
  using State = detail::StateOfLayers<Tuple>;
  using Stream = BranchesStream<Tuple>;
  static constexpr int InputSize = Dynamic;
  static constexpr int OutputSize = Dynamic;

  struct Tape : LayerTape<Scalar, State> {
    detail::PerLayer<Tuple, detail::TapeOf> layers;
  };

  Tuple layers;

  /// Throws std::invalid_argument where the input sizes differ, or a branch has no size of its own (Dropout).
  explicit Branches(Layers... branches) : layers(std::move(branches)...) {
    const auto check = [&](std::size_t k, const auto& layer) {
      detail::require(layer.input_size() == 0 || layer.input_size() == input_size(), name(), ": branch ", k,
                      " has input_size ", layer.input_size(), ", another one ", input_size());
      detail::require(layer.output_size() > 0, name(), ": branch ", k, " has no output_size of its own");
    };
    detail::walk(check, layers);
  }

  Index input_size() const {
    Index size = 0;
    detail::walk([&](std::size_t, const auto& layer) { size = size == 0 ? layer.input_size() : size; }, layers);
    return size;
  }
  Index output_size() const { return first_row(sizeof...(Layers)); }
  /// Where the k-th branch's rows begin in the outputs.
  Index first_row(std::size_t branch) const {
    Index row = 0;
    detail::walk([&](std::size_t k, const auto& layer) { row += k < branch ? layer.output_size() : 0; }, layers);
    return row;
  }

  State empty_state() const {
    State state;
    detail::walk([](std::size_t, const auto& layer, auto& part) { part = state_for(layer); }, layers, state.layers);
    return state;
  }

  void initialize(Random& random, Initial initial = Initial::standard)
    requires(Traits::trained)
  {
    detail::walk([&](std::size_t, auto& layer) { layer.initialize(random, initial); }, layers);
  }

  Output<Scalar> run(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State& initial) const {
    tape.recorded = false;
    Index first = 0;  // of the branch's rows
    const auto run_one = [&](std::size_t k, const auto& layer, auto& layer_tape, const auto& state, auto& final_state) {
      const auto y = layer.run(x, layer_tape, batch_of_layer(batch, k), state);
      if (k == 0) detail::resize(tape.y, output_size(), y.cols());
      for (Index j = 0; j < y.cols(); ++j) tape.y.col(j).segment(first, y.rows()) = y.col(j);
      first += y.rows();
      final_state = layer_tape.final_state;
    };
    detail::walk(run_one, layers, tape.layers, initial.layers, tape.final_state.layers);
    tape.recorded = true;
    return tape.output();
  }

  /// dL/dx is the sum of the branches'.
  Output<Scalar> run_back(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Branches& gradient,
                          const BackwardOptions& options, const State& d_final) const {
    Index first = 0;  // of the branch's rows
    const auto run_one = [&](std::size_t k, const auto& layer, auto& layer_tape, auto& layer_gradient,
                             const auto& state, auto& d_initial) {
      Matrix<Scalar> d_branch(layer.output_size(), d_y.cols());
      for (Index j = 0; j < d_y.cols(); ++j) d_branch.col(j) = d_y.col(j).segment(first, d_branch.rows());
      first += d_branch.rows();
      const auto d = layer.run_back(x, d_branch, layer_tape, layer_gradient, options, state);
      if (k == 0)
        detail::assign(tape.d_x, d);
      else
        tape.d_x += d;
      d_initial = layer_tape.d_initial;
    };
    detail::walk(run_one, layers, tape.layers, gradient.layers, d_final.layers, tape.d_initial.layers);
    return tape.d_input();
  }

  /// As Layer says. Throws std::invalid_argument too where some branches are read out and others not.
  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    Index first = 0;
    const auto check = [&](std::size_t k, const auto& layer, const auto& state) {
      const Index given = layer.require_forward(rows, columns, batch, state);
      if (k == 0) first = given;
      detail::require(given == first, name(), ": branch ", k, " gives ", given, " columns, branch 0 gives ", first);
    };
    detail::walk(check, layers, initial.layers);
    return first;
  }

  void require_backward(Index rows, Index columns, const Tape& tape, const Branches& gradient,
                        const BackwardOptions& options, const State& d_final) const {
    const auto check = [&](std::size_t, const auto& layer, const auto& layer_tape, const auto& layer_gradient,
                           const auto& state) {
      layer.require_backward(rows, columns, layer_tape, layer_gradient, options, state);
    };
    detail::walk(check, layers, tape.layers, gradient.layers, d_final.layers);
    detail::require_recorded(name(), tape.recorded);
  }

  std::optional<NonFinite> find_non_finite(const Tape& tape) const { return find_non_finite_in_layers(*this, tape); }

  Stream stream() const
    requires(Traits::streamable)
  {
    std::vector<Index> sizes;
    detail::walk([&](std::size_t, const auto& layer) { sizes.push_back(layer.output_size()); }, layers);
    return {detail::of_each(layers, [](const auto& layer) { return layer.stream(); }), std::move(sizes)};
  }

  /// The branches packed in a storage.
  template <class Storage = Full>
  auto pack(Storage storage = {}) const {
    return std::apply([&](const auto&... layer) { return unroll::Branches(detail::packed(layer, storage)...); },
                      layers);
  }

  static const char* name() { return "Branches"; }

  template <class F, class... Models>
  static void children(F&& f, const std::string& prefix, Models&... models) {
    detail::number(f, prefix, models.layers...);
  }

  template <class F, class... Models>
  static void visit(F&& f, const std::string& prefix, Models&... models) {
    children(visit_of_each(f), prefix, models...);
  }
};

}  // namespace unroll
