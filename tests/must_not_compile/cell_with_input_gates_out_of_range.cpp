// expect: a cell's input_gates must lie within its gate_names
#include "parts.hpp"

struct InputGates {
  static constexpr unroll::GateRun input_gates{1, good_or(1, 2)};
};

struct Mine : Name, Gates, States, Forward, InputGates {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
