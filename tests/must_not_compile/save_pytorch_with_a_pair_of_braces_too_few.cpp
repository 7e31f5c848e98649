// expect: names are pairs in braces: {{"0", "lstm"}, {"1", {"rnn", 0}}}
#include "unroll/io/pytorch.hpp"

void write(const unroll::Lstm<float>& model) {
#ifdef UNROLL_MUST_COMPILE
  save_pytorch(model, "model.safetensors");
  save_pytorch(model, "model.safetensors", {{"", "lstm"}}, {{"trained on", "sunspots"}});
#else
  save_pytorch(model, "model.safetensors", {"", "lstm"});
#endif
}
