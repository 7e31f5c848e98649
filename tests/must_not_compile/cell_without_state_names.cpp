// expect: a cell needs `static constexpr std::array state_names{...}`
#include "parts.hpp"

struct Mine : Name, Gates, Or<States>, Forward {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
