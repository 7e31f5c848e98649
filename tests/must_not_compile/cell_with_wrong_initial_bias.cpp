// expect: a cell's initial_bias needs one value a gate
#include "parts.hpp"

struct Biases {
  static constexpr std::array initial_bias{0.0, 1.0};
};
struct OneBias {
  static constexpr std::array initial_bias{1.0};
};

struct Mine : Name, Gates, States, Forward, Or<Biases, OneBias> {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
