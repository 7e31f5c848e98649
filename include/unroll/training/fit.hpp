#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "unroll/training/clipping.hpp"
#include "unroll/training/fit_options.hpp"
#include "unroll/training/fit_refused.hpp"
#include "unroll/training/training_state.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

/// One call of fit: what it needs beside the state, and can make anew.
template <class State, class Data, class Objective>
class Fit {
  using Model = typename State::Model;

 public:
  /// The loss of weights as they are now; may be empty.
  using Evaluate = std::function<Evaluation(const Model&)>;

  Fit(State& state, const Data& data, const Objective& objective, const FitOptions& options, Evaluate validate)
      : state_(state),
        data_(data),
        untouched_(objective),
        objective_(objective),
        options_(options),
        validate_(std::move(validate)),
        gradient_(state.model) {
    options.require_valid();
    require(data.batches() >= 1, "fit: there is no batch to learn from");
    state.require_valid();
    if (state.average) require_same_shape("fit", state.model, state.average->model);
    require(state.batch <= data.batches(), "fit: the state stands at batch ", state.batch, ", the data have ",
            data.batches());
    const bool scheduled = options.schedule || options.batch_schedule;
    require(!scheduled || !state.plateau, "fit: a schedule and a plateau would both set the learning rate");
    if constexpr (requires { objective_.require_fits(state.model, data.example(0, order_)); })
      if (data.batches() > 1) objective_.require_fits(state.model, data.example(1, data.order(std::nullopt)));
    const Measures named(options.metrics);
    for (const Metric& metric : options.metrics)
      if (metric.name == options.best_by) sign_ = metric.higher_is_better ? -1 : 1;
    require(options.best_by.empty() || named.values().contains(options.best_by), "fit: best_by is '", options.best_by,
            "', expected the name of a metric");
    require(options.best_by.empty() || tracks(), "fit: best_by is '", options.best_by,
            "', but neither patience nor keep_best asks for the best");
    if (options.accumulate > 1) part_ = state.model;
    if (state_.batch > 0) order_ = data_.order(seed(state_.order_seed));
  }

  FitReport run() {
    if constexpr (has_groups) {
      state_.optimizer.tie(state_.model);
      if (state_.average) state_.optimizer.tie(state_.average->model);
    }
    if (tracks()) judge_start();
    for (;;) {
      const bool no_better = options_.patience > 0 && state_.epochs_since_best >= options_.patience;
      if (no_better || state_.epoch >= options_.epochs) {
        if (options_.keep_best && state_.has_best()) state_.model = state_.best;
        return {no_better ? FitEnd::no_better : FitEnd::epochs, {}};
      }
      FitProgress progress = next();
      if (!progress.problem.empty() && stops()) {
        if (options_.on_non_finite == OnNonFinite::error) raise<std::runtime_error>("fit: " + progress.problem);
        return {FitEnd::not_finite, progress.problem};
      }
      for (const FitObserver& observer : options_.observers) observer(progress);
      if (progress.stop) return {FitEnd::asked, progress.problem};
    }
  }

 private:
  /// Whether the optimizer has groups of parameters; a user's own optimizer need not have them.
  static constexpr bool has_groups = requires(State& state) {
    state.optimizer.gather(state.model);
    state.optimizer.tie(state.model);
  };

  /// A sum of losses, each times its count.
  struct Sum {
    double sum = 0, count = 0;
  };

  std::optional<std::uint64_t> seed(std::uint64_t of_order) const {
    return options_.shuffle ? std::optional<std::uint64_t>(of_order) : std::nullopt;
  }

  /// Whether a number that is not finite ends the run.
  bool stops() const { return options_.on_non_finite != OnNonFinite::skip; }

  /// Whether an option asks which weights are the best.
  bool tracks() const { return options_.patience > 0 || options_.keep_best; }

  /// Evaluates the weights as they are now; an epoch's own loss was taken while they moved.
  Evaluation evaluate_now(const Model& model) const {
    return validate_ ? validate_(model) : mean_loss(model, data_, untouched_, options_.on_non_finite, options_.metrics);
  }

  /// A number that is least for the best weights.
  double score(const Evaluation& now) const {
    return options_.best_by.empty() || now.metrics.empty() ? now.loss : sign_ * now.metrics.at(options_.best_by);
  }

  /// Judges the best weights so far and the weights that this call starts from, both by the data of this call, which
  /// may differ from those of the call before.
  void judge_start() {
    if (state_.has_best()) {
      const double loss = score(evaluate_now(state_.best));
      if (loss != state_.best_loss) state_.forget_best();
      if (std::isfinite(loss)) state_.best_loss = loss;
    }
    if (state_.batch > 0) return;  // the epoch's end will tell
    state_.judge(score(evaluate_now(state_.judged())));
  }

