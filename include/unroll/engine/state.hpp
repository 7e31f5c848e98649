#pragma once

#include <array>

#include "unroll/core/types.hpp"

namespace unroll {

/// The states of a recurrent layer, one column a sample; `values` has the order of the cell's `state_names`, h first.
/// Empty matrices stand for zeros.
template <class Cell, class Scalar>
struct RecurrentState {
  std::array<Matrix<Scalar>, Cell::state_names.size()> values;  // each H x B
};

}  // namespace unroll
