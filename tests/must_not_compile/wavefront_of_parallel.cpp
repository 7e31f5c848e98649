// expect: a Wavefront runs the layers of a Sequential or of a Stack
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Model = unroll::Stack<unroll::Lstm<float>>;
#else
using Model = unroll::Parallel<unroll::Stack<unroll::Lstm<float>>>;
#endif

unroll::Wavefront<Model>* predict = nullptr;

int main() { return sizeof(*predict) == 0; }