  /// Does a step, and after the last batch the end of the epoch. A state may stand between the two if the evaluation
  /// threw, or found no finite loss.
  FitProgress next() {
    const Index examples = (std::min)(options_.accumulate, data_.batches() - state_.batch);
    FitProgress progress{.epoch = state_.epoch + 1,
                         .epochs = options_.epochs,
                         .batch = state_.batch + examples,
                         .batches = data_.batches(),
                         .accumulated = examples};
    const Index last_step = (state_.batch - 1) / options_.accumulate * options_.accumulate;
    progress.learning_rate = learning_rate(examples > 0 ? state_.batch : last_step);
    if (examples > 0) one_step(progress);
    if (!progress.problem.empty() && stops()) return progress;
    progress.loss = state_.loss_count > 0 ? state_.loss_sum / state_.loss_count : Evaluation().loss;
    progress.clipped = state_.clipped;
    progress.skipped = state_.skipped;
    if (state_.batch == data_.batches()) end_epoch(progress);
    return progress;
  }

  double learning_rate(Index batch) const {
    double rate = state_.plateau ? state_.plateau->rate() : state_.optimizer.options.learning_rate;
    if (options_.schedule) rate = options_.schedule(state_.epoch);
    if (options_.batch_schedule) rate = options_.batch_schedule(state_.epoch * data_.batches() + batch);
    require(rate >= 0 && std::isfinite(rate), "fit: the learning rate is ", rate, " at batch ", batch + 1, " of epoch ",
            state_.epoch + 1, ", expected a finite number of at least 0");
    return rate;
  }

  /// Changes the state once, at its end, after everything that may throw.
  void one_step(FitProgress& progress) {
    const bool begins = state_.batch == 0;
    Random random = state_.random;
    const std::uint64_t order_seed = begins ? random.bits() : state_.order_seed;
    if (begins) order_ = data_.order(seed(order_seed));
    auto carried = state_.carried;
    const Sum loss = take_gradient(random, carried, progress);
    ClipReport clip;
    if (progress.problem.empty()) {
      clip = options_.clip_norm > 0 ? clip_by_global_norm(gradient_, options_.clip_norm)
                                    : ClipReport{global_norm(gradient_), false};
      progress.gradient_norm = clip.norm;
      if (!std::isfinite(clip.norm)) progress.problem = problem("gradient", progress.batch);
    }
    const bool moves = progress.problem.empty();
    if (!moves && stops()) return;
    if (moves) {
      state_.optimizer.options.learning_rate = progress.learning_rate;
      std::optional<decltype(state_.average->adder(state_.model))> average;
      if (state_.average) average.emplace(state_.average->adder(state_.model));
      state_.optimizer.step(state_.model, gradient_);
      if (average) (*average)();
      state_.carried = std::move(carried);
    } else if (begins && begins_anew(data_.example(0, order_))) {
      state_.carried = state_for(state_.model);  // what comes goes on from no end of the epoch before
    }
    if (begins) state_.begin_epoch(order_seed);
    state_.random = random;
    state_.loss_sum += moves ? loss.sum : 0;
    state_.loss_count += moves ? loss.count : 0;
    state_.clipped += clip.clipped ? 1 : 0;
    state_.skipped += moves ? 0 : 1;
    state_.batch = progress.batch;
  }

  /// Sums the losses of a step's examples, and leaves in gradient_ the gradient of their mean: a sum that is divided
  /// once by the count of all. A single example gives the gradient of its mean as it is. Ends at what is not finite.
  Sum take_gradient(Random& random, CarriedState<Model>& carried, FitProgress& progress) {
    Sum total;
    MeanGradient mean;
    const bool several = progress.accumulated > 1;
    Model& gradient = several ? *part_ : gradient_;
    set_zero(gradient_);
    for (Index k = state_.batch; k < progress.batch; ++k) {
      const auto example = data_.example(k, order_);
      ObjectivePass<Model> pass{carried, {.dropout_seed = random.bits()}, options_.backward};
      if (several) set_zero(gradient);
      const ExampleLoss loss = ask(objective_, state_.model, example, pass, &gradient);
      progress.columns += columns_of(example, loss);
      if (!std::isfinite(loss.mean)) progress.problem = problem("loss", k + 1);
      if (several) require_same_shape("fit", state_.model, gradient);
      if constexpr (has_groups) state_.optimizer.gather(gradient);
      if (several && progress.problem.empty() && !std::isfinite(global_norm(gradient)))
        progress.problem = problem("gradient", k + 1);
      if (!progress.problem.empty()) return total;
      if (several) mean.add(gradient_, gradient, loss.count);
      total.sum += loss.count * loss.mean;
      total.count += loss.count;
      carried = std::move(pass.carried);
    }
    mean.divide(gradient_);
    return total;
  }

