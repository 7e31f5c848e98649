// expect: a Wavefront runs layers that can go step by step
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Layer = unroll::Lstm<float>;
#else
using Layer = unroll::Bidirectional<unroll::Lstm<float> >;
#endif

int main() {
  unroll::Random random(1);
  const unroll::Sequential model{Layer(3, 7, random), unroll::Dropout<float>(0.5)};
  const unroll::Wavefront predict(model, std::make_shared<unroll::ThreadPool>(2));
}
