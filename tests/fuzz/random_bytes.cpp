// Runs a fuzzer's body on random bytes for -max_total_time=S seconds, where libFuzzer itself cannot be linked: under
// MemorySanitizer. Its other options mean nothing here.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "unroll/core/random.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** arguments) {
  using Clock = std::chrono::steady_clock;
  const std::string_view option = "-max_total_time=";
  std::chrono::seconds time{1};
  for (int k = 1; k < count; ++k)
    if (std::string_view(arguments[k]).starts_with(option))
      time = std::chrono::seconds(std::atoi(arguments[k] + option.size()));
  unroll::Random random(1);
  std::vector<std::uint8_t> bytes(256);
  int runs = 0;
  for (const auto end = Clock::now() + time; Clock::now() < end; ++runs) {
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.bits() >> 56);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  std::printf("Done %d runs in %d second(s)\n", runs, static_cast<int>(time.count()));
}
