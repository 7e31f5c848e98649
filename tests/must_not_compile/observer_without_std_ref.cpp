// expect: an observer that is no copy is passed by std::ref
#include "unroll/unroll.hpp"

int main() {
  unroll::Progress progress;
#ifdef UNROLL_MUST_COMPILE
  const unroll::FitOptions options{.observers = {std::ref(progress)}};
#else
  const unroll::FitOptions options{.observers = {progress}};
#endif
}
