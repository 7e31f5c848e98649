#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "unroll/data/example.hpp"
#include "unroll/training/clipping.hpp"
#include "unroll/training/training_state.hpp"

namespace unroll {

/// How far `fit` has come, after each batch. What the state holds is complete then, and may be copied or saved.
struct FitProgress {
  Index epoch = 0;  ///< the epoch that this batch belongs to, from 1 on
  Index epochs = 0;
  Index batch = 0;  ///< the batch in its epoch, from 1 on
  Index batches = 0;
  Index columns = 0;  ///< steps times samples of this batch
  double loss = 0;    ///< the mean of this epoch so far
  double learning_rate = 0;
  double gradient_norm = 0;  ///< before clipping
  Index clipped = 0;         ///< of this epoch's batches so far
  Index skipped = 0;
  std::string problem = {};  ///< why this batch was skipped; empty: it was not
  bool epoch_done = false;
  std::optional<double> validation_loss = {};  ///< with epoch_done
  bool stop = false;                           ///< to be set by an observer: fit returns after this batch
};

/// Called after every batch. An object is passed by std::ref, as a progress bar must be.
using FitObserver = std::function<void(FitProgress&)>;

/// What is done with a batch whose loss or gradient is not finite.
enum class OnNonFinite { stop, skip };

struct FitOptions {
  Index epochs = 10;     ///< counted from the state's beginning
  double clip_norm = 0;  ///< limit of the gradient's global norm; 0: none
  Index patience = 0;    ///< stops after so many epochs without a lower loss; 0: never
  bool shuffle = true;   ///< draws each epoch's order anew
  OnNonFinite on_non_finite = OnNonFinite::stop;
  std::function<double(Index)> schedule = {};  ///< the learning rate of epoch 0, 1, ...; without it, the optimizer's
  bool schedule_by_batch = false;              ///< it is called with the number of batches done instead
  BackwardOptions backward = {};
  std::vector<FitObserver> observers = {};
};

enum class FitEnd { epochs, no_better, asked, not_finite };

struct FitReport {
  FitEnd end = FitEnd::epochs;
  std::string problem = {};  ///< where a number that is not finite came up
};

/// The mean loss of a model over the data as it lies, without dropout.
template <Layer Model, DataSource Data, class Loss>
double evaluate(const Model& model, const Data& data, const Loss& loss) {
  const std::vector<Index> order = data.order(std::nullopt);
  typename Model::Tape tape;
  typename Model::State carried;
  Matrix<typename Model::Scalar> unused;
  double sum = 0, count = 0;
  for (Index k = 0; k < data.batches(); ++k) {
    const auto e = data.example(k, order);
    Batch batch = e.batch;
    batch.record = false;
    batch.same_weights = true;
    const auto y = model.forward(e.x, tape, batch, e.carries ? carried : typename Model::State());
    const double weight = loss.count(y.cols(), e.batch, e.weights);
    if (weight > 0) sum += weight * loss(y, e.target, unused, e.batch, e.weights);
    count += weight;
    carried = tape.final_state;
  }
  return count == 0 ? 0 : sum / count;
}

namespace detail {

/// One call of fit: what it needs beside the state, and can make anew.
template <class State, class Data, class Loss>
class Fit {
  using Model = typename State::Model;

 public:
  Fit(State& state, const Data& data, const Loss& loss, const FitOptions& options,
      std::function<double(const Model&)> validate)
      : state_(state),
        data_(data),
        loss_(loss),
        options_(options),
        validate_(std::move(validate)),
        gradient_(zeros_like(state.model)) {
    require(options.epochs >= 0, "fit: epochs is ", options.epochs, ", expected at least 0");
    require(options.clip_norm >= 0, "fit: clip_norm is ", options.clip_norm, ", expected at least 0");
    require(options.patience >= 0, "fit: patience is ", options.patience, ", expected at least 0");
    require(data.batches() >= 1, "fit: there is no batch to learn from");
    require(state.batch < data.batches(), "fit: the state stands at batch ", state.batch, ", the data have ",
            data.batches());
    require(!options.schedule || !state.plateau, "fit: a schedule and a plateau would both set the learning rate");
    if (state_.batch > 0) order_ = data_.order(seed());
  }

  FitReport run() {
    for (;;) {
      const bool no_better = options_.patience > 0 && state_.epochs_since_best >= options_.patience;
      if (no_better || state_.epoch >= options_.epochs) {
        if (options_.patience > 0 && !state_.history.loss.empty()) state_.model = state_.best;
        return {no_better ? FitEnd::no_better : FitEnd::epochs, {}};
      }
      FitProgress progress = one_batch();
      if (!progress.problem.empty() && options_.on_non_finite == OnNonFinite::stop)
        return {FitEnd::not_finite, progress.problem};
      for (const FitObserver& observer : options_.observers) observer(progress);
      if (progress.stop) return {FitEnd::asked, progress.problem};
    }
  }

 private:
  std::optional<std::uint64_t> seed() const {
    return options_.shuffle ? std::optional<std::uint64_t>(state_.order_seed) : std::nullopt;
  }

  void begin_epoch() {
    state_.order_seed = state_.random.bits();
    order_ = data_.order(seed());
    state_.loss_sum = state_.loss_count = 0;
    state_.clipped = state_.skipped = 0;
  }

