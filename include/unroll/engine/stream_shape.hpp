#pragma once

#include <type_traits>

#include "unroll/core/types.hpp"

namespace unroll::inline UNROLL_TARGET {

/// One sample, known at compile time: a program whose streams have one has no code for more.
using OneSample = std::integral_constant<Index, 1>;

/// What a layer is asked for a stream of. Samples is OneSample, or Index.
template <class Samples = OneSample>
struct StreamShape {
  Samples samples = {};  ///< B, side by side, each with a state of its own
  Index inputs = 0;      ///< rows of x, for a layer of any size
};

}  // namespace unroll::inline UNROLL_TARGET
