#pragma once

#ifdef __linux__
#include <sched.h>
#endif

namespace bench {

/// Keeps the calling thread on the i-th of the processors that were the program's when this was called first: a
/// scheduler may leave two busy threads on one processor, beside an idle one. Linux alone.
inline void pin_thread([[maybe_unused]] long i) {
#ifdef __linux__
  static const cpu_set_t all = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    return set;
  }();
  i %= CPU_COUNT(&all);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &all) || i-- > 0) ++cpu;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
#endif
}

}  // namespace bench