  FitProgress one_batch() {
    // Where the batch is a reason to stop, the state stays as it was before.
    const Random before = state_.random;
    if (state_.batch == 0) begin_epoch();
    const auto example = data_.example(state_.batch, order_);
    Batch batch = example.batch;
    batch.dropout_seed = state_.random.bits();
    const double rate = learning_rate();

    FitProgress progress;
    const auto y =
        state_.model.forward(example.x, tape_, batch, example.carries ? state_.carried : typename Model::State());
    const double count = loss_.count(y.cols(), batch, example.weights);
    const double value = loss_(y, example.target, d_y_, batch, example.weights);
    if (!std::isfinite(value)) {
      progress.problem = problem("loss");
    } else {
      set_zero(gradient_);
      auto carried = tape_.final_state;
      state_.model.backward(example.x, d_y_, tape_, gradient_, options_.backward);
      ClipReport clip{0, false};
      if (options_.clip_norm > 0)
        clip = clip_by_global_norm(gradient_, options_.clip_norm);
      else
        clip.norm = global_norm(gradient_);
      progress.gradient_norm = clip.norm;
      if (!std::isfinite(clip.norm)) {
        progress.problem = problem("gradient");
      } else {
        state_.optimizer.options.learning_rate = rate;
        state_.optimizer.step(state_.model, gradient_);
        state_.clipped += clip.clipped ? 1 : 0;
        state_.carried = std::move(carried);
        state_.loss_sum += count * value;
        state_.loss_count += count;
      }
    }
    if (!progress.problem.empty()) {
      if (options_.on_non_finite == OnNonFinite::stop) {
        state_.random = before;
        return progress;
      }
      ++state_.skipped;
    }

    progress.epoch = state_.epoch + 1;
    progress.epochs = options_.epochs;
    progress.batch = ++state_.batch;
    progress.batches = data_.batches();
    progress.columns = example.x.cols();
    progress.loss = mean_loss();
    progress.learning_rate = rate;
    progress.clipped = state_.clipped;
    progress.skipped = state_.skipped;
    progress.epoch_done = progress.batch == progress.batches;
    if (progress.epoch_done) end_epoch(progress);
    return progress;
  }

  double learning_rate() const {
    if (options_.schedule)
      return options_.schedule(options_.schedule_by_batch ? state_.epoch * data_.batches() + state_.batch
                                                          : state_.epoch);
    return state_.plateau ? state_.plateau->rate() : state_.optimizer.options.learning_rate;
  }

  double mean_loss() const { return state_.loss_count == 0 ? 0 : state_.loss_sum / state_.loss_count; }

  void end_epoch(FitProgress& progress) {
    History& history = state_.history;
    history.loss.push_back(progress.loss);
    history.learning_rate.push_back(progress.learning_rate);
    history.clipped.push_back(static_cast<double>(state_.clipped));
    history.skipped.push_back(static_cast<double>(state_.skipped));
    if (validate_) {
      progress.validation_loss = validate_(state_.model);
      history.validation_loss.push_back(*progress.validation_loss);
    }
    // An epoch of which every batch was skipped has no loss.
    const double none = std::numeric_limits<double>::quiet_NaN();
    const double counts = validate_ ? *progress.validation_loss : state_.loss_count == 0 ? none : progress.loss;
    if (counts < state_.best_loss) {
      state_.best_loss = counts;
      state_.epochs_since_best = 0;
      if (options_.patience > 0) state_.best = state_.model;
    } else {
      ++state_.epochs_since_best;
    }
    if (state_.plateau) (*state_.plateau)(counts);
    ++state_.epoch;
    state_.batch = 0;
  }

  std::string problem(const char* what) const {
    const auto found = state_.model.find_non_finite(tape_);
    return text("epoch ", state_.epoch + 1, ", batch ", state_.batch + 1, ": the ", what, " is not finite: ",
                found ? found->message() : std::string("every layer's numbers are; look at the targets and weights"));
  }

  State& state_;
  const Data& data_;
  const Loss& loss_;
  const FitOptions& options_;
  std::function<double(const Model&)> validate_;
  std::vector<Index> order_;
  typename Model::Tape tape_;
  Model gradient_;
  Matrix<typename Model::Scalar> d_y_;
};

}  // namespace detail

/// Trains state.model on the data from where the state stands, and leaves the state where it ended.
///
/// Each batch: forward, loss, backward, clipping, a step of the optimizer; then the observers. After each epoch the
/// validation data, where given, are evaluated. With `patience` the model ends as the best of its epochs, unless an
/// observer stopped the run; the best is that of the validation loss, or without validation data of the loss.
///
/// Stopped by a number that is not finite, the state is as before that batch. Throws std::invalid_argument for options
/// and data that do not fit.
template <Layer Model, class Optimizer, DataSource Data, class Loss>
requires(!DataSource<Loss>) FitReport
    fit(TrainingState<Model, Optimizer>& state, const Data& data, const Loss& loss, const FitOptions& options = {}) {
  return detail::Fit(state, data, loss, options, std::function<double(const Model&)>()).run();
}

template <Layer Model, class Optimizer, DataSource Data, DataSource Validation, class Loss>
FitReport fit(TrainingState<Model, Optimizer>& state, const Data& data, const Validation& validation, const Loss& loss,
              const FitOptions& options = {}) {
  const auto validate = [&](const Model& model) { return evaluate(model, validation, loss); };
  return detail::Fit(state, data, loss, options, std::function<double(const Model&)>(validate)).run();
}

}  // namespace unroll
