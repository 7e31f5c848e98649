// expect: texts are pairs in braces: {{"trained on", "sunspots"}}
#include "unroll/io/save.hpp"

void write(const unroll::Lstm<float>& model) {
#ifdef UNROLL_MUST_COMPILE
  save(model, "model.safetensors");
  save(model, "model.safetensors", {{"trained on", "sunspots"}});
#else
  save(model, "model.safetensors", {"trained on", "sunspots"});
#endif
}
