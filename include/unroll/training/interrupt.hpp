#pragma once

#include <csignal>

#include "unroll/training/fit.hpp"

namespace unroll {

/// While it lives, Ctrl-C makes `fit` end after the batch under way; a second Ctrl-C ends the program as ever.
///
///   StopOnInterrupt interrupt;
///   fit(state, data, loss, {.observers = {std::ref(interrupt)}});
///
/// One at a time: the signal is the process's.
class StopOnInterrupt {
 public:
  StopOnInterrupt() {
    came_ = 0;
    before_ = std::signal(SIGINT, handle);
  }
  ~StopOnInterrupt() { std::signal(SIGINT, before_); }
  StopOnInterrupt(const StopOnInterrupt&) = delete;
  StopOnInterrupt& operator=(const StopOnInterrupt&) = delete;

  bool requested() const { return came_ != 0; }

  void operator()(FitProgress& progress) const {
    if (requested()) progress.stop = true;
  }

 private:
  static void handle(int) {
    came_ = 1;
    std::signal(SIGINT, SIG_DFL);
  }

  inline static volatile std::sig_atomic_t came_ = 0;
  void (*before_)(int) = SIG_DFL;
};

}  // namespace unroll
