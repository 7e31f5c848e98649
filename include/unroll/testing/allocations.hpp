#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>

/// Counts the heap allocations of the whole program, to prove that a step makes none. Including this file replaces
/// malloc and its kin where that can be done: with glibc and without a sanitizer, which replaces them itself.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define UNROLL_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNROLL_SANITIZED
#endif

namespace unroll::testing {

inline std::atomic<long> allocations_counted{0};

/// Allocations since the program started.
inline long allocations() { return allocations_counted.load(); }

#if defined(__GLIBC__) && !defined(UNROLL_SANITIZED)
inline constexpr bool counts_allocations = true;
#else
inline constexpr bool counts_allocations = false;
#endif

}  // namespace unroll::testing

#if defined(__GLIBC__) && !defined(UNROLL_SANITIZED)

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

// Weak, so that several translation units may include this file; glibc keeps `free` as it is.
[[gnu::weak]] void* malloc(std::size_t size) noexcept {
  ++unroll::testing::allocations_counted;
  return __libc_malloc(size);
}
[[gnu::weak]] void* calloc(std::size_t count, std::size_t size) noexcept {
  ++unroll::testing::allocations_counted;
  return __libc_calloc(count, size);
}
[[gnu::weak]] void* realloc(void* memory, std::size_t size) noexcept {
  ++unroll::testing::allocations_counted;
  return __libc_realloc(memory, size);
}
[[gnu::weak]] void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++unroll::testing::allocations_counted;
  return __libc_memalign(alignment, size);
}
[[gnu::weak]] int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  ++unroll::testing::allocations_counted;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? 12 : 0;  // ENOMEM
}

}  // extern "C"

#endif

#undef UNROLL_SANITIZED
