#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "unroll/core/random.hpp"
#include "unroll/layers/states.hpp"
#include "unroll/training/schedules.hpp"

namespace unroll {

/// An entry for each epoch that is done.
struct History {
  std::vector<double> loss;             ///< the mean over the epoch, taken while the weights moved
  std::vector<double> validation_loss;  ///< empty where nothing was held out
  std::vector<double> learning_rate;
  std::vector<double> clipped;  ///< batches whose gradient was clipped
  std::vector<double> skipped;  ///< batches whose loss or gradient was not finite
};

/// All that a training run is at the end of a batch, as one value: `fit` goes on from a copy of it, or from one that a
/// file gave back, to the same bits as if it had never stopped.
///
///   TrainingState state(model, Adam(model, {.learning_rate = 1e-2}), Random(1));
template <Layer Model_, class Optimizer_>
struct TrainingState {
  using Model = Model_;
  using Optimizer = Optimizer_;

  Model model;
  Optimizer optimizer;
  Random random;  ///< draws the order of each epoch and the masks of each batch

  Index epoch = 0;               ///< epochs done
  Index batch = 0;               ///< batches done of the epoch that is under way
  std::uint64_t order_seed = 0;  ///< of this epoch's order
  typename Model::State carried = {};
  double loss_sum = 0;  ///< of this epoch's batches, each weighed with its count
  double loss_count = 0;
  Index clipped = 0;
  Index skipped = 0;
  History history = {};

  Model best;  ///< the weights with the lowest loss so far, kept where FitOptions::patience asks for them
  double best_loss = std::numeric_limits<double>::max();
  Index epochs_since_best = 0;

  /// Set: the learning rate falls on a plateau of the validation loss, or of the loss.
  std::optional<ReduceOnPlateau> plateau = {};

  TrainingState(Model start, Optimizer mover, Random generator)
      : model(std::move(start)), optimizer(std::move(mover)), random(generator), best(model) {
    carried = state_for(model);
  }

  /// Calls f(name, part...) for everything that a checkpoint must hold, of states that were made alike: tensors (those
  /// of `carried` as AnyShape), Index, integers of 64 bits, double, std::vector<double> and the generator.
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
    if ((states.plateau.has_value() && ...)) ReduceOnPlateau::visit(f, prefix + "plateau.", *states.plateau...);
  }
};

}  // namespace unroll
