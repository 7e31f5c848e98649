// expect: a Stream is of a model, not const, as in Stream<Lstm<float>>
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Of = unroll::Lstm<float>;
#else
using Of = float;
#endif

struct Plugin {
  unroll::Stream<Of> stream;
};
