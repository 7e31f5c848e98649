// expect: a cell needs `template <class V> static void forward(std::array<V, G>& gates, std::array<V, N>& state)`
#include "parts.hpp"

struct Mine : Name, Gates, States, Or<Forward> {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
