#pragma once

#include "frozen.hpp"

/// The rows of the matrix of gradient checks: what may be done to a sequence. Each model goes through all of them.
namespace engine_test {

struct GradientCase {
  const char* name;
  bool ragged = false;
  bool resets = false;
  bool initial = false;
  Truncation truncation = {};
};

inline constexpr GradientCase gradient_cases[] = {
    {.name = "plain"},
    {.name = "ragged", .ragged = true},
    {.name = "resets", .resets = true},
    {.name = "initial state", .initial = true},
    {.name = "ragged, resets, initial state", .ragged = true, .resets = true, .initial = true},
    {.name = "truncated", .initial = true, .truncation = {5, 5}},
    {.name = "truncated, overlapping windows", .initial = true, .truncation = {6, 3}},
};

/// Three samples of `steps` steps, at least 12.
inline Batch batch_of(const GradientCase& one, Index steps) {
  Batch batch{.size = 3};
  if (one.ragged) batch.lengths = {steps - 3, steps, 2};
  if (one.resets) {
    batch.resets.assign(static_cast<std::size_t>(steps * 3), false);
    for (const auto& [t, b] : {std::pair{0, 1}, {1, 2}, {3, 0}, {5, 1}, {6, 1}, {8, 0}, {11, 2}})
      batch.resets[static_cast<std::size_t>(t * 3 + b)] = true;
  }
  return batch;
}

template <class Model>
void check_gradient_matrix(const Model& model, Index steps, testing::GradientCheckOptions options) {
  for (const GradientCase& one : gradient_cases) {
    INFO(one.name);
    Random random(options.seed);
    const Sequence<Model> in = random_sequence(model, steps, batch_of(one, steps), random);
    options.backward.truncation = one.truncation;
    const auto initial = one.initial ? in.initial : typename Model::State{};
    const auto report = one.truncation.window > 0 ? check_truncated_gradient(model, in, options)
                                                  : testing::check_gradient(model, in.x, in.batch, options, initial);
    CAPTURE(report.where, report.compared);
    CHECK(report.worst <= 1e-7);
    CHECK(report.compared >= 48);  // all tensors of a minimal cell have 16 each
  }
}

}  // namespace engine_test
