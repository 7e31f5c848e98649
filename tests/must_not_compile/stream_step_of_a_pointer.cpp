// expect: take Eigen::Map<const Vector<float>>(pointer, count)
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Numbers = float[3];
#else
using Numbers = const float*;
#endif

void step(unroll::Stream<unroll::Lstm<float>>& stream, const Numbers& x) { stream.step(x); }
