// expect: fresh weights are drawn from a Random that can change, after all sizes
#include "unroll/unroll.hpp"

int main() {
  unroll::Random random(1);
#ifdef UNROLL_MUST_COMPILE
  const unroll::Gru<float> gru(3, 7, random, {.zoneout = 0.1});
#else
  const unroll::Gru<float> gru(3, 7, {.zoneout = 0.1});
#endif
}
