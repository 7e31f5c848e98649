#pragma once

#include <algorithm>
#include <array>
#include <numeric>

#include "unroll/layers/chain.hpp"
#include "unroll/layers/side_by_side.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Branches run one step at a time.
template <class Layers>
class BranchesStream : public LayerStreams<Layers> {
 public:
  using typename LayerStreams<Layers>::Scalar;

  /// From the branches' streams and the rows of each.
  BranchesStream(detail::PerLayer<Layers, detail::StreamOf> streams, std::vector<Index> sizes, Index samples)
      : LayerStreams<Layers>(std::move(streams)), sizes_(std::move(sizes)) {
    for (auto& y : y_) y.setZero(std::accumulate(sizes_.begin(), sizes_.end(), Index(0)), samples);
  }

  const Scalar* step(const Scalar* x) noexcept {
    turn_ = 1 - turn_;  // x may be the result of the step before, and each branch reads it
    Matrix<Scalar>& all = y_[turn_];
    Index row = 0;
    const auto run = [&](std::size_t k, auto& stream) {
      const Scalar* y = stream.step(x);
      for (Index b = 0; b < all.cols(); ++b)
        std::copy_n(y + b * sizes_[k], sizes_[k], all.data() + b * all.rows() + row);
      row += sizes_[k];
    };
    detail::walk(run, this->streams_);
    return all.data();
  }

 private:
  std::vector<Index> sizes_;         // rows of each branch
  std::array<Matrix<Scalar>, 2> y_;  // by turns, O x B
  std::size_t turn_ = 0;
};

/// Layers side by side over the same input; the outputs of the first stand above those of the second, and so on. So one
/// trunk can have several heads, a class and a value say:
///
///   Sequential model{Lstm<float>(3, 32, random), Branches{Dense<float>(32, 5, random), Dense<float>(32, 1, random)}};
///
/// x is I x (T*B). The outputs have the rows of all branches together, and T*B columns, or B where all branches are
/// read out. With braces the layers draw their weights in this order.
template <class... Layers>
class Branches
    : public detail::SideBySide<Branches<Layers...>, typename detail::ChainTraits<std::tuple<Layers...>>::Scalar> {
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
  static constexpr bool trained = Traits::trained;

  struct Tape : LayerTape<Scalar, State> {
    detail::PerLayer<Tuple, detail::TapeOf> layers;  ///< one a branch

    /// Calls f(tape) for each branch.
    template <class F>
    void each_tape(F f) const {
      detail::walk([&](std::size_t, const auto& tape) { f(tape); }, layers);
    }
  };

  Tuple layers;  ///< the branches

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

  template <class Samples = OneSample>
  Stream stream(const StreamShape<Samples>& shape = {}) const
    requires(Traits::streamable)
  {
    std::vector<Index> sizes;
    detail::walk([&](std::size_t, const auto& layer) { sizes.push_back(layer.output_size()); }, layers);
    return {detail::of_each(layers, [&](const auto& layer) { return detail::stream_of(layer, shape); }),
            std::move(sizes), shape.samples};
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

 private:
  friend detail::SideBySide<Branches, Scalar>;

  static constexpr bool sums() { return false; }
  template <class Of>
  static auto& parts(Of& of) {
    return of.layers;
  }
};

}  // namespace unroll::inline UNROLL_TARGET
