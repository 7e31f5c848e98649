#pragma once

#include <atomic>
#include <memory>
#include <unroll/unroll.hpp>
#include <utility>
#include <vector>

inline constexpr unroll::Index channels = 8;
inline constexpr unroll::Index fade = 2048;  // samples, 43 ms at 48 kHz

/// Channels on an audio thread: a stream each, which share the weights of one model. Another model takes over without a
/// click: for a while both run, and the share of the new one grows from sample to sample. A model that is asked for
/// meanwhile waits for the end of that; if another one is asked for before, it is never heard.
template <class Model>
class Board {
 public:
  explicit Board(const Model& model) : playing_(voice_of(model)) {}
  ~Board() {
    delete wanted_;
    delete retired_;
  }

  /// For any other thread: makes the streams, hands them over, and frees those that have played.
  void swap_to(const Model& model) {
    delete wanted_.exchange(voice_of(model).release());
    delete retired_.exchange(nullptr);
  }

  /// For the audio thread: a block of x, channels x samples, into y of the same shape. It allocates and frees nothing,
  /// and never waits.
  void process(const unroll::Input<float>& x, unroll::Matrix<float>& y) noexcept {
    for (unroll::Index t = 0; t < x.cols(); ++t) {
      if (!next_) {
        next_.reset(wanted_.exchange(nullptr));
        faded_ = 0;
      }
      const float share = next_ ? static_cast<float>(++faded_) / static_cast<float>(fade) : 0;
      for (unroll::Index c = 0; c < channels; ++c) {
        y(c, t) = playing_->step(c, x(c, t));
        if (next_) y(c, t) += share * (next_->step(c, x(c, t)) - y(c, t));
      }
      if (next_ && faded_ == fade) {
        retire(std::move(playing_));
        playing_ = std::move(next_);
      }
    }
  }

 private:
  /// A model's streams.
  struct Voice {
    std::vector<unroll::Stream<Model>> streams;  // a channel each
    std::unique_ptr<Voice> before;               // of those that have played: the one before

    float step(unroll::Index channel, float x) noexcept {
      return streams[static_cast<std::size_t>(channel)].step(x)[0];
    }
  };

  /// The copies of a stream share its weights.
  static std::unique_ptr<Voice> voice_of(const Model& model) {
    std::vector<unroll::Stream<Model>> streams(static_cast<std::size_t>(channels), unroll::Stream(model));
    return std::unique_ptr<Voice>(new Voice{std::move(streams), nullptr});
  }

  /// Only this thread puts anything into `retired_`, so what it takes out and puts back is all that there was.
  void retire(std::unique_ptr<Voice> voice) noexcept {
    voice->before.reset(retired_.exchange(nullptr));
    retired_.store(voice.release());
  }

  unroll::Index faded_ = 0;                                   // samples
  std::unique_ptr<Voice> playing_, next_;                     // the audio thread's
  std::atomic<Voice*> wanted_ = nullptr, retired_ = nullptr;  // on their way to it, and back
};
