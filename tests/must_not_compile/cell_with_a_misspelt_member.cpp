// expect: a cell's members are called input_gates, recurrent_gates, late_gates and initial_bias
#include "parts.hpp"

struct InputGates {
  static constexpr unroll::GateRun input_gates{0, 1};
};
struct InputGate {
  static constexpr unroll::GateRun input_gate{0, 1};
};

struct Mine : Name, Gates, States, Forward, Or<InputGates, InputGate> {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
