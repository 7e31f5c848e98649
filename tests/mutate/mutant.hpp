#pragma once

// Included before all else in a build of mutants (mutate.py).

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

/// One byte a mutant: whether its place was ever reached. A file, so that nothing is lost with a process that is
/// killed.
inline volatile char* unroll_mutants_visited() {
  const char* path = std::getenv("UNROLL_VISITED");
  const int file = path ? ::open(path, O_RDWR) : -1;
  void* const bytes =
      ::mmap(nullptr, 1 << 16, PROT_READ | PROT_WRITE, file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, file, 0);
  if (file >= 0) ::close(file);
  return static_cast<volatile char*>(bytes);
}

/// Whether this mutant is the one that runs: $UNROLL_MUTANT.
inline bool unroll_mutant(int number) {
  static const int running = std::atoi(std::getenv("UNROLL_MUTANT") ? std::getenv("UNROLL_MUTANT") : "0");
  static volatile char* const visited = unroll_mutants_visited();
  if (!visited[number]) visited[number] = 1;
  return number == running;
}
