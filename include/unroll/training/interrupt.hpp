#pragma once

#include <csignal>

#include "unroll/training/fit_options.hpp"

namespace unroll::inline UNROLL_TARGET {

/// While it lives, Ctrl-C makes `fit` end after the current step. A second Ctrl-C ends the program as usual.
///
///   StopOnInterrupt interrupt;
///   fit(state, data, loss, {.observers = {std::ref(interrupt)}});
///
/// Make one at a time: a process has one handler of SIGINT.
class StopOnInterrupt {
 public:
  /// Takes SIGINT over; the destructor gives it back.
  StopOnInterrupt() {
    came_ = 0;
    before_ = std::signal(SIGINT, handle);
  }
  ~StopOnInterrupt() { std::signal(SIGINT, before_); }
  StopOnInterrupt(const StopOnInterrupt&) = delete;
  StopOnInterrupt& operator=(const StopOnInterrupt&) = delete;

  /// Whether Ctrl-C has come.
  bool requested() const { return came_ != 0; }

  /// Asks `fit` to stop where Ctrl-C has come.
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

}  // namespace unroll::inline UNROLL_TARGET
