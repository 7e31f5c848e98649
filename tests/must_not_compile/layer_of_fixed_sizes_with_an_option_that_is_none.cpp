// expect: no such option, or options out of order: see Unrolling
#include "unroll/unroll.hpp"

int main() {
  unroll::Random random(1);
#ifdef UNROLL_MUST_COMPILE
  const unroll::Gru<float, 3, 7> gru(random, {.zoneout = 0.1});
#else
  const unroll::Gru<float, 3, 7> gru(random, {.zone_out = 0.1});
#endif
}
