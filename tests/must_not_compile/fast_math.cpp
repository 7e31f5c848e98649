// expect: -ffast-math removes the NaN checks
#ifndef UNROLL_MUST_COMPILE
#define __FAST_MATH__ 1  // what -ffast-math defines
#endif
#include "unroll/core/types.hpp"
