#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>

#ifdef _WIN32
#include <io.h>
#else
#include <unistd.h>
#endif

#include "unroll/training/fit_options.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

inline bool is_terminal(std::FILE* file) {
#ifdef _WIN32
  return _isatty(_fileno(file)) != 0;
#else
  return isatty(fileno(file)) != 0;
#endif
}

}  // namespace detail

/// An observer of `fit` that shows loss, speed and time left: on a terminal a bar that moves, elsewhere a plain line
/// for each epoch.
///
///   Progress progress;
///   fit(state, data, loss, {.observers = {std::ref(progress)}});
class Progress {
 public:
  /// Writes to a file that is not owned: a bar where it is a terminal.
  explicit Progress(std::FILE* to = stderr) : Progress(to, detail::is_terminal(to)) {}
  /// The same, but `terminal` says whether to draw a bar.
  Progress(std::FILE* to, bool terminal) : to_(to), terminal_(terminal) {}
  ~Progress() { end_line(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Refused: `fit` would keep a copy of the observer.
  operator FitObserver() = delete;  // an observer that is no copy is passed by std::ref

  /// Shows a batch.
  void operator()(const FitProgress& now) {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    columns_ += static_cast<double>(now.columns);
    batches_ += static_cast<double>(now.accumulated);
    if (!now.problem.empty()) {
      end_line();
      std::fprintf(to_, "skipped: %s\n", now.problem.c_str());
    }
    if (!now.epoch_done && (!terminal_ || seconds - shown_ < 0.1)) return;
    shown_ = seconds;
    if (terminal_) std::fputc('\r', to_);
    std::fprintf(to_, "epoch %lld/%lld", static_cast<long long>(now.epoch), static_cast<long long>(now.epochs));
    if (terminal_) {
      constexpr int width = 24;
      std::string bar(width, ' ');
      std::fill_n(bar.begin(), now.batch * width / now.batches, '=');
      std::fprintf(to_, " [%s]", bar.c_str());
    }
    std::fprintf(to_, " loss %.5g", now.loss);
    if (now.validation_loss) std::fprintf(to_, ", validation %.5g", *now.validation_loss);
    for (const auto& [name, value] : now.metrics) std::fprintf(to_, ", %s %.5g", name.c_str(), value);
    const double left = static_cast<double>((now.epochs - now.epoch) * now.batches + now.batches - now.batch);
    const long to_go = std::lround(left * seconds / (std::max)(batches_, 1.0));
    std::fprintf(to_, ", %.3g steps/s, %ld:%02ld left", columns_ / (std::max)(seconds, 1e-9), to_go / 60, to_go % 60);
    if (terminal_) std::fputs("\x1b[K", to_);  // clears what a longer line left
    line_open_ = true;
    if (now.epoch_done) end_line();
    std::fflush(to_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  void end_line() {
    if (line_open_) std::fputc('\n', to_);
    line_open_ = false;
  }

  std::FILE* to_;
  bool terminal_;
  bool line_open_ = false;
  Clock::time_point begin_ = Clock::now();
  double shown_ = 0, columns_ = 0, batches_ = 0;
};

}  // namespace unroll::inline UNROLL_TARGET
