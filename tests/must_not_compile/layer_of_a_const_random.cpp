// expect: fresh weights are drawn from a Random that can change, after all sizes
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Given = unroll::Random;
#else
using Given = const unroll::Random;
#endif

unroll::Lstm<float> layer(Given& random) { return unroll::Lstm<float>(3, 7, random); }
