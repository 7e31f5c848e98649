// Without exceptions an error ends in the handler, with its message; ends with 1 where it does not.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "unroll/unroll.hpp"

using namespace unroll;

int main() {
  Random random(1);
  const Gru<float> gru(3, 64, random);
  ThreadPool pool(2);
  Predictor predict(gru);
  predict(Matrix<float>::Ones(3, 20 * 8), {.size = 8}, {}, {.pool = &pool});  // a team of threads needs no exceptions

  error_handler = [](const char* message) {
    std::puts(message);
    std::exit(std::strcmp(message, "Gru: zoneout is 125e-2, expected 0 <= rate < 1") == 0 ? 0 : 1);
  };
  const Gru<float> refused(3, 64, random, {.zoneout = 1.25});
  return 1;
}
