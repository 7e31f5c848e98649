// expect: a model is made of layers: see the concept Layer in layers/layer.hpp
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Second = unroll::Dropout<float>;
#else
struct Second {
  explicit Second(double) {}
};
#endif

int main() {
  unroll::Random random(1);
  unroll::Sequential model{unroll::Dense<float>(3, 7, random), Second(0.5)};
}
