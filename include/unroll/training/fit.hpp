#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "unroll/training/clipping.hpp"
#include "unroll/training/evaluate.hpp"
#include "unroll/training/training_state.hpp"

namespace unroll {

/// How far `fit` has come, after each batch. The state is complete then, and may be copied or saved.
struct FitProgress {
  Index epoch = 0;           ///< the epoch that this batch belongs to, from 1 on
  Index epochs = 0;          ///< as in FitOptions
  Index batch = 0;           ///< the batch in its epoch, from 1 on
  Index batches = 0;         ///< of an epoch
  Index columns = 0;         ///< steps times samples of this batch
  double loss = 0;           ///< the mean of this epoch so far; NaN where no column counted
  double learning_rate = 0;  ///< of this batch's step
  double gradient_norm = 0;  ///< before clipping
  Index clipped = 0;         ///< of this epoch's batches so far
  Index skipped = 0;         ///< of this epoch's batches so far
  std::string problem = {};  ///< why this batch, or one of the validation data, was skipped; empty: none was
  bool epoch_done = false;   ///< this batch is the last one of its epoch
  std::optional<double> validation_loss = {};  ///< with epoch_done; NaN where no column counted
  bool stop = false;                           ///< to be set by an observer: fit returns after this batch
};

/// Called after every batch. Pass an object that keeps something, such as a progress bar, by std::ref.
using FitObserver = std::function<void(FitProgress&)>;

/// How `fit` trains.
struct FitOptions {
  Index epochs = 10;       ///< counted from the state's beginning
  double clip_norm = 0;    ///< limit of the gradient's global norm; 0: none
  Index patience = 0;      ///< stops after so many epochs without a lower loss than the best; 0: never
  bool keep_best = false;  ///< the model ends as the best there was
  bool shuffle = true;     ///< draws each epoch's order anew
  OnNonFinite on_non_finite = OnNonFinite::stop;  ///< a loss or gradient that is not finite
  std::function<double(Index)> schedule = {};     ///< the learning rate of epoch 0, 1, ...; without it, the optimizer's
  bool schedule_by_batch = false;                 ///< it is called with the number of batches done instead
  BackwardOptions backward = {};                  ///< truncation and clipping inside the backward pass
  std::vector<FitObserver> observers = {};        ///< called after every batch, in this order
};

/// Why `fit` ended: all epochs are done, patience ran out, an observer asked, or a number was not finite.
enum class FitEnd { epochs, no_better, asked, not_finite };

/// How a call of `fit` ended.
struct FitReport {
  FitEnd end = FitEnd::epochs;  ///< why
  std::string problem = {};     ///< where a number that is not finite came up
};

namespace detail {

/// One call of fit: what it needs beside the state, and can make anew.
template <class State, class Data, class Loss>
class Fit {
  using Model = typename State::Model;

 public:
  /// The loss of weights as they are now.
  using Evaluate = std::function<Evaluation(const Model&)>;

  /// `validate` may be empty.
  Fit(State& state, const Data& data, const Loss& loss, const FitOptions& options, Evaluate validate)
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
    state.require_valid();
    require(state.batch <= data.batches(), "fit: the state stands at batch ", state.batch, ", the data have ",
            data.batches());
    require(!options.schedule || !state.plateau, "fit: a schedule and a plateau would both set the learning rate");
    if (data.batches() > 1) {  // a model that cannot carry its state is refused before anything is changed
      const auto second = data.example(1, data.order(std::nullopt));
      if (second.batch.continues) state.model.require_forward(second.x.rows(), second.x.cols(), second.batch, {});
    }
    if (state_.batch > 0) order_ = data_.order(seed(state_.order_seed));
  }

  FitReport run() {
    if (tracks()) judge_start();
    for (;;) {
      const bool no_better = options_.patience > 0 && state_.epochs_since_best >= options_.patience;
      if (no_better || state_.epoch >= options_.epochs) {
        if (options_.keep_best && state_.has_best()) state_.model = state_.best;
        return {no_better ? FitEnd::no_better : FitEnd::epochs, {}};
      }
      FitProgress progress = next();
      if (!progress.problem.empty() && options_.on_non_finite == OnNonFinite::stop)
        return {FitEnd::not_finite, progress.problem};
      for (const FitObserver& observer : options_.observers) observer(progress);
      if (progress.stop) return {FitEnd::asked, progress.problem};
    }
  }

