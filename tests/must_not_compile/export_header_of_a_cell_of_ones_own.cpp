// expect: export_header knows the library's own cells
#include <iostream>

#include "parts.hpp"
#include "unroll/io/export_header.hpp"

struct Mine : Name, Gates, States, Forward {};

int main() {
  using Cell = Or<unroll::cells::Rnn, Mine>;
  unroll::export_header(unroll::Recurrent<Cell>::zeros(3, 7), "mine", std::cout);
}
