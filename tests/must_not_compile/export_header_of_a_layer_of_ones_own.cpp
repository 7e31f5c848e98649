// expect: export_header knows the library's own layers
#include <iostream>

#include "unroll/io/export_header.hpp"
#include "unroll/layers/memoryless.hpp"

struct Half : unroll::Memoryless<Half, float> {
  static const char* name() { return "Half"; }
  void apply(const unroll::Input<float>& x, unroll::WritableOutput<float> y) const { y = x / 2; }
  void apply_back(const unroll::Input<float>&, const unroll::Input<float>&, const unroll::Input<float>& d_y, Half&,
                  unroll::WritableOutput<float> d_x) const {
    d_x = d_y / 2;
  }
};

int main() {
#ifdef UNROLL_MUST_COMPILE
  using Layer = unroll::Tanh<float>;
#else
  using Layer = Half;
#endif
  unroll::export_header(unroll::Sequential{Layer()}, "mine", std::cout);
}
