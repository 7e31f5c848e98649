// expect: a cell with late_gates gives both backward and operand_backward, or neither
#include "parts.hpp"

struct Mine : Name, Gates, States, Forward, LateGates, Operand, Backward, Or<OperandBackward> {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
