# For our own tests and examples alone: never part of unroll::unroll.
add_library(unroll_warnings INTERFACE)
target_compile_options(unroll_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  # g++ 12 takes its own AVX-512 intrinsics, inlined from Eigen, for uses of something uninitialised. At -O3 it sees
  # Eigen and std::tuple read and write past the end in loops that do not get there.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow>
  # g++ collects its garbage whenever its memory has doubled, from 128 MB on: up to a tenth of what a test takes.
  $<$<CXX_COMPILER_ID:GNU>:SHELL:--param ggc-min-expand=400 --param ggc-min-heapsize=500000>)
