#pragma once

#include <atomic>
#include <csignal>

#include "unroll/core/crew.hpp"
#include "unroll/training/fit_options.hpp"

namespace unroll::inline UNROLL_TARGET {

/// While it lives, Ctrl-C makes `fit` end after the current step. A second Ctrl-C ends the program as usual.
///
///   StopOnInterrupt interrupt;
///   fit(state, data, loss, {.observers = {std::ref(interrupt)}});
///
/// Several may live at a time, in the threads of a search say: Ctrl-C ends all of them.
class StopOnInterrupt {
 public:
  /// Takes SIGINT over, unless another one of these has; the destructor of the last one gives it back.
  StopOnInterrupt() {
    const detail::Lock lock(mutex_);
    if (living_++ > 0) return;
    came_ = false;
    before_ = std::signal(SIGINT, handle);
  }
  ~StopOnInterrupt() {
    const detail::Lock lock(mutex_);
    if (--living_ == 0) std::signal(SIGINT, before_);
  }
  StopOnInterrupt(const StopOnInterrupt&) = delete;
  StopOnInterrupt& operator=(const StopOnInterrupt&) = delete;
  /// Refused: `fit` would keep a copy of the observer.
  operator FitObserver() = delete;  // an observer that is no copy is passed by std::ref

  /// Whether Ctrl-C has come.
  bool requested() const { return came_; }

  /// Asks `fit` to stop where Ctrl-C has come.
  void operator()(FitProgress& progress) const {
    if (requested()) progress.stop = true;
  }

 private:
  static void handle(int) {
    std::signal(SIGINT, SIG_DFL);
    came_ = true;  // then the destructor of another thread may give SIGINT back
  }

  inline static std::atomic<bool> came_ = false;
  static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may not wait");
  inline static int living_ = 0;
  inline static void (*before_)(int) = SIG_DFL;
  inline static detail::Mutex mutex_;
};

}  // namespace unroll::inline UNROLL_TARGET
