// Without exceptions an error ends in the handler, with its message; ends with 1 where it does not.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "unroll/io/export_header.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;

int main() {
  Random random(1);
  const Gru<float> gru(3, 64, random);
  ThreadPool pool(2);
  Predictor predict(gru);
  predict(Matrix<float>::Ones(3, 20 * 8), {.size = 8}, {}, {.pool = &pool});  // a team of threads needs no exceptions

  // What programs read has all digits; only messages have six.
  std::ostringstream header;
  export_header(Elu<double>({.alpha = 1.0 / 3}), "elu", header);
  if (header.str().find("{0.3333333333333333}") == std::string::npos) return 1;
  History history;
  history.loss = {1.0 / 3};
  if (csv_of(history) != "epoch,loss\n1,0.3333333333333333\n") return 1;

  error_handler = [](const char* message) {
    std::puts(message);
    std::exit(std::strcmp(message, "Gru: zoneout is 125e-2, expected 0 <= rate < 1") == 0 ? 0 : 1);
  };
  const Gru<float> refused(3, 64, random, {.zoneout = 1.25});
  return 1;
}
