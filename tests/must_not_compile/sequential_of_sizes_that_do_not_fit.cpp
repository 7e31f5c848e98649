// expect: each layer's input size must be the output size of the layer before it
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
constexpr int head_inputs = 7;
#else
constexpr int head_inputs = 8;
#endif

int main() {
  unroll::Random random(1);
  unroll::Sequential model{unroll::Lstm<float, 3, 7>(random), unroll::Dense<float, head_inputs, 2>(random)};
}
