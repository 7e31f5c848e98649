// Catch2 for MemorySanitizer, for which Debian's is not built.
#define CATCH_CONFIG_RUNNER
#include <sanitizer/msan_interface.h>

#include <catch2/catch.hpp>

int main(int count, char** arguments) {
  __msan_scoped_disable_interceptor_checks();  // what the standard library prints and compares it wrote itself, unseen
  return Catch::Session().run(count, arguments);
}
