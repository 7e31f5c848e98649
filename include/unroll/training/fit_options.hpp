#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "unroll/training/evaluate.hpp"

namespace unroll::inline UNROLL_TARGET {

/// How far `fit` has come, after each step. The state is complete then, and may be copied or saved.
struct FitProgress {
  Index epoch = 0;           ///< the epoch that this batch belongs to, from 1 on
  Index epochs = 0;          ///< as in FitOptions
  Index batch = 0;           ///< the batch in its epoch, from 1 on; the last of those accumulated
  Index batches = 0;         ///< of an epoch
  Index accumulated = 1;     ///< batches that this step learnt from
  Index columns = 0;         ///< time steps times samples of these; of examples without an x, what they count
  double loss = 0;           ///< the mean of this epoch so far; NaN where no column counted
  double learning_rate = 0;  ///< of this step
  double gradient_norm = 0;  ///< before clipping
  Index clipped = 0;         ///< this epoch's clipped steps so far
  Index skipped = 0;         ///< this epoch's skipped steps so far
  std::string problem = {};  ///< why this step, or one of the validation data, was skipped; empty: none was
  bool epoch_done = false;   ///< this batch is the last one of its epoch
  std::optional<double> validation_loss = {};  ///< with epoch_done; NaN where no column counted
  std::map<std::string, double> metrics = {};  ///< with epoch_done: of the validation data, or without them of the data
  bool stop = false;                           ///< to be set by an observer: fit returns after this step
};

/// Called after every step. Pass an object that keeps something, such as a progress bar, by std::ref.
using FitObserver = std::function<void(FitProgress&)>;

/// How `fit` trains.
struct FitOptions {
  Index epochs = 10;       ///< counted from the state's beginning
  Index accumulate = 1;    ///< batches for one step; its gradient is that of all of them as one
  double clip_norm = 0;    ///< limit of the gradient's global norm; 0: none
  Index patience = 0;      ///< stops after so many epochs without a better loss, or metric, than the best; 0: never
  bool keep_best = false;  ///< the model ends with the best weights
  bool shuffle = true;     ///< draws each epoch's order anew
  std::vector<Metric> metrics = {};  ///< taken after each epoch, of the validation data or without them of the data
  std::string best_by = {};          ///< the metric that patience and keep_best judge by; empty: the loss
  OnNonFinite on_non_finite = OnNonFinite::error;  ///< a loss or gradient that is not finite
  /// The learning rate of epoch 0, 1, ..., asked for before each step; without it, the optimizer's.
  std::function<double(Index)> schedule = {};
  /// Instead of `schedule`: the learning rate after 0, 1, ... batches of all epochs.
  std::function<double(Index)> batch_schedule = {};
  BackwardOptions backward = {};            ///< truncation and clipping inside the backward pass
  std::vector<FitObserver> observers = {};  ///< called after every step, in this order

  /// Throws std::invalid_argument for an option out of its range, an empty observer, or two schedules.
  void require_valid() const {
    using detail::require;
    require(epochs >= 0, "fit: epochs is ", epochs, ", expected at least 0");
    require(accumulate >= 1, "fit: accumulate is ", accumulate, ", expected at least 1");
    require(clip_norm >= 0, "fit: clip_norm is ", clip_norm, ", expected at least 0");
    require(patience >= 0, "fit: patience is ", patience, ", expected at least 0");
    require(!schedule || !batch_schedule, "fit: schedule and batch_schedule would both set the learning rate");
    for (const FitObserver& observer : observers) require(observer != nullptr, "fit: an observer is empty");
  }
};

/// Why `fit` ended: all epochs are done, patience ran out, an observer asked, or a number was not finite.
enum class FitEnd { epochs, no_better, asked, not_finite };

/// How a call of `fit` ended.
struct FitReport {
  FitEnd end = FitEnd::epochs;  ///< why
  std::string problem = {};     ///< where a number that is not finite came up
};

}  // namespace unroll::inline UNROLL_TARGET
