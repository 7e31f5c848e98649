// expect: a cell's late_gates must be the last of its recurrent_gates
#include "parts.hpp"

struct FirstOrLast {
  static constexpr unroll::GateRun late_gates{good_or(1, 0), 1};
};

struct Mine : Name, Gates, States, Forward, Operand, FirstOrLast {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
