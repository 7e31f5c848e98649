#pragma once

#include "unroll/io/save.hpp"
#include "unroll/training/fit.hpp"

namespace unroll::inline UNROLL_TARGET {

/// An observer of `fit` that saves the whole state of the training, atomically: after each epoch, and when an observer
/// before it asks fit to stop.
///
///   StopOnInterrupt interrupt;
///   Checkpoints checkpoints(state, "training.safetensors");
///   fit(state, data, loss, {.observers = {std::ref(interrupt), checkpoints}});
///
/// `load(state, path)` and the same call of fit go on from there, to the same bits as a run that never stopped. What
/// `save` throws leaves fit; the state is complete then, and the old file stays.
template <class State>
class Checkpoints {
 public:
  /// Saves `state`, which is not owned and must outlive this, as the file `path`.
  Checkpoints(const State& state, std::filesystem::path path) : state_(&state), path_(std::move(path)) {}

  /// Saves at the end of an epoch, and when fit is about to stop.
  void operator()(const FitProgress& now) const {
    if (now.epoch_done || now.stop) save(*state_, path_);
  }

 private:
  const State* state_;
  std::filesystem::path path_;
};

}  // namespace unroll::inline UNROLL_TARGET
