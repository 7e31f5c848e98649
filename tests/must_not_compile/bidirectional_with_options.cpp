// expect: options are those of its layers: Bidirectional(L(...), L(...))
#include "unroll/unroll.hpp"

using namespace unroll;

int main() {
  Random random(1);
#ifdef UNROLL_MUST_COMPILE
  const Bidirectional layer(Lstm<float>(3, 7, random, {.zoneout = 0.1}),
                            Lstm<float>(3, 7, random, {.direction = Direction::reverse, .zoneout = 0.1}));
#else
  const Bidirectional<Lstm<float> > layer(3, 7, random, {.zoneout = 0.1});
#endif
}
