// expect: a Stream is of a model, not const, as in Stream<Lstm<float>>
#include "unroll/unroll.hpp"

void run(const unroll::Lstm<float>& model) {
#ifdef UNROLL_MUST_COMPILE
  unroll::Stream stream(model);
#else
  unroll::Stream stream;
  (void)model;
#endif
  stream.reset();
}
