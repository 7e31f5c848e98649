#pragma once

#include <limits>

#include "unroll/unroll.hpp"

/// The models that exported_mixed.hpp, exported_both.hpp and exported_paths.hpp were made from.

inline auto mixed_model() {
  using namespace unroll;
  Random random(1);
  Sequential model{Stack<Lstm<float>>(2, 3, 4, random),
                   Dropout<float>(0.2),
                   Gru<float>(4, 3, random),
                   OriginalGru<float>(3, 2, random),
                   ProjectedLstm<float>(2, 5, 2, random),
                   Dense<float>(2, 2, random)};
  model.initialize(random, Initial::pytorch);
  std::get<5>(model.layers).bias << -0.0f, std::numeric_limits<float>::denorm_min();
  return model;
}

inline auto both_model() {
  using namespace unroll;
  Random random(2);
  Sequential model{Embedding<double>(5, 2, random),
                   Bidirectional<Rnn<double>>(2, 3, random, Merge::sum, Readout::mean),
                   ReluRnn<double>(3, 2, random, {.zoneout = 0.1}),
                   LayerNormLstm<double>(2, 3, random),
                   Prelu<double>(3),
                   Elu<double>({.alpha = 0.7}),
                   Conv1d<double>(3, 3, 2, random, {.dilation = 4, .groups = 3}),
                   Softmax<double>()};
  model.initialize(random, Initial::pytorch);
  return model;
}

inline auto paths_model() {
  using namespace unroll;
  Random random(3);
  Sequential model{
      Residual(Sequential{Gru<float>(1, 8, random), Dense<float>(8, 1, random)}), Residual(Dropout<float>(0.5)),
      Branches{Dense<float>(1, 2, random), Sequential{Lstm<float>(1, 3, random), Dense<float>(3, 1, random)}},
      FastLstm<float>(3, 2, random), Recurrent<cells::Approximate<cells::Gru, 5>>(2, 1, random)};
  model.initialize(random, Initial::pytorch);
  return model;
}
