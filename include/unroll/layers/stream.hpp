#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>

#include "unroll/layers/packed.hpp"

namespace unroll {

/// A model run one step at a time, for audio threads and control loops: a copy of the weights as they were, packed
/// once and shared by copies of the stream, and a state of its own, at first zero. Streams of one packed model (see
/// pack) share its weights.
///
///   Stream stream(model);
///   float y = stream.step(x)[0];
///
/// `step`, `reset` and `restore` allocate nothing and never throw: `step` tells of an x of another size by NaN,
/// `restore` of a state of another shape by false, and the stream stays as it was. Streamed outputs are the sequence's.
template <class Model, class Storage = Full>
class Stream {
  static_assert(StreamableLayer<Model>,
                "a Stream needs a model that runs step by step: a Bidirectional needs the whole sequence");

 public:
  using Scalar = typename Model::Scalar;
  using State = typename Model::State;
  /// What a step gives back: O numbers, owned by the stream.
  using Result = Eigen::Map<const Vector<Scalar>>;

  /// Throws std::invalid_argument where the model needs the whole sequence (a reverse layer, a mean), or a storage of
  /// fewer bits cannot keep a weight.
  explicit Stream(const Model& model, Storage storage = {})
      : stream_(pack(model, storage).stream()),
        input_size_(model.input_size()),
        no_result_(Vector<Scalar>::Constant(model.output_size(), std::numeric_limits<Scalar>::quiet_NaN())) {}

  /// How many numbers a step takes.
  Index input_size() const noexcept { return input_size_; }
  /// How many numbers a step gives.
  Index output_size() const noexcept { return no_result_.size(); }

  /// One step: x has input_size values, and may be the last result; the result is valid until the next step.
  Result step(const Eigen::Ref<const Vector<Scalar>>& x) noexcept { return step(x.data(), x.size()); }
  /// One step of a model of one input.
  Result step(Scalar x) noexcept
    requires(Model::InputSize == 1 || Model::InputSize == Dynamic)
  {
    return step(&x, 1);
  }
  /// One step of a std::array, a std::vector or the like.
  template <class Numbers>
    requires(!std::convertible_to<const Numbers&, Eigen::Ref<const Vector<Scalar>>> && std::is_class_v<Numbers>)
  Result step(const Numbers& x) noexcept {
    static_assert(
        requires {
          { x.data() } -> std::convertible_to<const Scalar*>;
        }, "a step takes numbers of the model's own type: a Vector, a std::array, or one number");
    return step(x.data(), static_cast<Index>(x.size()));
  }

  /// Starts anew, from a state of zeros.
  void reset() noexcept { stream_.reset(); }

  /// The state now.
  State save() const {
    State state;
    save(state);
    return state;
  }
  /// The same into `to`: allocates nothing where it came from a stream of the same model.
  void save(State& to) const { stream_.save(to); }
  /// Goes back to a saved state, or to the final state of a sequence of one sample; an empty one is zeros. False where
  /// the state has another shape: nothing is changed then.
  bool restore(const State& saved) noexcept {
    if (!stream_.fits(saved)) return false;
    stream_.restore(saved);
    return true;
  }

 private:
  Result step(const Scalar* x, Index size) noexcept {
    return Result(size == input_size_ ? stream_.step(x) : no_result_.data(), output_size());
  }

  typename detail::PackedOf<Model, Storage>::Stream stream_;
  Index input_size_;
  Vector<Scalar> no_result_;  // NaN
};

/// How far a stream's outputs move when the weights are kept in fewer bits.
struct StorageReport {
  double largest = 0;         ///< difference
  double root_mean = 0;       ///< square of the differences
  double largest_output = 0;  ///< of the full weights, to compare with
};

/// Runs one sample's sequence x, I x T, through streams with full weights and with weights in fewer bits.
template <StreamableLayer Model, class Storage>
StorageReport compare_storage(const Model& model, Storage storage, const Input<typename Model::Scalar>& x) {
  detail::require(x.rows() == model.input_size(), "compare_storage: x has ", x.rows(), " rows, expected input_size ",
                  model.input_size());
  Stream full(model);
  Stream reduced(model, storage);
  StorageReport report;
  double squares = 0;
  for (Index t = 0; t < x.cols(); ++t) {
    const auto expected = full.step(x.col(t)), given = reduced.step(x.col(t));
    for (Index i = 0; i < expected.size(); ++i) {
      const double difference = std::abs(static_cast<double>(given[i]) - static_cast<double>(expected[i]));
      report.largest = (std::max)(report.largest, difference);
      report.largest_output = (std::max)(report.largest_output, std::abs(static_cast<double>(expected[i])));
      squares += difference * difference;
    }
  }
  const Index count = x.cols() * model.output_size();
  if (count > 0) report.root_mean = std::sqrt(squares / static_cast<double>(count));
  return report;
}

}  // namespace unroll
