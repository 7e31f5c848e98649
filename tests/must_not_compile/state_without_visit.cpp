// expect: a layer's State shows its matrices by `static void visit(f, prefix, states...)`
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Second = unroll::Dropout<float>;
#else
struct Second : unroll::Dropout<float> {
  struct State {};
  using unroll::Dropout<float>::Dropout;
};
#endif

int main() {
  unroll::Random random(1);
  unroll::Sequential model{unroll::Dense<float>(3, 7, random), Second(0.5)};
}
