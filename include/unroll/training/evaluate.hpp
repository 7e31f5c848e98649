#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "unroll/training/objective.hpp"

namespace unroll {

/// What is done with a batch whose loss or gradient is not finite.
enum class OnNonFinite { stop, skip };

namespace detail {

/// A mean loss over data; NaN where no column counts.
struct Evaluation {
  double loss = std::numeric_limits<double>::quiet_NaN();
  std::string problem = {};  ///< why there is no loss, or where the first batch stands that was skipped
};

/// Ends at the first loss that is not finite, or skips its example as `fit` does. Takes an objective of its own over.
template <class Model, DataSource Data, class Objective>
Evaluation mean_loss(const Model& model, const Data& data, Objective objective, OnNonFinite on_non_finite) {
  const std::vector<Index> order = data.order(std::nullopt);
  auto carried = state_for(model);
  Evaluation result;
  double sum = 0, total = 0;
  for (Index k = 0; k < data.batches(); ++k) {
    ObjectivePass<Model> pass{.carried = carried, .record = false};
    const ExampleLoss loss = ask(objective, model, data.example(k, order), pass, static_cast<Model*>(nullptr));
    if (!std::isfinite(loss.mean)) {
      if (result.problem.empty()) result.problem = text("batch ", k + 1, ": ", not_finite("loss", objective, model));
      if (on_non_finite == OnNonFinite::stop) return result;
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
  return result;
}

}  // namespace detail

/// The mean loss of a model over the data as it lies, without dropout, by a loss or an Objective. NaN where a batch's
/// loss is not finite, and where no column of the data counts.
template <Trainable Model, DataSource Data, class Loss>
double evaluate(const Model& model, const Data& data, const Loss& loss) {
  return detail::mean_loss(model, data, detail::as_objective<Model, Data>(loss), OnNonFinite::stop).loss;
}

}  // namespace unroll
