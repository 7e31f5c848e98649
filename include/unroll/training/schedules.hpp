#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "unroll/core/error.hpp"
#include "unroll/core/types.hpp"

/// Learning rates by time: values that are called with the number of epochs or batches done, at first 0.
namespace unroll::inline UNROLL_TARGET {

/// The same rate always.
struct ConstantRate {
  double rate;  ///< returned as it is

  /// The rate.
  double operator()(Index) const { return rate; }
};

/// rate factor^n, where n is t / every, rounded down: torch.optim.lr_scheduler.StepLR.
struct StepRate {
  double rate;          ///< the first one
  Index every;          ///< epochs or batches between two falls, at least 1
  double factor = 0.1;  ///< what each fall multiplies the rate by

  /// The rate after t epochs or batches. Throws std::invalid_argument unless `every` is at least 1.
  double operator()(Index t) const {
    detail::require(every >= 1, "StepRate: every is ", every, ", expected at least 1");
    const Index drops = t / every;
    return rate * std::pow(factor, static_cast<double>(drops));
  }
};

/// rate factor^t
struct ExponentialRate {
  double rate;    ///< the first one
  double factor;  ///< what each epoch or batch multiplies the rate by

  /// The rate after t epochs or batches.
  double operator()(Index t) const { return rate * std::pow(factor, static_cast<double>(t)); }
};

/// Half a cosine from `rate` at the end of the warm-up down to `least` at `steps` (Loshchilov & Hutter 2017, equation
/// 5), after a warm-up that rises evenly from rate / warm_up.
struct CosineRate {
  double rate;        ///< the highest one
  Index steps;        ///< epochs or batches, those of the warm-up included; afterwards the rate stays
  Index warm_up = 0;  ///< epochs or batches in which the rate rises
  double least = 0;   ///< the last one

  /// The rate after t epochs or batches. Throws std::invalid_argument unless `steps` is more than `warm_up`.
  double operator()(Index t) const {
    detail::require(warm_up >= 0 && steps > warm_up, "CosineRate: steps is ", steps, " and warm_up ", warm_up,
                    ", expected more steps than warm_up");
    if (t < warm_up) return rate * static_cast<double>(t + 1) / static_cast<double>(warm_up);
    constexpr double pi = 3.14159265358979323846;
    const double done = static_cast<double>((std::min)(t, steps) - warm_up) / static_cast<double>(steps - warm_up);
    return least + (rate - least) * (1 + std::cos(pi * done)) / 2;
  }
};

/// One cycle (Smith & Topin 2017): the rate rises from rate / start to `rate` in the first `rise` of the steps and
/// falls to rate / (start end) in the rest, along half a cosine each: torch.optim.lr_scheduler.OneCycleLR without
/// momentum.
struct OneCycleRate {
  double rate;          ///< the highest one
  Index steps;          ///< epochs or batches; afterwards the rate stays
  double rise = 0.3;    ///< the share of the steps in which it rises, between 0 and 1
  double start = 25;    ///< how many times lower the first rate is than the highest
  double end = 1e4;     ///< how many times lower the last rate is than the first
  bool linear = false;  ///< along straight lines instead

  /// The rate after t epochs or batches. Throws std::invalid_argument where the rise or the fall has no step.
  double operator()(Index t) const {
    const double top = rise * static_cast<double>(steps) - 1, last = static_cast<double>(steps - 1);
    detail::require(top > 0 && top < last, "OneCycleRate: steps is ", steps, " and rise ", rise,
                    ", expected a step at least in which the rate rises, and one in which it falls");
    detail::require(start > 0 && end > 0, "OneCycleRate: start is ", start, " and end ", end, ", expected more than 0");
    const double now = (std::min)(static_cast<double>(t), last);
    const bool rises = now <= top;
    const double from = rises ? rate / start : rate, to = rises ? rate : rate / start / end;
    const double done = rises ? now / top : (now - top) / (last - top);
    constexpr double pi = 3.14159265358979323846;
    return from + (to - from) * (linear ? done : (1 - std::cos(pi * done)) / 2);
  }
};

/// When and how ReduceOnPlateau lowers the rate.
struct PlateauOptions {
  double factor = 0.1;      ///< what a reduction multiplies the rate by, between 0 and 1
  Index patience = 10;      ///< epochs without a better loss that are tolerated
  double threshold = 1e-4;  ///< by what share of the best loss a better one must be lower
  Index cooldown = 0;       ///< epochs after a reduction that are not counted
  double least = 0;         ///< the rate falls no lower
};

/// Multiplies the rate by `factor` after more than `patience` epochs without a better loss, as PyTorch's
/// torch.optim.lr_scheduler.ReduceLROnPlateau does. It is a value; `visit` shows what it remembers.
class ReduceOnPlateau {
 public:
  PlateauOptions options;  ///< may be changed between epochs

