#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "unroll/core/random.hpp"
#include "unroll/layers/states.hpp"
#include "unroll/training/history.hpp"
#include "unroll/training/schedules.hpp"
#include "unroll/training/weight_average.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The whole state of a training run at the end of a batch, as one value. From a copy of it, or from one that a file
/// gave back, `fit` goes on to the same bits as if it had never stopped.
///
///   TrainingState state(model, Adam(model, {.learning_rate = 1e-2}), Random(1));
template <Trainable Model_, class Optimizer_>
struct TrainingState {
  static_assert(
      requires(Optimizer_& mover, Model_& model, const Model_& gradient) { mover.step(model, gradient); },
      "the optimizer is of another model: TrainingState(model, Adam(model), random)");

  /// The model's type.
  using Model = Model_;
  /// The optimizer's type.
  using Optimizer = Optimizer_;
  /// best_loss before any weights were judged; finite, so that any file format can hold it.
  static constexpr double no_loss = (std::numeric_limits<double>::max)();

  Model model;          ///< the weights as they are now
  Optimizer optimizer;  ///< with its moments
  Random random;        ///< draws the order of each epoch and the masks of each batch

  Index epoch = 0;               ///< epochs done
  Index batch = 0;               ///< batches done of the epoch that is under way
  std::uint64_t order_seed = 0;  ///< of this epoch's order
  CarriedState<Model> carried;   ///< what the batch before left, for one that continues
  double loss_sum = 0;           ///< of this epoch's batches, each weighed with its count
  double loss_count = 0;         ///< the sum of those counts
  Index clipped = 0;             ///< this epoch's steps whose gradient was clipped
  Index skipped = 0;             ///< this epoch's steps whose loss or gradient was not finite
  History history = {};          ///< the epochs before

  /// The weights whose loss is best_loss, where has_best(): FitOptions::keep_best and patience ask for them.
  Model best;
  double best_loss = no_loss;   ///< their loss; with FitOptions::best_by the metric, negative if higher is better
  Index epochs_since_best = 0;  ///< epochs whose weights were no better

  /// Lowers the learning rate on a plateau of the validation loss, or without validation data of the loss.
  std::optional<ReduceOnPlateau> plateau = {};

  /// The average of the weights over the steps. If it is there, `fit` evaluates it, and it becomes the best.
  std::optional<WeightAverage<Model>> average = {};

  /// A run that has not begun. Takes the model, its optimizer and the generator over.
  TrainingState(Model start, Optimizer mover, Random generator)
      : model(std::move(start)),
        optimizer(std::move(mover)),
        random(generator),
        carried(state_for(model)),
        best(model) {}
  /// Refused: there is no Random, or a seed in its place.
  TrainingState(Model, Optimizer, ...) = delete;  // a run draws from a Random: (model, optimizer, Random(1))

  /// Whether weights were judged: `best` belongs to `best_loss` then.
  bool has_best() const { return best_loss < no_loss; }

  /// What is evaluated: the weights as they are now, or their average where there is one.
  const Model& judged() const { return average ? average->model : model; }

  /// The weights that are judged become the best where their loss is finite and below best_loss. Returns whether it is.
  bool judge(double loss) {
    if (!std::isfinite(loss) || loss >= best_loss) return false;
    Model copy = judged();
    best = std::move(copy);
    best_loss = loss;
    epochs_since_best = 0;
    return true;
  }

  /// The next weights that are judged become the best, whatever their loss.
  void forget_best() {
    best_loss = no_loss;
    epochs_since_best = 0;
  }

  /// Starts the sums and counts of an epoch anew; `seed` draws its order.
  void begin_epoch(std::uint64_t seed) {
    order_seed = seed;
    loss_sum = loss_count = 0;
    clipped = skipped = 0;
  }

  /// Throws std::invalid_argument where a file gave back what is impossible.
  void require_valid() const {
    constexpr Index most = Index(1) << std::numeric_limits<Index>::digits / 2;  // the product of two is an Index
    const auto require_count = [&](const char* what, Index count) {
      detail::require(count >= 0 && count <= most, "the state's ", what, " is ", count, ", expected from 0 to ", most);
    };
    require_count("epoch", epoch);
    require_count("batch", batch);
    require_count("clipped", clipped);
    require_count("skipped", skipped);
    require_count("epochs_since_best", epochs_since_best);
    detail::require(!std::isnan(loss_sum) && !std::isnan(loss_count) && !std::isnan(best_loss),
                    "the state's loss_sum, loss_count or best_loss is no number");
    const std::size_t epochs = history.loss.size(), validated = history.validation_loss.size();
    detail::require(history.learning_rate.size() == epochs && history.clipped.size() == epochs &&
                        history.skipped.size() == epochs && validated <= epochs,
                    "the state's history has ", epochs, " losses, ", validated, " of validation, ",
                    history.learning_rate.size(), " rates, ", history.clipped.size(), " and ", history.skipped.size(),
                    " counts, expected as many of each");
    for (const auto& [name, column] : history.metrics)
      detail::require(column.size() == epochs, "the state's history has ", epochs, " losses and ", column.size(),
                      " values of ", name, ", expected as many");
    if constexpr (requires { optimizer.require_valid(); }) optimizer.require_valid();  // one of a user's own need not
    if (plateau) plateau->require_valid();
    if (average) average->require_valid();
  }

  /// Calls f(name, part) for each part that has options, which a file describes and checks beside the model.
  template <class F>
  void each_part(F&& f) const {
    f("optimizer", optimizer);
    if (plateau) f("plateau", *plateau);
    if (average) f("average", *average);
  }

  /// The model, for its description in a file.
  template <class F, class... States>
  static void children(F&& f, const std::string& prefix, States&... states) {
    f(prefix + "model.", states.model...);
  }

  /// Calls f(name, part...) for everything that a checkpoint must hold, of states that were made alike: tensors (those
  /// of `carried` as AnyShape), Index, integers of 64 bits, double, std::vector<double>, a map of such vectors by name,
  /// and the generator.
  template <class F, class... States>
  static void visit(F&& f, const std::string& prefix, States&... states) {
    Model::visit(f, prefix + "model.", states.model...);
    Model::visit(f, prefix + "best.", states.best...);
    Optimizer::visit(f, prefix + "optimizer.", states.optimizer...);
    visit_state(f, prefix + "carried.", states.carried...);
    f(prefix + "random", states.random...);
    f(prefix + "epoch", states.epoch...);
    f(prefix + "batch", states.batch...);
    f(prefix + "order_seed", states.order_seed...);
    f(prefix + "loss_sum", states.loss_sum...);
    f(prefix + "loss_count", states.loss_count...);
    f(prefix + "clipped", states.clipped...);
    f(prefix + "skipped", states.skipped...);
    f(prefix + "best_loss", states.best_loss...);
    f(prefix + "epochs_since_best", states.epochs_since_best...);
    f(prefix + "history.loss", states.history.loss...);
    f(prefix + "history.validation_loss", states.history.validation_loss...);
    f(prefix + "history.learning_rate", states.history.learning_rate...);
    f(prefix + "history.clipped", states.history.clipped...);
    f(prefix + "history.skipped", states.history.skipped...);
    f(prefix + "history.metrics", states.history.metrics...);
    if ((states.plateau.has_value() && ...)) ReduceOnPlateau::visit(f, prefix + "plateau.", *states.plateau...);
    if ((states.average.has_value() && ...)) WeightAverage<Model>::visit(f, prefix + "average.", *states.average...);
  }
};

}  // namespace unroll::inline UNROLL_TARGET
