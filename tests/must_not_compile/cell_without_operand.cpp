// expect: a cell with late_gates needs `template <class V> static V operand(
#include "parts.hpp"

struct Mine : Name, Gates, States, Forward, LateGates, Or<Operand> {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