  /// Starts with the rate `first`. Throws std::invalid_argument where it or an option makes no sense.
  explicit ReduceOnPlateau(double first, PlateauOptions how = {}) : options(how), rate_(first) { require_valid(); }

  /// The rate of the next epoch.
  double rate() const { return rate_; }

  /// Refused: it is not a schedule of epochs; it belongs in TrainingState::plateau.
  template <class Integer>
    requires(std::is_same_v<Integer, Index>)
  double operator()(Integer epoch) = delete;  // a plateau is no schedule: see TrainingState::plateau

  /// Takes an epoch's loss and returns the rate of the next epoch. NaN is never a better loss.
  double operator()(double loss) {
    if (loss < best_ - options.threshold * std::abs(best_)) {
      best_ = loss;
      bad_ = 0;
    } else {
      ++bad_;
    }
    if (cooling_ > 0) {
      --cooling_;
      bad_ = 0;
    }
    if (bad_ > options.patience) {
      const double reduced = (std::max)(rate_ * options.factor, options.least);
      if (rate_ - reduced > 1e-8) rate_ = reduced;
      cooling_ = options.cooldown;
      bad_ = 0;
    }
    return rate_;
  }

  static const char* name() { return "ReduceOnPlateau"; }

  /// Calls f(name, option) for each option that must stay the same within a run.
  template <class F>
  void each_option(F&& f) const {
    f("factor", options.factor);
    f("patience", options.patience);
    f("threshold", options.threshold);
    f("cooldown", options.cooldown);
    f("least", options.least);
  }

  /// Throws std::invalid_argument where options, or numbers that came from a file, make no sense.
  void require_valid() const {
    detail::require(options.factor > 0 && options.factor < 1, "ReduceOnPlateau: factor is ", options.factor,
                    ", expected between 0 and 1");
    detail::require(options.patience >= 0 && options.cooldown >= 0, "ReduceOnPlateau: patience is ", options.patience,
                    " and cooldown ", options.cooldown, ", expected at least 0");
    detail::require(options.threshold >= 0 && options.least >= 0, "ReduceOnPlateau: threshold is ", options.threshold,
                    " and least ", options.least, ", expected at least 0");
    detail::require(rate_ >= 0 && rate_ <= (std::numeric_limits<double>::max)(), "ReduceOnPlateau: rate is ", rate_,
                    ", expected a number of at least 0");
    detail::require(!std::isnan(best_), "ReduceOnPlateau: best is no number");
    detail::require(bad_ >= 0 && cooling_ >= 0, "ReduceOnPlateau: bad is ", bad_, " and cooling ", cooling_,
                    ", expected at least 0");
  }

  template <class F, class... Schedules>
  static void visit(F&& f, const std::string& prefix, Schedules&... schedules) {
    f(prefix + "rate", schedules.rate_...);
    f(prefix + "best", schedules.best_...);
    f(prefix + "bad", schedules.bad_...);
    f(prefix + "cooling", schedules.cooling_...);
  }

 private:
  double rate_;
  double best_ = (std::numeric_limits<double>::max)();  // finite, so that any file format can hold it
  Index bad_ = 0;
  Index cooling_ = 0;
};

}  // namespace unroll::inline UNROLL_TARGET
