// expect: a step takes as many numbers as the model has inputs, of each sample
#include "unroll/unroll.hpp"

using namespace unroll;

int main() {
  Random random(1);
  Stream stream(Sequential{Gru<float, 3, 8>(random), Dense<float, 8, 2>(random)});
#ifdef UNROLL_MUST_COMPILE
  const float x[3] = {1, 2, 3};
#else
  const float x[2] = {1, 2};
#endif
  stream.step(x);
}
