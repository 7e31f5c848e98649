#pragma once

#include "unroll/io/save.hpp"
#include "unroll/training/fit.hpp"

namespace unroll {

/// An observer of `fit` that saves the whole state of the training, atomically: after each epoch, and where an observer
/// before it asks fit to stop.
///
///   StopOnInterrupt interrupt;
///   Checkpoints checkpoints(state, "training.safetensors");
///   fit(state, data, loss, {.observers = {std::ref(interrupt), checkpoints}});
///
/// `load(state, path)` and the same call of fit go on from there, to the bits of a run that never stopped. Refers to
/// the state. Throws what `save` throws, out of fit; the state then is complete, and the file is the one before.
template <class State>
class Checkpoints {
 public:
  Checkpoints(const State& state, std::filesystem::path path) : state_(&state), path_(std::move(path)) {}

  void operator()(const FitProgress& now) const {
    if (now.epoch_done || now.stop) save(*state_, path_);
  }

 private:
  const State* state_;
  std::filesystem::path path_;
};

}  // namespace unroll
