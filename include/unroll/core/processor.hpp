#pragma once

#include <atomic>
#include <utility>

#include "unroll/core/pack.hpp"

/// The way into inner loops. A program has them once, or once for each of several kinds of registers (target.hpp).
namespace unroll::inline UNROLL_TARGET::detail {

#ifdef UNROLL_EVERY_PROCESSOR

inline constexpr bool for_every_processor = true;

EIGEN_DONT_INLINE inline int find_register_size() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return 64;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 32 : 16;
}

/// How many bytes the registers have that a program uses throughout; 0 until someone asks. (Tests set it.)
inline std::atomic<int> used_register_size = 0;

EIGEN_ALWAYS_INLINE int register_bytes() {
  int bytes = used_register_size.load(std::memory_order_relaxed);
  if (bytes == 0) [[unlikely]]
    used_register_size.store(bytes = find_register_size(), std::memory_order_relaxed);
  return bytes;
}

/// How many numbers fit into one of them.
template <class Scalar>
Index lanes() {
  return register_bytes() / static_cast<int>(sizeof(Scalar));
}

/// Calls f<P>() with the packs that are as wide as these registers.
template <class Scalar, class F>
EIGEN_ALWAYS_INLINE void with_packs(const F& f) {
  switch (register_bytes()) {
    case 64:
      return f.template operator()<Pack<Scalar, 64 / sizeof(Scalar)>>();
    case 32:
      return f.template operator()<Pack<Scalar, 32 / sizeof(Scalar)>>();
    default:
      return f.template operator()<Pack<Scalar, 16 / sizeof(Scalar)>>();
  }
}

#else

inline constexpr bool for_every_processor = false;

template <class Scalar>
constexpr Index lanes() {
  return widest<Scalar>;
}

template <class Scalar, class F>
EIGEN_ALWAYS_INLINE void with_packs(const F& f) {
  f.template operator()<Pack<Scalar>>();
}

#endif

/// Whether inner loops take half a pack where there are no more numbers. Half of a 512-bit register takes half the time
/// where the processor works on 256 bits at a time, as Zen 4 does; on others half a register divides sooner. A program
/// for every processor does without, because it compiles its loops for three kinds of registers.
template <class P>
inline constexpr bool halves = sizeof(P) == 64 && register_size == 64;

/// f and all that it calls, as a function of its own, compiled for a processor whose registers have `bytes` bytes. No
/// other code computes with packs.
template <int bytes, auto f, class F = decltype(f)>
struct CompiledFor;
template <int bytes, auto f, class R, class... A>
struct CompiledFor<bytes, f, R (*)(A...)> {
  [[gnu::flatten]] EIGEN_DONT_INLINE static R run(A... a) { return f(a...); }
};
#ifdef UNROLL_EVERY_PROCESSOR
template <auto f, class R, class... A>
struct CompiledFor<32, f, R (*)(A...)> {
  UNROLL_APART UNROLL_FOR_AVX2 static R run(A... a) { return f(a...); }
};
template <auto f, class R, class... A>
struct CompiledFor<64, f, R (*)(A...)> {
  UNROLL_APART UNROLL_FOR_AVX512 static R run(A... a) { return f(a...); }
};
#endif
template <class P, auto f>
#ifdef __OPTIMIZE__
inline constexpr auto compiled_for = &CompiledFor<static_cast<int>(sizeof(P)), f>::run;
#else  // f would be there twice
inline constexpr auto compiled_for = f;
#endif

/// Calls f(a...), compiled in that way; inlined where P's registers are those of the file's flags.
template <class P, auto f, class... A>
EIGEN_ALWAYS_INLINE auto compiled(A... a) {
  if constexpr (sizeof(P) > register_size)
    return compiled_for<P, f>(a...);  // not covered: only in a program for every processor
  else
    return f(a...);
}

// (gnu::flatten, because clang++ inlines into `run` only what it calls directly.)
template <class F, class P>
[[gnu::flatten]] void call_with_pack(const F& f) {
  f.template operator()<P>();
}

/// Calls f<P>() with the packs of this processor, in a function of its own that is compiled for it.
template <class Scalar, class F>
EIGEN_ALWAYS_INLINE void on_processor(const F& f) {
  with_packs<Scalar>([&]<class P>() { compiled_for<P, &call_with_pack<F, P>>(f); });
}

}  // namespace unroll::inline UNROLL_TARGET::detail
