#pragma once

#include <type_traits>

#include "unroll/core/types.hpp"

namespace unroll::inline UNROLL_TARGET {

/// One sample, known at compile time: a program that makes only such streams has no code for more samples.
using OneSample = std::integral_constant<Index, 1>;

/// The shape of the stream that a layer is asked for. Samples is OneSample, or Index.
template <class Samples = OneSample>
struct StreamShape {
  Samples samples = {};  ///< B, side by side, each with a state of its own
  Index inputs = 0;      ///< rows of x, for a layer that takes any number of them
};

}  // namespace unroll::inline UNROLL_TARGET
