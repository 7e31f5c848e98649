// expect: a cell needs `static constexpr const char* name`
#include "parts.hpp"

struct Mine : Or<Name>, Gates, States, Forward {};

int main() { unroll::Recurrent<Mine>::zeros(3, 7); }
