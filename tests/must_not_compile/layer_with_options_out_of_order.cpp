// expect: declaration order
// within: 3 lines
#include "unroll/unroll.hpp"

#ifdef __clang__  // which warns, and does what is meant
#pragma clang diagnostic error "-Wreorder-init-list"
#endif

int main() {
  unroll::Random random(1);
#ifdef UNROLL_MUST_COMPILE
  const unroll::Gru<float> gru(3, 7, random, {.recurrent_dropout = 0.2, .zoneout = 0.1});
#else
  const unroll::Gru<float> gru(3, 7, random, {.zoneout = 0.1, .recurrent_dropout = 0.2});
#endif
}
