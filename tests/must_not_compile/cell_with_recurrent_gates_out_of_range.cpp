// expect: a cell's recurrent_gates must lie within its gate_names
#include "parts.hpp"

struct RecurrentGates {
  static constexpr unroll::GateRun recurrent_gates{1, good_or(1, 2)};
};

struct Mine : Name, Gates, States, Forward, RecurrentGates {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
