// expect: no such option: see StreamOptions; a storage is a value, Int8()
#include "unroll/unroll.hpp"

int main() {
  const auto model = unroll::Lstm<float>::zeros(3, 7);
#ifdef UNROLL_MUST_COMPILE
  unroll::Stream stream(model, {.samples = 2});
  const unroll::Stream copy(stream);
  const unroll::Stream packed(model, unroll::Int8());
  const unroll::Stream alone(model);
#else
  unroll::Stream stream(model, {.batch = 2});
#endif
}
