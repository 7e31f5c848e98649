#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "unroll/core/types.hpp"  // Eigen first: clang's mm_malloc.h refuses a posix_memalign that is noexcept already

/// Counts the heap allocations of the whole program, to prove that a step makes none, and lets one of them fail, to
/// prove that memory may run out anywhere. Including this file replaces malloc and its relatives where that is
/// possible: with glibc and without a sanitizer, which replaces them itself.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define UNROLL_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNROLL_SANITIZED
#endif

namespace unroll::inline UNROLL_TARGET::testing {

inline std::atomic<long> allocations_counted{0};  ///< read it by allocations()
inline std::atomic<long> allocations_freed{0};    ///< read it by live_allocations()
inline std::atomic<long> failing_allocation{0};   ///< what allocations() will be then; 0: none

/// Allocations since the program started.
inline long allocations() { return allocations_counted.load(); }

/// Allocations that are not freed.
inline long live_allocations() { return allocations() - allocations_freed.load(); }

/// Lets the n-th allocation from now on fail, n = 1, 2, ...; 0: none.
inline void fail_allocation(long n) { failing_allocation = n == 0 ? 0 : allocations() + n; }

/// Counts an allocation; null where it shall fail.
template <class Allocate>
void* allocate_counted(Allocate allocate) {
  void* memory = ++allocations_counted == failing_allocation.load() ? nullptr : allocate();
  if (memory == nullptr) {
    ++allocations_freed;
    errno = ENOMEM;
  }
  return memory;
}

#if defined(__GLIBC__) && !defined(UNROLL_SANITIZED)
/// Whether allocations are counted here: with glibc and without a sanitizer.
inline constexpr bool counts_allocations = true;
#else
/// Whether allocations are counted here: with glibc and without a sanitizer.
inline constexpr bool counts_allocations = false;
#endif

}  // namespace unroll::inline UNROLL_TARGET::testing

#if defined(__GLIBC__) && !defined(UNROLL_SANITIZED)

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

// Weak, so that several translation units may include this file.
[[gnu::weak]] void* malloc(std::size_t size) noexcept {
  return unroll::testing::allocate_counted([&] { return __libc_malloc(size); });
}
[[gnu::weak]] void* calloc(std::size_t count, std::size_t size) noexcept {
  return unroll::testing::allocate_counted([&] { return __libc_calloc(count, size); });
}
[[gnu::weak]] void* realloc(void* memory, std::size_t size) noexcept {
  const auto allocate = [&] {
    if (memory != nullptr) ++unroll::testing::allocations_freed;  // the new block counts for the old one
    return __libc_realloc(memory, size);
  };
  return unroll::testing::allocate_counted(allocate);
}
[[gnu::weak]] void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return unroll::testing::allocate_counted([&] { return __libc_memalign(alignment, size); });
}
[[gnu::weak]] int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  *memory = unroll::testing::allocate_counted([&] { return __libc_memalign(alignment, size); });
  return *memory == nullptr ? ENOMEM : 0;
}
[[gnu::weak]] void free(void* memory) noexcept {
  if (memory != nullptr) ++unroll::testing::allocations_freed;
  __libc_free(memory);
}

}  // extern "C"

#endif

#undef UNROLL_SANITIZED
