#pragma once

#if !defined(__cpp_concepts)
#error "unroll: C++20 is needed: -std=c++20 (/std:c++20), or target_compile_features(your_program PRIVATE cxx_std_20)"
#endif

/// The processors that a file is compiled for.
///
/// A program built for plain x86-64, with optimisation for speed, has its inner loops three times: for the registers of
/// SSE2, AVX2 and AVX-512. It uses the widest that the processor has (processor.hpp). Everywhere else, and with
/// UNROLL_ONE_PROCESSOR defined, it has them once, for the registers that the compiler's flags allow.
///
/// Panels have as many units as a register has lanes. So code that is compiled for other registers has other names, by
/// an inline namespace, UNROLL_TARGET. Files with different flags may be linked, but if one hands a layer to another,
/// the linker gives an error.

// Not for Windows, where g++ does not align the stack for wide registers, nor for MemorySanitizer, which does not see
// what a store of some lanes writes.
#if defined(__has_feature)
#if __has_feature(memory_sanitizer) && !defined(UNROLL_ONE_PROCESSOR)
#define UNROLL_ONE_PROCESSOR
#endif
#endif
#if defined(__GNUC__) && defined(__x86_64__) && !defined(__AVX__) && !defined(_WIN32) && defined(__OPTIMIZE__) && \
    !defined(__OPTIMIZE_SIZE__) && !defined(EIGEN_DONT_VECTORIZE) && !defined(UNROLL_EIGEN_PACKETS) &&            \
    !defined(UNROLL_ONE_PROCESSOR)
#define UNROLL_EVERY_PROCESSOR
#define UNROLL_FOR_AVX512 [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]]
// For what an inner loop calls: a function or (behind its parameters) a lambda. g++ inlines all of it, but it may first
// make a clone of a function, and it inlines nothing into that. clang++ inlines only what such a function calls itself.
#ifdef __clang__
#define UNROLL_INLINED __attribute__((flatten, always_inline))
#define UNROLL_APART [[gnu::flatten, gnu::noinline]]
#define UNROLL_FOR_AVX2 [[gnu::target("avx2,fma,tune=haswell")]]  // else version 19 runs out of registers
#else
#define UNROLL_INLINED __attribute__((always_inline))
#define UNROLL_APART [[gnu::flatten, gnu::noipa]]
#define UNROLL_FOR_AVX2 [[gnu::target("avx2,fma")]]
#endif
#else
#define UNROLL_INLINED
#define UNROLL_FOR_AVX2
#define UNROLL_FOR_AVX512
#endif
#define UNROLL_IN_A_LOOP UNROLL_INLINED inline
// A function with an inner loop, which is inlined in other programs too.
#if defined(UNROLL_EVERY_PROCESSOR) && defined(__clang__)
#define UNROLL_INNER_LOOP UNROLL_IN_A_LOOP
#else
#define UNROLL_INNER_LOOP EIGEN_ALWAYS_INLINE
#endif

// The bytes of the widest register that the compiler's flags allow, and the namespace.
#if defined(EIGEN_DONT_VECTORIZE)
#define UNROLL_REGISTER_SIZE 1
#define UNROLL_TARGET one
#elif defined(__AVX512F__)
#define UNROLL_REGISTER_SIZE 64
#define UNROLL_TARGET v64
#elif defined(__AVX__)
#define UNROLL_REGISTER_SIZE 32
#define UNROLL_TARGET v32
#elif defined(__SSE2__) || defined(_M_X64) || defined(__ARM_NEON) || defined(__wasm_simd128__) || defined(__VSX__)
#define UNROLL_REGISTER_SIZE 16
#ifdef UNROLL_EVERY_PROCESSOR
#define UNROLL_TARGET x86
#else
#define UNROLL_TARGET v16
#endif
#else
#define UNROLL_REGISTER_SIZE 1
#define UNROLL_TARGET one
#endif
