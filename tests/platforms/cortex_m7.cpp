// A trained model on a Cortex-M7 with no operating system: no exceptions, no threads, no files. It tells by the
// debugger's console (semihosting, which QEMU has too) how much memory it takes and what it computed.
#include <cstdint>

#include "hash.hpp"
#include "pedal.hpp"

namespace {

std::uint32_t call_debugger(std::uint32_t operation, const void* argument) {
  register std::uint32_t r0 asm("r0") = operation;
  register const void* r1 asm("r1") = argument;
  asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void print(const std::string& text) { call_debugger(4, text.c_str()); }

[[noreturn]] void end(bool good) {
  call_debugger(0x18, reinterpret_cast<const void*>(good ? 0x20026 : 0x20023));
  while (true) continue;
}

std::size_t allocations = 0, allocated = 0;

}  // namespace

// The linker's --wrap sends calls of malloc here.
extern "C" void* __real_malloc(std::size_t size);
extern "C" void* __wrap_malloc(std::size_t size) {
  ++allocations;
  allocated += size;
  return __real_malloc(size);
}

int main() {
  unroll::error_handler = [](const char* message) {
    print(message);
    end(false);
  };
  unroll::Stream stream(pedal::model());
  const std::size_t before = allocations;
  Hash hash;
  for (int t = 0; t < 500; ++t) hash.add(stream.step(signal(t)).data(), 1);
  print(unroll::detail::text("pedal step by step ", hash.value, "\n", allocated, " bytes allocated at the start, ",
                             allocations - before, " allocations in 500 steps\n"));
  end(true);
}

// What the processor finds at address 0: its stack, and its first instruction.
extern "C" {
void _start();
[[noreturn]] void reset() {
  *reinterpret_cast<volatile std::uint32_t*>(0xe000ed88) |= 0xfu << 20;  // the floating-point unit on
  _start();
  while (true) continue;
}
[[gnu::section(".vectors")]] extern const void* const vectors[] = {reinterpret_cast<void*>(0x80000),
                                                                   reinterpret_cast<void*>(reset)};
}
