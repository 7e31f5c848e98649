// expect: a cell's backward is a static template
#include "parts.hpp"

struct WithoutNext {
  template <class V>
  static void backward(const std::array<V, 2>&, const std::array<V, 1>&, std::array<V, 1>&, std::array<V, 2>&) {}
};

struct Mine : Name, Gates, States, Forward, Or<Backward, WithoutNext> {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
