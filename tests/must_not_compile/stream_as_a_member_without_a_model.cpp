// expect: a Stream is made of a model, as in Stream<Lstm<float>> stream{model}
#include "unroll/unroll.hpp"

struct Voice {
#ifndef UNROLL_MUST_COMPILE
  Voice() {}
#endif
  explicit Voice(const unroll::Lstm<float>& model) : stream(model) {}
  unroll::Stream<unroll::Lstm<float>> stream;
};
