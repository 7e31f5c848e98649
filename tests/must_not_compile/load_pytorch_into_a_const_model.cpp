// expect: the model can change
#include "unroll/io/pytorch.hpp"

#ifdef UNROLL_MUST_COMPILE
using Model = unroll::Lstm<float>;
#else
using Model = const unroll::Lstm<float>;
#endif

void read(Model& model) { load_pytorch(model, "model.safetensors", {{"", "lstm"}}); }
