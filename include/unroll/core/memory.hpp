#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <utility>
#include <vector>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "unroll/core/types.hpp"

/// The memory of buffers: whether arguments share it, what an array is after memory ran out, and huge pages.
namespace unroll::inline UNROLL_TARGET::detail {

/// Whether two dense arrays share memory.
template <class A, class B>
bool overlap(const A& a, const B& b) {
  const auto end = [](const auto& array) {
    return array.data() + (array.cols() - 1) * array.outerStride() + array.rows();
  };
  const std::less<> before;  // the pointers are into different arrays
  return a.size() != 0 && b.size() != 0 && before(a.data(), end(b)) && before(b.data(), end(a));
}

/// Where column j of a dense array begins. The engine copies and fills columns by the standard library's algorithms:
/// each kind of an Eigen expression takes every program a tenth of a second to compile.
template <class Array>
auto* column_of(Array& array, Index j) {
  return array.data() + j * array.outerStride();
}

/// Asks the system for huge pages in memory that nobody has touched yet. A product reads panels that lie far apart:
/// with pages of 4 KiB an Intel Xeon spent half of a large layer's time on looking them up.
inline void ask_for_huge_pages([[maybe_unused]] void* data, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::size_t page = 4096, huge_page = 2 * 1024 * 1024;
  if (bytes < huge_page) return;
  const std::size_t before = (page - reinterpret_cast<std::uintptr_t>(data) % page) % page;  // the first whole page
  // A system with larger pages, or without huge ones, refuses: then all stays as it is.
  [[maybe_unused]] const int refused =
      madvise(static_cast<char*>(data) + before, (bytes - before) / page * page, MADV_HUGEPAGE);
#endif
}

/// How many bytes are taken to stay in the second cache, which has 256 KiB to 2 MiB.
inline constexpr Index second_cache = 256 * 1024;

/// Asks for memory that is needed soon, into the first cache or the second one. It wants a caller that is always
/// inlined: g++ takes other functions that do nothing else (lambdas, too) for ones without effect, and drops the call.
template <int cache = 1>
EIGEN_ALWAYS_INLINE void prefetch([[maybe_unused]] const void* place) {
#ifdef __GNUC__
  __builtin_prefetch(place, 0, 4 - cache);
#endif
}

/// As tensor.resize(rows, cols), but the tensor is empty after memory ran out, and a large one lies in huge pages.
/// Eigen's own resize frees the old memory, throws, and frees it again in the destructor.
template <class Tensor>
void resize(Eigen::PlainObjectBase<Tensor>& tensor, Index rows, Index cols) {
  if (tensor.size() == rows * cols) return tensor.resize(rows, cols);
  tensor.derived() = Tensor();
  tensor.resize(rows, cols);
  ask_for_huge_pages(tensor.data(), static_cast<std::size_t>(tensor.size()) * sizeof(typename Tensor::Scalar));
}
template <class Scalar>
void resize(Vector<Scalar>& vector, Index size) {
  resize(vector, size, 1);
}

template <class Tensor>
void resize_to_zeros(Eigen::PlainObjectBase<Tensor>& tensor, Index rows, Index cols = 1) {
  resize(tensor, rows, cols);
  tensor.setZero();
}

/// As to = from, an array in memory, but `to` is empty after memory ran out: see resize.
template <class Tensor, class From>
void assign(Eigen::PlainObjectBase<Tensor>& to, const From& from) {
  resize(to, from.rows(), from.cols());
  for (Index j = 0; j < from.cols(); ++j) std::copy_n(column_of(from, j), from.rows(), column_of(to, j));
}

/// An allocator whose memory begins with a cache line, so that no pack crosses one. New numbers are not initialized.
template <class T>
struct CacheLines {
  using value_type = T;
  static constexpr std::align_val_t line{64};

  CacheLines() = default;
  template <class U>
  CacheLines(const CacheLines<U>&) {}  // not covered: only a container that allocates more

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    void* memory = ::operator new(bytes, line);
    ask_for_huge_pages(memory, bytes);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) { ::operator delete(memory, line); }

  template <class U>
  void construct(U*) {}
  template <class U>
  void construct(U* place, const U& value) {
    ::new (static_cast<void*>(place)) U(value);
  }
  bool operator==(const CacheLines&) const { return true; }  // not covered: every library knows it
};

/// The memory that products work on. Its numbers are lost where its size changes; it is empty after memory ran out.
template <class T>
class Buffer {
 public:
  T* data() { return numbers_.data(); }
  const T* data() const { return numbers_.data(); }
  Index size() const { return static_cast<Index>(numbers_.size()); }

  void resize(Index size) {
    if (size == this->size()) return;
    numbers_ = {};
    if (static_cast<std::size_t>(size) > numbers_.max_size()) Eigen::internal::throw_std_bad_alloc();
    numbers_.resize(static_cast<std::size_t>(size));
  }
  void set_zero() { std::fill(numbers_.begin(), numbers_.end(), T(0)); }

 private:
  std::vector<T, CacheLines<T>> numbers_;
};

}  // namespace unroll::inline UNROLL_TARGET::detail