 private:
  std::optional<std::uint64_t> seed(std::uint64_t of_order) const {
    return options_.shuffle ? std::optional<std::uint64_t>(of_order) : std::nullopt;
  }

  /// Whether someone asks which weights are the best.
  bool tracks() const { return options_.patience > 0 || options_.keep_best; }

  /// Of weights as they are now: an epoch's own loss was taken while they moved.
  Evaluation evaluate_now(const Model& model) const {
    return validate_ ? validate_(model) : mean_loss(model, data_, loss_, options_.on_non_finite);
  }

  /// Judges the best weights so far by the data of this call, which may differ from those of the call before, and the
  /// weights that this call starts from.
  void judge_start() {
    if (state_.has_best()) {
      const double loss = evaluate_now(state_.best).loss;
      if (loss != state_.best_loss) state_.forget_best();
      if (std::isfinite(loss)) state_.best_loss = loss;
    }
    if (state_.batch > 0) return;  // the epoch's end will tell
    const double loss = evaluate_now(state_.model).loss;
    if (loss < state_.best_loss) state_.set_best(loss);
  }

  /// A batch, and after the last batch the end of the epoch. A state may stand between the two if the evaluation threw,
  /// or found no finite loss.
  FitProgress next() {
    FitProgress progress;
    const bool trains = state_.batch < data_.batches();
    progress.epoch = state_.epoch + 1;
    progress.epochs = options_.epochs;
    progress.batches = data_.batches();
    progress.batch = trains ? state_.batch + 1 : state_.batch;
    progress.learning_rate = learning_rate(progress.batch - 1);
    if (trains) one_batch(progress);
    if (!progress.problem.empty() && options_.on_non_finite == OnNonFinite::stop) return progress;
    progress.loss = state_.loss_count > 0 ? state_.loss_sum / state_.loss_count : Evaluation().loss;
    progress.clipped = state_.clipped;
    progress.skipped = state_.skipped;
    if (state_.batch == data_.batches()) end_epoch(progress);
    return progress;
  }

  double learning_rate(Index batch) const {
    double rate = state_.plateau ? state_.plateau->rate() : state_.optimizer.options.learning_rate;
    if (options_.schedule)
      rate = options_.schedule(options_.schedule_by_batch ? state_.epoch * data_.batches() + batch : state_.epoch);
    require(rate >= 0 && std::isfinite(rate), "fit: the learning rate is ", rate, " at batch ", batch + 1, " of epoch ",
            state_.epoch + 1, ", expected a finite number of at least 0");
    return rate;
  }

  /// Changes the state once, at its end, after everything that may throw.
  void one_batch(FitProgress& progress) {
    const bool begins = state_.batch == 0;
    Random random = state_.random;
    const std::uint64_t order_seed = begins ? random.bits() : state_.order_seed;
    if (begins) order_ = data_.order(seed(order_seed));
    const auto example = data_.example(state_.batch, order_);
    Batch batch = example.batch;
    batch.dropout_seed = random.bits();
    progress.columns = example.x.cols();

    const auto y =
        state_.model.forward(example.x, tape_, batch, batch.continues ? state_.carried : typename Model::State());
    const double value = loss_(y, example.target, d_y_, batch, example.weights);
    const double count = loss_.count(example.target, batch, example.weights);
    auto carried = tape_.final_state;
    ClipReport clip;
    if (!std::isfinite(value)) {
      progress.problem = problem("loss");
    } else {
      clip = take_gradient(example.x);
      progress.gradient_norm = clip.norm;
      if (!std::isfinite(clip.norm)) progress.problem = problem("gradient");
    }
    const bool moves = progress.problem.empty();
    if (!moves && options_.on_non_finite == OnNonFinite::stop) return;
    if (moves) {
      state_.optimizer.options.learning_rate = progress.learning_rate;
      state_.optimizer.step(state_.model, gradient_);
      state_.carried = std::move(carried);
    }
    if (begins) state_.begin_epoch(order_seed);
    state_.random = random;
    state_.loss_sum += moves ? count * value : 0;
    state_.loss_count += moves ? count : 0;
    state_.clipped += clip.clipped ? 1 : 0;
    state_.skipped += moves ? 0 : 1;
    ++state_.batch;
  }

