#pragma once

#include "unroll/core/vector.hpp"

/// What x86 can do with vectors but the compilers' own operators cannot, or what g++ makes several instructions of.
#ifdef __SSE2__

#ifdef __clang__
#include <immintrin.h>
#endif

namespace unroll::inline UNROLL_TARGET::detail {

using Floats4 [[gnu::vector_size(16)]] = float;
using Floats8 [[gnu::vector_size(32)]] = float;
using Floats16 [[gnu::vector_size(64)]] = float;
using Doubles2 [[gnu::vector_size(16)]] = double;
using Doubles4 [[gnu::vector_size(32)]] = double;
using Doubles8 [[gnu::vector_size(64)]] = double;
using Integers8 [[gnu::vector_size(32)]] = int;
using Integers4 [[gnu::vector_size(32)]] = long long;

// In a file for narrower registers, g++ takes wide vectors apart unless this stands in a function for the processor.
#ifdef UNROLL_EVERY_PROCESSOR
UNROLL_FOR_AVX2 inline void hide(Floats8& hidden) {
  Floats8 value = hidden;
  asm("" : "+x"(value));
  hidden = value;
}
UNROLL_FOR_AVX2 inline void spread(Floats8& r, float number) { r = number - Floats8{}; }
UNROLL_FOR_AVX2 inline void hide(Doubles4& hidden) {
  Doubles4 value = hidden;
  asm("" : "+x"(value));
  hidden = value;
}
UNROLL_FOR_AVX2 inline void spread(Doubles4& r, double number) { r = number - Doubles4{}; }
UNROLL_FOR_AVX512 inline void hide(Floats16& hidden) {
  Floats16 value = hidden;
  asm("" : "+v"(value));
  hidden = value;
}
UNROLL_FOR_AVX512 inline void spread(Floats16& r, float number) { r = number - Floats16{}; }
UNROLL_FOR_AVX512 inline void hide(Doubles8& hidden) {
  Doubles8 value = hidden;
  asm("" : "+v"(value));
  hidden = value;
}
UNROLL_FOR_AVX512 inline void spread(Doubles8& r, double number) { r = number - Doubles8{}; }
#endif

#ifndef __clang__

inline void take_smaller(Floats4& r, const Floats4& a, const Floats4& b) { r = __builtin_ia32_minps(b, a); }
inline void take_larger(Floats4& r, const Floats4& a, const Floats4& b) { r = __builtin_ia32_maxps(b, a); }
inline void take_and(Floats4& r, const Floats4& a, const Floats4& b) { r = __builtin_ia32_andps(a, b); }
inline void take_or(Floats4& r, const Floats4& a, const Floats4& b) { r = __builtin_ia32_orps(a, b); }
inline void take_root(Floats4& r, const Floats4& a) { r = __builtin_ia32_sqrtps(a); }
inline void take_smaller(Doubles2& r, const Doubles2& a, const Doubles2& b) { r = __builtin_ia32_minpd(b, a); }
inline void take_larger(Doubles2& r, const Doubles2& a, const Doubles2& b) { r = __builtin_ia32_maxpd(b, a); }
inline void take_and(Doubles2& r, const Doubles2& a, const Doubles2& b) { r = __builtin_ia32_andpd(a, b); }
inline void take_or(Doubles2& r, const Doubles2& a, const Doubles2& b) { r = __builtin_ia32_orpd(a, b); }
inline void take_root(Doubles2& r, const Doubles2& a) { r = __builtin_ia32_sqrtpd(a); }

#if defined(__AVX__) || defined(UNROLL_EVERY_PROCESSOR)
UNROLL_FOR_AVX2 inline void take_smaller(Floats8& r, const Floats8& a, const Floats8& b) {
  r = __builtin_ia32_minps256(b, a);
}
UNROLL_FOR_AVX2 inline void take_larger(Floats8& r, const Floats8& a, const Floats8& b) {
  r = __builtin_ia32_maxps256(b, a);
}
UNROLL_FOR_AVX2 inline void take_and(Floats8& r, const Floats8& a, const Floats8& b) {
  r = __builtin_ia32_andps256(a, b);
}
UNROLL_FOR_AVX2 inline void take_or(Floats8& r, const Floats8& a, const Floats8& b) {
  r = __builtin_ia32_orps256(a, b);
}
UNROLL_FOR_AVX2 inline void take_root(Floats8& r, const Floats8& a) { r = __builtin_ia32_sqrtps256(a); }
UNROLL_FOR_AVX2 inline void take_smaller(Doubles4& r, const Doubles4& a, const Doubles4& b) {
  r = __builtin_ia32_minpd256(b, a);
}
UNROLL_FOR_AVX2 inline void take_larger(Doubles4& r, const Doubles4& a, const Doubles4& b) {
  r = __builtin_ia32_maxpd256(b, a);
}
UNROLL_FOR_AVX2 inline void take_and(Doubles4& r, const Doubles4& a, const Doubles4& b) {
  r = __builtin_ia32_andpd256(a, b);
}
UNROLL_FOR_AVX2 inline void take_or(Doubles4& r, const Doubles4& a, const Doubles4& b) {
  r = __builtin_ia32_orpd256(a, b);
}
UNROLL_FOR_AVX2 inline void take_root(Doubles4& r, const Doubles4& a) { r = __builtin_ia32_sqrtpd256(a); }
#endif

#ifdef __FMA__
inline void fuse(Floats4& r, const Floats4& a, const Floats4& b, const Floats4& c) {
  r = __builtin_ia32_vfmaddps(a, b, c);
}
inline void fuse(Doubles2& r, const Doubles2& a, const Doubles2& b, const Doubles2& c) {
  r = __builtin_ia32_vfmaddpd(a, b, c);
}
#endif
#if defined(__FMA__) || defined(UNROLL_EVERY_PROCESSOR)
UNROLL_FOR_AVX2 inline void fuse(Floats8& r, const Floats8& a, const Floats8& b, const Floats8& c) {
  r = __builtin_ia32_vfmaddps256(a, b, c);
}
UNROLL_FOR_AVX2 inline void fuse(Doubles4& r, const Doubles4& a, const Doubles4& b, const Doubles4& c) {
  r = __builtin_ia32_vfmaddpd256(a, b, c);
}
#endif

// All lanes, rounded as the processor is set to.
#if defined(__AVX512F__) || defined(UNROLL_EVERY_PROCESSOR)
UNROLL_FOR_AVX512 inline void take_smaller(Floats16& r, const Floats16& a, const Floats16& b) {
  r = __builtin_ia32_minps512_mask(b, a, a, -1, 4);
}
UNROLL_FOR_AVX512 inline void take_larger(Floats16& r, const Floats16& a, const Floats16& b) {
  r = __builtin_ia32_maxps512_mask(b, a, a, -1, 4);
}
UNROLL_FOR_AVX512 inline void take_root(Floats16& r, const Floats16& a) {
  r = __builtin_ia32_sqrtps512_mask(a, a, -1, 4);
}
UNROLL_FOR_AVX512 inline void fuse(Floats16& r, const Floats16& a, const Floats16& b, const Floats16& c) {
  r = __builtin_ia32_vfmaddps512_mask(a, b, c, -1, 4);
}
UNROLL_FOR_AVX512 inline void take_smaller(Doubles8& r, const Doubles8& a, const Doubles8& b) {
  r = __builtin_ia32_minpd512_mask(b, a, a, 0xff, 4);
}
UNROLL_FOR_AVX512 inline void take_larger(Doubles8& r, const Doubles8& a, const Doubles8& b) {
  r = __builtin_ia32_maxpd512_mask(b, a, a, 0xff, 4);
}
UNROLL_FOR_AVX512 inline void take_root(Doubles8& r, const Doubles8& a) {
  r = __builtin_ia32_sqrtpd512_mask(a, a, -1, 4);
}
UNROLL_FOR_AVX512 inline void fuse(Doubles8& r, const Doubles8& a, const Doubles8& b, const Doubles8& c) {
  r = __builtin_ia32_vfmaddpd512_mask(a, b, c, 0xff, 4);
}
#endif
#if defined(__AVX512DQ__) || defined(UNROLL_EVERY_PROCESSOR)
UNROLL_FOR_AVX512 inline void take_and(Floats16& r, const Floats16& a, const Floats16& b) {
  r = __builtin_ia32_andps512_mask(a, b, a, 0xffff);
}
UNROLL_FOR_AVX512 inline void take_or(Floats16& r, const Floats16& a, const Floats16& b) {
  r = __builtin_ia32_orps512_mask(a, b, a, 0xffff);
}
UNROLL_FOR_AVX512 inline void take_and(Doubles8& r, const Doubles8& a, const Doubles8& b) {
  r = __builtin_ia32_andpd512_mask(a, b, a, 0xff);
}
UNROLL_FOR_AVX512 inline void take_or(Doubles8& r, const Doubles8& a, const Doubles8& b) {
  r = __builtin_ia32_orpd512_mask(a, b, a, 0xff);
}
#endif

#if defined(__AVX__) || defined(UNROLL_EVERY_PROCESSOR)
UNROLL_FOR_AVX2 inline void load_part(Floats8& r, const float* from, Index count) {
  const Integers8 wanted = Integers8{0, 1, 2, 3, 4, 5, 6, 7} < static_cast<int>(count);
  r = __builtin_ia32_maskloadps256(reinterpret_cast<const Floats8*>(from), wanted);
}
UNROLL_FOR_AVX2 inline void store_part(const Floats8& a, float* to, Index count) {
  const Integers8 wanted = Integers8{0, 1, 2, 3, 4, 5, 6, 7} < static_cast<int>(count);
  __builtin_ia32_maskstoreps256(reinterpret_cast<Floats8*>(to), wanted, a);
}
UNROLL_FOR_AVX2 inline void load_part(Doubles4& r, const double* from, Index count) {
  const Integers4 wanted = Integers4{0, 1, 2, 3} < count;
  r = __builtin_ia32_maskloadpd256(reinterpret_cast<const Doubles4*>(from), wanted);
}
UNROLL_FOR_AVX2 inline void store_part(const Doubles4& a, double* to, Index count) {
  const Integers4 wanted = Integers4{0, 1, 2, 3} < count;
  __builtin_ia32_maskstorepd256(reinterpret_cast<Doubles4*>(to), wanted, a);
}
#endif

#if defined(__AVX512F__) || defined(UNROLL_EVERY_PROCESSOR)
UNROLL_FOR_AVX512 inline void load_part(Floats16& r, const float* from, Index count) {
  r = __builtin_ia32_loadups512_mask(from, Floats16{}, static_cast<unsigned short>((1 << count) - 1));
}
UNROLL_FOR_AVX512 inline void store_part(const Floats16& a, float* to, Index count) {
  __builtin_ia32_storeups512_mask(to, a, static_cast<unsigned short>((1 << count) - 1));
}
UNROLL_FOR_AVX512 inline void load_part(Doubles8& r, const double* from, Index count) {
  r = __builtin_ia32_loadupd512_mask(from, Doubles8{}, static_cast<unsigned char>((1 << count) - 1));
}
UNROLL_FOR_AVX512 inline void store_part(const Doubles8& a, double* to, Index count) {
  __builtin_ia32_storeupd512_mask(to, a, static_cast<unsigned char>((1 << count) - 1));
}
#endif

#else  // clang++ knows the rest. The names of its builtins change from version to version.

inline void take_root(Floats4& r, const Floats4& a) { r = _mm_sqrt_ps(a); }
inline void take_root(Doubles2& r, const Doubles2& a) { r = _mm_sqrt_pd(a); }

#if defined(__AVX__) || defined(UNROLL_EVERY_PROCESSOR)
UNROLL_FOR_AVX2 inline void take_root(Floats8& r, const Floats8& a) { r = _mm256_sqrt_ps(a); }
UNROLL_FOR_AVX2 inline void take_root(Doubles4& r, const Doubles4& a) { r = _mm256_sqrt_pd(a); }
UNROLL_FOR_AVX2 inline void load_part(Floats8& r, const float* from, Index count) {
  const Integers8 wanted = Integers8{0, 1, 2, 3, 4, 5, 6, 7} < static_cast<int>(count);
  r = _mm256_maskload_ps(from, reinterpret_cast<__m256i>(wanted));
}
UNROLL_FOR_AVX2 inline void store_part(const Floats8& a, float* to, Index count) {
  const Integers8 wanted = Integers8{0, 1, 2, 3, 4, 5, 6, 7} < static_cast<int>(count);
  _mm256_maskstore_ps(to, reinterpret_cast<__m256i>(wanted), a);
}
UNROLL_FOR_AVX2 inline void load_part(Doubles4& r, const double* from, Index count) {  // not covered: with AVX
  const Integers4 wanted = Integers4{0, 1, 2, 3} < count;
  r = _mm256_maskload_pd(from, reinterpret_cast<__m256i>(wanted));
}
UNROLL_FOR_AVX2 inline void store_part(const Doubles4& a, double* to, Index count) {  // not covered: with AVX
  const Integers4 wanted = Integers4{0, 1, 2, 3} < count;
  _mm256_maskstore_pd(to, reinterpret_cast<__m256i>(wanted), a);
}
#endif

#if defined(__AVX512F__) || defined(UNROLL_EVERY_PROCESSOR)
UNROLL_FOR_AVX512 inline void take_root(Floats16& r, const Floats16& a) { r = _mm512_sqrt_ps(a); }
UNROLL_FOR_AVX512 inline void take_root(Doubles8& r, const Doubles8& a) { r = _mm512_sqrt_pd(a); }
UNROLL_FOR_AVX512 inline void load_part(Floats16& r, const float* from, Index count) {
  r = _mm512_maskz_loadu_ps(static_cast<__mmask16>((1 << count) - 1), from);
}
UNROLL_FOR_AVX512 inline void store_part(const Floats16& a, float* to, Index count) {
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1 << count) - 1), a);
}
UNROLL_FOR_AVX512 inline void load_part(Doubles8& r, const double* from, Index count) {
  r = _mm512_maskz_loadu_pd(static_cast<__mmask8>((1 << count) - 1), from);
}
UNROLL_FOR_AVX512 inline void store_part(const Doubles8& a, double* to, Index count) {
  _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1 << count) - 1), a);
}
#endif

#ifdef UNROLL_EVERY_PROCESSOR
UNROLL_FOR_AVX2 inline void fuse(Floats8& r, const Floats8& a, const Floats8& b, const Floats8& c) {
  r = _mm256_fmadd_ps(a, b, c);
}
UNROLL_FOR_AVX2 inline void fuse(Doubles4& r, const Doubles4& a, const Doubles4& b, const Doubles4& c) {
  r = _mm256_fmadd_pd(a, b, c);
}
UNROLL_FOR_AVX512 inline void fuse(Floats16& r, const Floats16& a, const Floats16& b, const Floats16& c) {
  r = _mm512_fmadd_ps(a, b, c);
}
UNROLL_FOR_AVX512 inline void fuse(Doubles8& r, const Doubles8& a, const Doubles8& b, const Doubles8& c) {
  r = _mm512_fmadd_pd(a, b, c);
}
#endif

#endif

}  // namespace unroll::inline UNROLL_TARGET::detail

#endif
