// expect: only the weights of a float model can be kept in fewer bits
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Scalar = float;
#else
using Scalar = double;
#endif

int main() {
  unroll::Random random(1);
  const unroll::Stream stream(unroll::Lstm<Scalar>(3, 7, random), unroll::Int8());
}
