#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "unroll/data/example.hpp"
#include "unroll/layers/layer.hpp"
#include "unroll/layers/states.hpp"
#include "unroll/losses/function_loss.hpp"

namespace unroll {

/// What is done with a batch whose loss or gradient is not finite.
enum class OnNonFinite { stop, skip };

namespace detail {

/// A mean loss over data; NaN where no column counts.
struct Evaluation {
  double loss = std::numeric_limits<double>::quiet_NaN();
  std::string problem = {};  ///< why there is no loss, or where the first batch stands that was skipped
};

/// "the loss is not finite: 0.Lstm: gate i of sample 3 is not finite at step 17 (forward)"
template <class Model>
std::string not_finite(const char* what, const Model& model, const typename Model::Tape& tape) {
  const auto found = model.find_non_finite(tape);
  return text("the ", what, " is not finite: ",
              found ? found->message() : std::string("every layer's numbers are; look at the targets and weights"));
}

/// Ends at the first loss that is not finite, or skips its batch as `fit` does.
template <Layer Model, DataSource Data, class Loss>
Evaluation mean_loss(const Model& model, const Data& data, const Loss& loss, OnNonFinite on_non_finite) {
  const std::vector<Index> order = data.order(std::nullopt);
  typename Model::Tape tape;
  typename Model::State carried;
  Matrix<typename Model::Scalar> unused;
  Evaluation result;
  double sum = 0, total = 0;
  for (Index k = 0; k < data.batches(); ++k) {
    const auto e = data.example(k, order);
    Batch batch = e.batch;
    batch.record = false;
    batch.same_weights = true;
    const auto y = model.forward(e.x, tape, batch, batch.continues ? carried : typename Model::State());
    const double value = loss(y, e.target, unused, e.batch, e.weights);
    if (!std::isfinite(value)) {
      if (result.problem.empty()) result.problem = text("batch ", k + 1, ": ", not_finite("loss", model, tape));
      if (on_non_finite == OnNonFinite::stop) return result;
      continue;
    }
    const double count = loss.count(e.target, e.batch, e.weights);
    sum += count * value;
    total += count;
    carried = tape.final_state;
  }
  if (total > 0)
    result.loss = sum / total;
  else if (result.problem.empty())
    result.problem = "the data weigh nothing";
  return result;
}

}  // namespace detail

/// The mean loss of a model over the data as it lies, without dropout. NaN where a batch's loss is not finite, and
/// where no column of the data counts.
template <Layer Model, DataSource Data, class Loss>
double evaluate(const Model& model, const Data& data, const Loss& loss) {
  return detail::mean_loss(model, data, detail::as_loss<typename Model::Scalar>(loss), OnNonFinite::stop).loss;
}

}  // namespace unroll
