#pragma once

#include <atomic>
#include <string>

#include "recurrent_rows.hpp"

namespace bench {

/// Bytes on the heap now and at most, counted by memory.cpp's malloc and free.
struct HeapBytes {
  std::atomic<long long> now{0};
  std::atomic<long long> peak{0};
};
extern HeapBytes heap_bytes;

/// Of one training step from nothing: the most that was on the heap at once, without the caller's x and d_y, and the
/// bytes that the maths asks for.
struct Memory {
  long long peak = 0;
  long long needed = 0;
};

template <class Cell>
Memory memory_of(const Row& row) {
  using unroll::Index;
  const Data data(row);
  const unroll::Matrix<float> x = unroll::Matrix<float>::Ones(row.input, row.steps * row.batch);
  const unroll::Matrix<float> d_y = unroll::Matrix<float>::Ones(row.hidden, row.steps * row.batch);
  const long long before = heap_bytes.now;
  heap_bytes.peak = before;
  Training<unroll::Recurrent<Cell>> training(layer_of<Cell>(row, data), row.batch);
  training.step(x, d_y);

  // Parameters, their gradients and Adam's two moments; every gate of every step, overwritten by its gradient; every
  // state, the initial one too; dL/dx.
  const Index gates = unroll::gate_count<Cell>, states = static_cast<Index>(Cell::state_names.size());
  const Index tape = row.hidden * row.batch * (gates * row.steps + states * (row.steps + 1));
  const Index floats = 4 * parameter_count(training.layer) + tape + row.input * row.steps * row.batch;
  return {heap_bytes.peak - before, static_cast<long long>(floats) * 4};
}

/// "PEAK NEEDED", bytes.
inline std::string memory_of_row(const Row& row) {
  const Memory memory = row.cell == "rnn"    ? memory_of<unroll::cells::Rnn>(row)
                        : row.cell == "lstm" ? memory_of<unroll::cells::Lstm>(row)
                                             : memory_of<unroll::cells::Gru>(row);
  return std::to_string(memory.peak) + " " + std::to_string(memory.needed);
}

}  // namespace bench
