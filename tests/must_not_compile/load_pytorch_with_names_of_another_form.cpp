// expect: names are pairs in braces: {{"0", "lstm"}, {"1", {"rnn", 0}}}
#include "unroll/io/pytorch.hpp"

void read(unroll::Lstm<float>& model) {
#ifdef UNROLL_MUST_COMPILE
  load_pytorch(model, "model.safetensors", {{"", {"lstm", 1}}});
#else
  load_pytorch(model, "model.safetensors", {"", {"lstm", 1}});
#endif
}
