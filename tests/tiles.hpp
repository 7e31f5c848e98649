#pragma once

#include "unroll/engine/kernel.hpp"

// The kernel's tiles are compiled once for all tests, in common.cpp: they are a large part of what each would compile.
namespace unroll::detail {
extern template struct Tiles<float, 1>;
extern template struct Tiles<float, 2>;
extern template struct Tiles<float, 3>;
extern template struct Tiles<float, 4>;
extern template struct Tiles<double, 1>;
extern template struct Tiles<double, 2>;
extern template struct Tiles<double, 3>;
extern template struct Tiles<double, 4>;
}  // namespace unroll::detail
