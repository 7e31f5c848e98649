// expect: a Stream needs a model that runs step by step: a Bidirectional needs the whole sequence
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Layer = unroll::Lstm<float>;
#else
using Layer = unroll::Bidirectional<unroll::Lstm<float> >;
#endif

int main() {
  unroll::Random random(1);
  const unroll::Sequential model{Layer(3, 7, random), unroll::Dropout<float>(0.5)};
  const unroll::Stream stream(model);
}
