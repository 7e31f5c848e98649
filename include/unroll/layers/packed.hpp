#pragma once

#include <concepts>
#include <memory>
#include <utility>

#include "unroll/layers/layer.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

/// L::Stream, where there is one.
template <class L>
struct StreamTypeOf {};
template <class L>
  requires requires { typename L::Stream; }
struct StreamTypeOf<L> {
  using Stream = typename L::Stream;
};

}  // namespace detail

/// What packing makes of a layer that has no products (a Dropout, an Embedding, most layers of your own): a copy of the
/// layer. Copies of this share it, and so do their streams where the layer is Memoryless.
template <ForwardLayer L>
class KeptLayer : public LayerBase<KeptLayer<L>>, public detail::StreamTypeOf<L> {
 public:
  using Scalar = typename L::Scalar;
  using State = typename L::State;
  using Tape = typename L::Tape;
  static constexpr int InputSize = L::InputSize;
  static constexpr int OutputSize = L::OutputSize;

  /// Takes the layer as it is now.
  explicit KeptLayer(L layer) : layer_(std::make_shared<const L>(std::move(layer))) {}

  Index input_size() const { return layer_->input_size(); }
  Index output_size() const { return layer_->output_size(); }
  /// Whether the outputs are one column a sample.
  bool reads_out() const { return layer_->reads_out(); }
  Output<Scalar> run(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State& initial,
                     const ForwardOptions& options) const {
    return layer_->run(x, tape, batch, initial, options);
  }
  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    return layer_->require_forward(rows, columns, batch, initial);
  }
  void require_values(const Input<Scalar>& x, const Batch& batch) const
    requires requires(const L& layer) { layer.require_values(x, batch); }
  {
    layer_->require_values(x, batch);
  }
  std::optional<NonFinite> find_non_finite(const Tape& tape) const { return layer_->find_non_finite(tape); }
  /// Itself: it is packed already.
  KeptLayer pack(Full) const { return *this; }
  template <class Samples = OneSample>
  auto stream(const StreamShape<Samples>& shape = {}) const
    requires StreamableLayer<L>
  {
    if constexpr (requires {
                    { L::shared_stream(layer_, shape) } -> std::same_as<typename L::Stream>;
                  })
      return L::shared_stream(layer_, shape);
    else
      return detail::stream_of(*layer_, shape);
  }

 private:
  std::shared_ptr<const L> layer_;
};

namespace detail {

/// A packed layer: what its `pack` gives, or a copy of a layer that has no `pack`.
template <class L, class Storage>
auto packed(const L& layer, Storage storage) {
  static_assert(StorageOf<Storage, typename L::Scalar>,
                "only the weights of a float model can be kept in fewer bits (see product/storage.hpp)");
  if constexpr (requires { layer.pack(Full()); })
    return layer.pack(storage);
  else
    return KeptLayer<L>(layer);
}
template <class L, class Storage>
using PackedOf = decltype(packed(std::declval<const L&>(), Storage()));

}  // namespace detail

/// A model with its weights as they are now, packed in a storage for the products. It is a value for sequences
/// (Predictor) and streams (Stream), whose copies share the weights. A packed model of layers is a model of packed
/// layers.
///
///   const auto packed = pack(model, Int8());
///   Stream left(packed), right(packed);
///
/// Throws std::invalid_argument where a storage of fewer bits cannot keep a weight.
template <ForwardLayer Model, class Storage = Full>
auto pack(const Model& model, Storage storage = {}) {
  return detail::packed(model, storage);
}

}  // namespace unroll::inline UNROLL_TARGET
