// The home of what all tests share: the precompiled header and the kernel's tiles.

#include "tiles.hpp"

namespace unroll::detail {
template struct Tiles<float, 1>;
template struct Tiles<float, 2>;
template struct Tiles<float, 3>;
template struct Tiles<float, 4>;
template struct Tiles<double, 1>;
template struct Tiles<double, 2>;
template struct Tiles<double, 3>;
template struct Tiles<double, 4>;
}  // namespace unroll::detail
