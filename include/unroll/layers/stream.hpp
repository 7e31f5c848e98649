#pragma once

#include <cassert>

#include "unroll/layers/layer.hpp"

namespace unroll {

/// A model run one step at a time, for audio threads and control loops: a copy of the weights as they were, packed
/// once and shared by copies of the stream, and a state of its own, at first zero.
///
///   Stream stream(model);
///   float y = stream.step(x)[0];
///
/// `step`, `reset` and `restore` allocate nothing and never throw. Streamed outputs are the sequence's.
template <StreamableLayer Model>
class Stream {
 public:
  using Scalar = typename Model::Scalar;
  using State = typename Model::State;
  using Result = Eigen::Map<const Vector<Scalar>>;

  /// Throws std::invalid_argument where the model needs the whole sequence (a reverse layer, a mean).
  explicit Stream(const Model& model)
      : stream_(model.stream()), input_size_(model.input_size()), output_size_(model.output_size()) {}

  Index input_size() const noexcept { return input_size_; }
  Index output_size() const noexcept { return output_size_; }

  /// One step: x has input_size values; the result is valid until the next step.
  Result step(const Eigen::Ref<const Vector<Scalar>>& x) noexcept {
    assert(x.size() == input_size_);
    return Result(stream_.step(x.data()), output_size_);
  }
  Result step(Scalar x) noexcept {
    assert(input_size_ == 1);
    return Result(stream_.step(&x), output_size_);
  }

  void reset() noexcept { stream_.reset(); }

  /// The state now. The second form allocates nothing where `to` came from a stream of the same model.
  State save() const {
    State state;
    save(state);
    return state;
  }
  void save(State& to) const { stream_.save(to); }
  /// Goes back to a saved state, or to the final state of a sequence of one sample.
  void restore(const State& saved) noexcept { stream_.restore(saved); }

 private:
  typename Model::Stream stream_;
  Index input_size_;
  Index output_size_;
};

}  // namespace unroll
