// expect: const: load changes it
#include "unroll/io/save.hpp"
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
using Model = unroll::Dense<float>;
#else
using Model = const unroll::Dense<float>;
#endif

void read(Model& model) { load(model, "model.safetensors"); }
