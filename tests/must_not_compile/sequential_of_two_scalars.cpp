// expect: all layers of a model need the same Scalar
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Scalar = float;
#else
using Scalar = double;
#endif

int main() {
  unroll::Random random(1);
  unroll::Sequential model{unroll::Dense<float>(3, 7, random), unroll::Dense<Scalar>(7, 2, random)};
}
