// expect: no such option, or options out of order: see CsvOptions
#include <sstream>

#include "unroll/data/csv.hpp"

int main() {
  std::istringstream in("1;2\n");
#ifdef UNROLL_MUST_COMPILE
  unroll::read_csv(in, "data.csv", {.separator = ';'});
#else
  unroll::read_csv(in, "data.csv", {.delimiter = ';'});
#endif
}
