// Runs a fuzzer's body on random bytes, where libFuzzer itself cannot be linked: under MemorySanitizer.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "unroll/core/random.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** arguments) {
  const int runs = count > 1 ? std::atoi(arguments[1]) : 1000;
  unroll::Random random(1);
  std::vector<std::uint8_t> bytes(256);
  for (int run = 0; run < runs; ++run) {
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.bits() >> 56);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  std::printf("%d runs\n", runs);
}
