// expect: no such option, or options out of order: see Convolution
#include "unroll/unroll.hpp"

int main() {
  unroll::Random random(1);
#ifdef UNROLL_MUST_COMPILE
  const unroll::Conv1d<float> layer(4, 8, 3, random, {.dilation = 2});
#else
  const unroll::Conv1d<float> layer(4, 8, 3, random, {.dilations = 2});
#endif
}
