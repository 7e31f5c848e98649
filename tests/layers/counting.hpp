#pragma once

#include "unroll/layers/memoryless.hpp"

/// A layer of a user's own, y = 2 x with 3 rows, that counts how often it is asked and run.
struct Counting : unroll::Memoryless<Counting, double> {
  inline static int checks, runs;

  unroll::Unrolling unrolling;

  explicit Counting(unroll::Direction direction = {}) : unrolling{direction} {}
  unroll::Index input_size() const { return 3; }
  unroll::Index output_size() const { return 3; }
  static const char* name() { return "Counting"; }

  unroll::Index require_forward(unroll::Index rows, unroll::Index columns, const unroll::Batch& batch,
                                const unroll::NoState& none) const {
    ++checks;
    return Memoryless::require_forward(rows, columns, batch, none);
  }
  template <class... Arguments>
  void require_backward(const Arguments&... arguments) const {
    ++checks;
    Memoryless::require_backward(arguments...);
  }
  void apply(const unroll::Input<double>& x, unroll::WritableOutput<double> y) const {
    ++runs;
    y = 2 * x;
  }
  void apply_back(const unroll::Input<double>&, const unroll::Input<double>&, const unroll::Input<double>& d_y,
                  Counting&, unroll::WritableOutput<double> d_x) const {
    ++runs;
    d_x = 2 * d_y;
  }
};
