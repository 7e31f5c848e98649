// malloc and its kin of glibc, with the bytes counted. Other C libraries count nothing.
#include "memory.hpp"

#include <cstdlib>

namespace bench {

HeapBytes heap_bytes;

}  // namespace bench

#ifdef __GLIBC__
#include <malloc.h>

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

static void* counted(void* memory) noexcept {
  bench::HeapBytes& bytes = bench::heap_bytes;
  const long long now = bytes.now += memory == nullptr ? 0 : static_cast<long long>(malloc_usable_size(memory));
  if (now > bytes.peak) bytes.peak = now;  // a training step of one thread is what is measured
  return memory;
}
static void* uncounted(void* memory) noexcept {
  if (memory != nullptr) bench::heap_bytes.now -= static_cast<long long>(malloc_usable_size(memory));
  return memory;
}

void* malloc(std::size_t size) noexcept { return counted(__libc_malloc(size)); }
void* calloc(std::size_t count, std::size_t size) noexcept { return counted(__libc_calloc(count, size)); }
void* realloc(void* memory, std::size_t size) noexcept { return counted(__libc_realloc(uncounted(memory), size)); }
void* memalign(std::size_t alignment, std::size_t size) noexcept { return counted(__libc_memalign(alignment, size)); }
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return counted(__libc_memalign(alignment, size));
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  *memory = counted(__libc_memalign(alignment, size));
  return *memory == nullptr ? 12 : 0;  // ENOMEM
}
void free(void* memory) noexcept { __libc_free(uncounted(memory)); }

}  // extern "C"
#endif
