#pragma once

#include <atomic>
#include <memory>
#include <unroll/unroll.hpp>
#include <utility>
#include <vector>

inline constexpr unroll::Index channels = 8;
inline constexpr unroll::Index fade = 2048;  // samples, 43 ms at 48 kHz

/// Channels on an audio thread: a stream each, which share the weights of one model. Another model takes over without a
/// click: for a while both run, and the share of the new one grows from sample to sample.
template <class Model>
class Board {
 public:
  explicit Board(const Model& model) : playing_(streams_of(model)) {}
  ~Board() {
    delete wanted_;
    delete retired_;
  }

  /// For any other thread: makes the streams, hands them over, and frees those that play no longer.
  void swap_to(const Model& model) {
    delete wanted_.exchange(streams_of(model).release());
    delete retired_.exchange(nullptr);
  }

  /// For the audio thread: a block of x, channels x samples, into y of the same shape. It allocates and frees nothing.
  void process(const unroll::Input<float>& x, unroll::Matrix<float>& y) noexcept {
    for (unroll::Index t = 0; t < x.cols(); ++t) {
      if (!next_ && !retired_) {
        next_.reset(wanted_.exchange(nullptr));
        faded_ = 0;
      }
      const float share = next_ ? static_cast<float>(++faded_) / static_cast<float>(fade) : 0;
      for (unroll::Index c = 0; c < channels; ++c) {
        y(c, t) = step(*playing_, c, x(c, t));
        if (next_) y(c, t) += share * (step(*next_, c, x(c, t)) - y(c, t));
      }
      if (next_ && faded_ == fade) {
        retired_ = playing_.release();
        playing_ = std::move(next_);
      }
    }
  }

 private:
  using Streams = std::vector<unroll::Stream<Model>>;

  /// The copies of a stream share its weights.
  static std::unique_ptr<Streams> streams_of(const Model& model) {
    return std::make_unique<Streams>(static_cast<std::size_t>(channels), unroll::Stream(model));
  }
  static float step(Streams& streams, unroll::Index channel, float x) {
    return streams[static_cast<std::size_t>(channel)].step(x)[0];
  }

  unroll::Index faded_ = 0;                                     // samples
  std::unique_ptr<Streams> playing_, next_;                     // the audio thread's
  std::atomic<Streams*> wanted_ = nullptr, retired_ = nullptr;  // on their way to it, and back
};
