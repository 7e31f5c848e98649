// expect: a cell needs `static constexpr std::array gate_names{...}`
#include "parts.hpp"

struct Mine : Name, Or<Gates>, States, Forward {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
