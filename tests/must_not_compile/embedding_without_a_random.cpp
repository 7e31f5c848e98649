// expect: fresh weights are drawn from a Random that can change, after all sizes
#include "unroll/unroll.hpp"

int main() {
  unroll::Random random(1);
#ifdef UNROLL_MUST_COMPILE
  const unroll::Embedding<float> layer(30, 7, random);
#else
  const unroll::Embedding<float> layer(30, 7);
#endif
}
