// expect: no such option, or options out of order: see CsvOptions
#include "unroll/data/csv.hpp"

int main() {
#ifdef UNROLL_MUST_COMPILE
  unroll::read_csv("data.csv", {.separator = ';'});
#else
  unroll::read_csv("data.csv", {.delimiter = ';'});
#endif
}
