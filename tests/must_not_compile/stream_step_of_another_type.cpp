// expect: a step takes numbers of the model's own type: a Vector, a std::array, or one number
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Scalar = float;
#else
using Scalar = double;
#endif

int main() {
  unroll::Random random(1);
  unroll::Stream stream(unroll::Dense<float>(3, 7, random));
  stream.step(std::array<Scalar, 3>{});
  stream.step(std::vector<float>(3));
  stream.step(unroll::Vector<Scalar>(3));
}