  /// As one_step: if it throws, or ends the run, the state stays at the epoch's end.
  void end_epoch(FitProgress& progress) {
    Evaluation now;
    if (validate_ || tracks() || !options_.metrics.empty()) now = evaluate_now(state_.judged());
    if (tracks() && now.problem.empty() && !std::isfinite(score(now)))
      now.problem =
          (options_.best_by.empty() ? "the loss" : "the metric '" + options_.best_by + "'") + " is not finite";
    if (!now.problem.empty()) {
      progress.problem = text("epoch ", progress.epoch, validate_ ? ", validation: " : ", evaluation: ", now.problem);
      if (stops()) return;
    }
    if (validate_) progress.validation_loss = now.loss;
    progress.metrics = now.metrics;
    History history = state_.history;
    history.add(progress);
    if (tracks() && !state_.judge(score(now))) ++state_.epochs_since_best;
    state_.history = std::move(history);
    if (state_.plateau) (*state_.plateau)(validate_ ? now.loss : progress.loss);
    ++state_.epoch;
    state_.batch = 0;
    progress.epoch_done = true;
  }

  std::string problem(const char* what, Index batch) const {
    return text("epoch ", state_.epoch + 1, ", batch ", batch, ": ", not_finite(what, objective_, state_.model));
  }

  State& state_;
  const Data& data_;
  const Objective& untouched_;  // what each evaluation copies
  Objective objective_;         // keeps its buffers from step to step
  const FitOptions& options_;
  double sign_ = 1;  // of the metric best_by: -1 where higher is better
  Evaluate validate_;
  std::vector<Index> order_;
  Model gradient_;
  std::optional<Model> part_;  // the gradient of one example, where a step has several
};

}  // namespace detail

/// Trains state.model from where the state stands (within an epoch: with the same data), and leaves it where it ended.
///
/// Each step takes the objective's loss and gradient, clips, moves the model by the optimizer, then calls the
/// observers. The objective is a loss of the model's outputs (forward, loss, backward) or any Objective of your own.
/// With `accumulate` a step learns from several batches, each weighed by its count. After each epoch the validation
/// data, if given, are evaluated.
///
/// For `patience` and `keep_best` the weights that the call starts from and those after each epoch are judged by the
/// validation loss, or without validation data by `evaluate` on the data. The best weights of an earlier call are
/// judged anew, by the data of this one. With `keep_best` the model ends with the best weights, unless an observer or
/// a number that is not finite stopped the run.
///
/// Throws std::runtime_error, which says where, for a loss or gradient that is not finite; see OnNonFinite. The state
/// is then as before that step, or at the end of the epoch that could not be evaluated. Every exception leaves it so,
/// and the next call goes on to the same bits as a run that never threw. Throws std::invalid_argument for options, data
/// and learning rates that do not fit, and passes on what the objective, the schedule, the data and the observers
/// throw.
template <Trainable Model, class Optimizer, DataSource Data, class Loss>
  requires(!DataSource<Loss>)
FitReport fit(TrainingState<Model, Optimizer>& state, const Data& data, const Loss& loss,
              const FitOptions& options = {}) {
  const auto objective = detail::as_objective<Model, Data>(loss);
  return detail::Fit(state, data, objective, options, std::function<Evaluation(const Model&)>()).run();
}

/// The same with validation data, which are evaluated after each epoch.
template <Trainable Model, class Optimizer, DataSource Data, DataSource Validation, class Loss>
FitReport fit(TrainingState<Model, Optimizer>& state, const Data& data, const Validation& validation, const Loss& loss,
              const FitOptions& options = {}) {
  detail::require(validation.batches() >= 1, "fit: there is no batch to validate with");
  const auto objective = detail::as_objective<Model, Data>(loss);
  const auto validate = [&](const Model& model) {
    return detail::mean_loss(model, validation, objective, options.on_non_finite, options.metrics);
  };
  return detail::Fit(state, data, objective, options, std::function<Evaluation(const Model&)>(validate)).run();
}

}  // namespace unroll::inline UNROLL_TARGET
