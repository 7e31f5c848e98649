// expect: options say their type, Unrolling{.zoneout = 0.1}
#include "unroll/unroll.hpp"

int main() {
  unroll::Random random(1);
#ifdef UNROLL_MUST_COMPILE
  const unroll::Stack<unroll::Lstm<float>> stack(2, 3, 7, random, unroll::Unrolling{.zoneout = 0.1});
#else
  const unroll::Stack<unroll::Lstm<float>> stack(2, 3, 7, random, {.zoneout = 0.1});
#endif
}
