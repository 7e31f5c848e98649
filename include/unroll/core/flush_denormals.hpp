#pragma once

#include <cstdint>

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

#include "unroll/core/target.hpp"

namespace unroll::inline UNROLL_TARGET {

/// While it lives, this thread's denormal numbers are flushed to zero, as operands and as results; those of a pool's
/// threads, too, while they work for it. Its destructor restores the setting from before. States that decay become
/// denormal, and some processors are many times slower then.
///
///   FlushDenormals guard;
///   for (...) stream.step(x);
///
/// x86: FTZ and DAZ of MXCSR. ARM (g++, clang++): FZ of FPCR. Elsewhere it does nothing; `works` is false there.
class FlushDenormals {
#if defined(__SSE2__) || defined(_M_X64)
  using Register = unsigned int;
  static constexpr Register flush = 0x8040;
  static Register read() noexcept { return _mm_getcsr(); }
  static void write(Register value) noexcept { _mm_setcsr(value); }
#elif defined(__aarch64__) && defined(__GNUC__)
  using Register = std::uint64_t;
  static constexpr Register flush = Register(1) << 24;
  static Register read() noexcept {
    Register value;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void write(Register value) noexcept { asm volatile("msr fpcr, %0" : : "r"(value)); }
#else
  using Register = int;
  static constexpr Register flush = 0;
  static Register read() noexcept { return 0; }
  static void write(Register) noexcept {}
#endif

 public:
  /// Whether it does anything on this processor and compiler.
  static constexpr bool works = flush != 0;

  /// Whether this thread's are flushed now, by this guard or by a host.
  static bool on() noexcept { return works && (read() & flush) == flush; }

  /// Flushes from now on, in this thread.
  FlushDenormals() noexcept : before_(read()) { write(before_ | flush); }
  ~FlushDenormals() { write((read() & ~flush) | (before_ & flush)); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  Register before_;
};

}  // namespace unroll::inline UNROLL_TARGET
