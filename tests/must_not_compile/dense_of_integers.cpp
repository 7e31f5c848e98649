// expect: a layer's numbers are float or double
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Number = double;
#else
using Number = int;
#endif

int main() {
  unroll::Random random(1);
  const unroll::Dense<Number> layer(3, 7, random);
}
