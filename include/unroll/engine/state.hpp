#pragma once

#include <array>
#include <string>
#include <utility>

#include "unroll/core/memory.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The sizes of a recurrent layer.
struct RecurrentSizes {
  Index inputs;   ///< I
  Index units;    ///< H
  Index outputs;  ///< O, rows of h; as many as units where there is no projection

  /// Rows of the n-th state.
  Index rows_of_state(std::size_t n) const { return n == 0 ? outputs : units; }
};

/// The states of a recurrent layer, one column a sample; `values` has the order of the cell's `state_names`, h first.
/// Empty matrices stand for zeros.
template <class Cell, class Scalar>
struct RecurrentState {
  std::array<Matrix<Scalar>, Cell::state_names.size()> values;  ///< each of B columns

  /// Zeros.
  RecurrentState() = default;
  /// With these values.
  RecurrentState(std::array<Matrix<Scalar>, Cell::state_names.size()> of_values) : values(std::move(of_values)) {}
  /// A copy.
  RecurrentState(const RecurrentState&) = default;
  /// Moves the matrices.
  RecurrentState(RecurrentState&&) = default;
  RecurrentState& operator=(RecurrentState&&) = default;
  /// Memory may run out here: see detail::resize.
  RecurrentState& operator=(const RecurrentState& from) {
    for (std::size_t n = 0; n < values.size(); ++n) detail::assign(values[n], from.values[n]);
    return *this;
  }

  template <class F, class... States>
  static void visit(F&& f, const std::string& prefix, States&... states) {
    for (std::size_t n = 0; n < Cell::state_names.size(); ++n) f(prefix + Cell::state_names[n], states.values[n]...);
  }
};

}  // namespace unroll::inline UNROLL_TARGET
