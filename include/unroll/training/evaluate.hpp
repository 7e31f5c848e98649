#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "unroll/training/objective.hpp"

namespace unroll::inline UNROLL_TARGET {

/// What `fit` does where a loss or a gradient is not finite.
enum class OnNonFinite {
  error,  ///< throws std::runtime_error, which says where
  stop,   ///< ends with FitEnd::not_finite and says where in the report
  skip,   ///< leaves the batch out, counts it and goes on
};

/// What a model makes of data.
struct Evaluation {
  double loss = std::numeric_limits<double>::quiet_NaN();  ///< the mean; NaN where no column counts
  std::string problem = {};                    ///< why there is no loss, or where the first batch is that was skipped
  std::map<std::string, double> metrics = {};  ///< the number of each metric by its name; NaN where no column counts
};

namespace detail {

/// The mean loss. Ends at the first loss that is not finite, or skips its example as `fit` does. `objective` is a copy.
template <class Model, DataSource Data, class Objective>
Evaluation mean_loss(const Model& model, const Data& data, Objective objective, OnNonFinite on_non_finite,
                     const std::vector<Metric>& metrics = {}) {
  const std::vector<Index> order = data.order(std::nullopt);
  auto carried = state_for(model);
  Evaluation result;
  Measures measures(metrics), before;
  double sum = 0, total = 0;
  for (Index k = 0; k < data.batches(); ++k) {
    if (on_non_finite == OnNonFinite::skip) before = measures;
    ObjectivePass<Model> pass{.carried = carried, .forward = {.record = false}, .measures = &measures};
    const ExampleLoss loss = ask(objective, model, data.example(k, order), pass, static_cast<Model*>(nullptr));
    if (!std::isfinite(loss.mean)) {
      if (result.problem.empty()) {
        ObjectivePass<Model> recorded{.carried = carried};  // keeps all that may not be finite
        ask(objective, model, data.example(k, order), recorded, static_cast<Model*>(nullptr));
        result.problem = text("batch ", k + 1, ": ", not_finite("loss", objective, model));
      }
      if (on_non_finite != OnNonFinite::skip) return result;
      std::swap(measures, before);
      continue;
    }
    sum += loss.count * loss.mean;
    total += loss.count;
    carried = std::move(pass.carried);
  }
  if (total > 0)
    result.loss = sum / total;
  else if (result.problem.empty())
    result.problem = "the data weigh nothing";
  require(total == 0 || measures.measured(),
          "the metrics saw no column; an objective of one's own gives them its outputs by pass.measure");
  result.metrics = measures.values();
  return result;
}

}  // namespace detail

/// The mean loss of a model over the data in the order that they have, without dropout, by a loss or an Objective. NaN
/// where a batch's loss is not finite, and where no column of the data counts.
template <Trainable Model, DataSource Data, class Loss>
double evaluate(const Model& model, const Data& data, const Loss& loss) {
  return detail::mean_loss(model, data, detail::as_objective<Model, Data>(loss), OnNonFinite::stop).loss;
}

/// The same with metrics: evaluate(model, data, loss, {mae(), r2()}).metrics.at("r2"). Where a batch's loss is not
/// finite, there are no metrics, and `problem` says where. An objective of your own has metrics if it calls
/// `pass.measure`. Throws std::invalid_argument where a metric does not fit the data.
template <Trainable Model, DataSource Data, class Loss>
Evaluation evaluate(const Model& model, const Data& data, const Loss& loss, const std::vector<Metric>& metrics) {
  return detail::mean_loss(model, data, detail::as_objective<Model, Data>(loss), OnNonFinite::stop, metrics);
}

/// Refused: matrices, or a loss, in the place of the data.
template <class no_such_data = void, Trainable Model, class D, class L>
  requires(!DataSource<D>)
double evaluate(const Model&, const D&, const L&, ...) = delete;  // no data: Sequences, StreamWindows, ...

}  // namespace unroll::inline UNROLL_TARGET