  /// Fills gradient_ from d_y_ and the tape, and clips it.
  ClipReport take_gradient(const Input<typename Model::Scalar>& x) {
    set_zero(gradient_);
    state_.model.backward(x, d_y_, tape_, gradient_, options_.backward);
    return options_.clip_norm > 0 ? clip_by_global_norm(gradient_, options_.clip_norm)
                                  : ClipReport{global_norm(gradient_), false};
  }

  /// As one_batch: if it throws, or ends the run, the state stays at the epoch's end.
  void end_epoch(FitProgress& progress) {
    Evaluation now;
    if (validate_ || tracks()) now = evaluate_now(state_.model);
    if (!now.problem.empty()) {
      progress.problem = text("epoch ", progress.epoch, validate_ ? ", validation: " : ", evaluation: ", now.problem);
      if (options_.on_non_finite == OnNonFinite::stop) return;
    }
    if (validate_) progress.validation_loss = now.loss;
    History history = state_.history;
    history.loss.push_back(progress.loss);
    history.learning_rate.push_back(progress.learning_rate);
    history.clipped.push_back(static_cast<double>(state_.clipped));
    history.skipped.push_back(static_cast<double>(state_.skipped));
    if (validate_) history.validation_loss.push_back(now.loss);

    if (tracks() && now.loss < state_.best_loss)
      state_.set_best(now.loss);
    else if (tracks())
      ++state_.epochs_since_best;
    state_.history = std::move(history);
    if (state_.plateau) (*state_.plateau)(validate_ ? now.loss : progress.loss);
    ++state_.epoch;
    state_.batch = 0;
    progress.epoch_done = true;
  }

  std::string problem(const char* what) const {
    return text("epoch ", state_.epoch + 1, ", batch ", state_.batch + 1, ": ", not_finite(what, state_.model, tape_));
  }

  State& state_;
  const Data& data_;
  const Loss& loss_;
  const FitOptions& options_;
  Evaluate validate_;
  std::vector<Index> order_;
  typename Model::Tape tape_;
  Model gradient_;
  Matrix<typename Model::Scalar> d_y_;
};

}  // namespace detail

/// Trains state.model on the data from where the state stands, and leaves the state where it ended.
///
/// Each batch: forward, loss, backward, clipping, a step of the optimizer; then the observers. After each epoch the
/// validation data, where given, are evaluated.
///
/// For `patience` and `keep_best` the weights that the call starts from and those after each epoch are judged by the
/// validation loss, or without validation data by `evaluate` on the data. The best of an earlier call are judged anew,
/// by the data of this one. With `keep_best` the model ends with the best weights, unless an observer stopped the run.
///
/// If a number that is not finite stops the run, the state is as before that batch, or at the end of the epoch that
/// could not be evaluated. An exception leaves it there too: the next call goes on to the bits of a run that never
/// threw. Throws std::invalid_argument for options, data and learning rates that do not fit, and passes on what the
/// loss, the schedule, the data and the observers throw.
template <Layer Model, class Optimizer, DataSource Data, class Loss>
  requires(!DataSource<Loss>)
FitReport fit(TrainingState<Model, Optimizer>& state, const Data& data, const Loss& loss,
              const FitOptions& options = {}) {
  const auto& scored = detail::as_loss<typename Model::Scalar>(loss);
  return detail::Fit(state, data, scored, options, std::function<detail::Evaluation(const Model&)>()).run();
}

/// The same with validation data, which are evaluated after each epoch.
template <Layer Model, class Optimizer, DataSource Data, DataSource Validation, class Loss>
FitReport fit(TrainingState<Model, Optimizer>& state, const Data& data, const Validation& validation, const Loss& loss,
              const FitOptions& options = {}) {
  const auto& scored = detail::as_loss<typename Model::Scalar>(loss);
  const auto validate = [&](const Model& model) {
    return detail::mean_loss(model, validation, scored, options.on_non_finite);
  };
  return detail::Fit(state, data, scored, options, std::function<detail::Evaluation(const Model&)>(validate)).run();
}

}  // namespace unroll
