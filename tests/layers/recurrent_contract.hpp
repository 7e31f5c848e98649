#pragma once

#include "engine/alone.hpp"
#include "engine/frozen.hpp"
#include "layers/layer_contract.hpp"

/// What a recurrent layer keeps to that has a step of its own: the built-in cells' tests in tests/engine, in short.
/// make(inputs, hidden, unrolling) gives a layer whose parameters are all drawn.
namespace engine_test {

inline constexpr Readout readouts[] = {Readout::all, Readout::last, Readout::mean};

/// Sample 0 has none; resets at the first step, in a row, at the last step, past the end.
inline Batch with_resets(Index steps, Index size) {
  Batch batch{.size = size};
  batch.resets.resize(static_cast<std::size_t>(steps * size));
  for (Index b = 1; b < size; ++b)
    for (Index t = b - 1; t < steps; t += b + 1) batch.resets[static_cast<std::size_t>(t * size + b)] = true;
  return batch;
}

/// A state of the layer's shape for some samples.
template <class L>
typename L::State some_state(const L& layer, Index batch) {
  typename L::State state;
  for (std::size_t n = 0; n < state.values.size(); ++n)
    state.values[n] = drawn(n == 0 ? layer.output_size() : layer.hidden_size(), batch, 51 + n);
  return state;
}

template <class Make>
void check_gradients(const Make& make) {
  const auto check = [&](Index hidden, Unrolling how, Index steps, const Batch& batch,
                         const ForwardOptions& forward = {}) {
    CAPTURE(hidden, how.direction == Direction::reverse, static_cast<int>(how.readout), steps, batch.size);
    const auto layer = make(3, hidden, how);
    const auto report = testing::check_gradient(layer, drawn(3, steps * batch.size), batch,
                                                {.entries = 20, .forward = forward}, some_state(layer, batch.size));
    CAPTURE(report.where);
    const bool little_left = hidden == 1 && layer.name() == std::string("LayerNormLstm");  // of a normalised column
    CHECK(report.worst <= (little_left ? 1e-6 : 1e-7));
  };
  for (const Direction direction : directions) {
    for (const Readout readout : readouts) {
      check(7, {direction, readout}, 5, {.size = 3});
      check(9, {direction, readout}, 5, {.size = 3, .lengths = {5, 0, 2}});
    }
    check(5, {direction}, 6, with_resets(6, 4));
    check(1, {direction}, 4, {.size = 2});
    check(17, {direction}, 3, {.size = 2});
    check(7, {direction}, 0, {.size = 3});
    const Unrolling noisy{direction, Readout::all, 0.4, 0.3, 0.2};
    check(7, noisy, 5, {.size = 3});
    check(7, noisy, 5, {.size = 3, .lengths = {5, 0, 2}}, {.dropout_seed = 12});
    check(9, noisy, 6, with_resets(6, 4), {.dropout_seed = 13});
  }
}

template <class Make>
void check_truncation(const Make& make) {
  for (const Direction direction : directions)
    for (const Truncation& truncation : {Truncation{3, 0}, {5, 2}, {11, 11}, {4, 1}, {1, 1}})
      for (const bool irregular : {false, true}) {
        CAPTURE(direction == Direction::reverse, truncation.window, truncation.stride, irregular);
        Random random(10);
        Batch batch{.size = 4};
        if (irregular) {
          batch = with_resets(11, 4);
          batch.lengths = {11, 0, 4, 7};
        }
        testing::GradientCheckOptions options{.entries = 12};
        options.backward.truncation = truncation;
        const auto layer = make(3, 5, {direction});
        const auto report = check_truncated_gradient(layer, random_sequence(layer, 11, batch, random), options);
        CAPTURE(report.where);
        CHECK(report.worst <= 1e-7);
      }
}

/// `other` has other sizes than make(3, 7).
template <class Make, class L>
void check_layer(const Make& make, const std::string& name, const L& other) {
  const Matrix<double> x = drawn(3, 6);
  const Speakers speakers{name, name, name};
  for (const Direction direction : directions) {
    const auto layer = make(3, 7, {direction});
    check_backward(layer, x, {.size = 3}, speakers);
    check_shapes(layer, x, {.size = 3}, speakers);
    check_values(layer, x, {.size = 3}, make(2, 1, {direction}));
    check_ragged(layer, drawn(3, 15), {5, 2, 0});
    check_batches(layer, x, name);
    check_foreign_tape(layer, other,
                       name + "::backward: the tape is of a layer of 3 inputs and 90 units, this one has 3 and 7");
  }
  for (const Index hidden : {1, 4, 7, 8, 19}) check_stream(make(3, hidden, {}), drawn(3, 12));
  check_stream(make(3, 7, {.zoneout = 0.3, .zoneout_cell_state = 0.2}), drawn(3, 12));
}

template <class Make>
void check_bits(const Make& make) {
  for (const Direction direction : directions)
    for (const Index hidden : {5, 16}) {
      CAPTURE(direction == Direction::reverse, hidden);
      Random random(4);
      const auto layer = make(3, hidden, {direction});
      check_is_its_episodes(layer, 9, {.size = 7}, random);
      check_is_its_episodes(layer, 9, {.size = 6, .lengths = {9, 0, 1, 7, 4, 9}}, random);
      Batch both = with_resets(9, 6);
      check_is_its_episodes(layer, 9, both, random);
      both.lengths = {9, 0, 1, 7, 4, 9};
      check_is_its_episodes(layer, 9, both, random);
      for (const Readout readout : readouts)
        check_is_its_episodes(make(3, hidden, {direction, readout}), 9, {.size = 3, .lengths = {9, 0, 4}}, random);
    }
}

/// A pass for inference alone keeps the bits and refuses the way back.
template <class Make>
void check_unrecorded(const Make& make, const std::string& name) {
  const auto layer = make(3, 130, {});
  const Matrix<double> x = drawn(3, 600);  // more columns than are projected at once
  typename std::decay_t<decltype(layer)>::Tape recorded, unrecorded;
  const Matrix<double> y = layer.forward(x, recorded, {.size = 2});
  CHECK(layer.forward(x, unrecorded, {.size = 2}, {}, {.record = false}) == y);
  CHECK(unrecorded.gates.columns() < recorded.gates.columns());
  auto gradient = zeros_like(layer);
  CHECK_THROWS_WITH(layer.backward(x, y, unrecorded, gradient),
                    name + "::backward: the forward pass was not recorded (ForwardOptions::record)");
}

/// The norms of dL/dh are recorded, and clipping limits dL/d pre-activation.
template <class Make>
void check_norms_and_clipping(const Make& make) {
  const auto layer = make(3, 7, {});
  using L = std::decay_t<decltype(layer)>;
  const Matrix<double> x = drawn(3, 12), d_y = drawn(layer.output_size(), 12, 5);
  typename L::Tape tape;
  L gradient = zeros_like(layer);
  layer.forward(x, tape, {.size = 2});
  layer.backward(x, d_y, tape, gradient, {.record_norms = true});
  REQUIRE(tape.d_h_norms.size() == 6);
  CHECK(tape.d_h_norms[5] == Approx(d_y.rightCols(2).norm()).epsilon(1e-14));
  // What reaches the h of step 2 is the gradient of the initial state of the steps behind it.
  typename L::Tape head, tail;
  layer.forward(x.leftCols(6), head, {.size = 2});
  layer.forward(x.rightCols(6), tail, {.size = 2}, head.final_state);
  L unused = zeros_like(layer);
  layer.backward(x.rightCols(6), d_y.rightCols(6), tail, unused);
  CHECK(tape.d_h_norms[2] == Approx((d_y.middleCols(4, 2) + tail.d_initial.values[0]).norm()).epsilon(1e-13));

  double squares = 0, largest = 0;
  for (Index j = 0; j < 12; ++j)
    for (Index unit = 0; unit < 7; ++unit)
      for (int gate = 0; gate < 4; ++gate) {
        squares += std::pow(tape.gates.value(gate, unit, j), 2);
        largest = std::max(largest, std::abs(tape.gates.value(gate, unit, j)));
      }
  CHECK(!tape.clip_report.clipped);
  L unclipped = zeros_like(layer), clipped = zeros_like(layer);
  layer.forward(x, tape, {.size = 2});
  layer.backward(x, d_y, tape, unclipped, {.clip = 2 * largest});
  CHECK(!tape.clip_report.clipped);
  CHECK(tape.clip_report.norm == Approx(std::sqrt(squares)).epsilon(1e-13));
  CHECK(flat(unclipped) == flat(gradient));
  layer.forward(x, tape, {.size = 2});
  layer.backward(x, d_y, tape, clipped, {.clip = 0.001});
  CHECK(tape.clip_report.clipped);
  CHECK(clipped.bias.cwiseAbs().maxCoeff() <= 12 * 0.001 * (1 + 1e-15));
  for (Index j = 0; j < 12; ++j)
    for (Index unit = 0; unit < 7; ++unit) CHECK(std::abs(tape.gates.value(0, unit, j)) <= 0.001);
}

}  // namespace engine_test
