#pragma once

#include <functional>

#include "unroll/core/types.hpp"

/// Memory that is used again: whether arguments share it, and in which state an array is after it ran out.
namespace unroll::detail {

/// Whether two dense arrays share memory.
template <class A, class B>
bool overlap(const A& a, const B& b) {
  const auto end = [](const auto& array) {
    return array.data() + (array.cols() - 1) * array.outerStride() + array.rows();
  };
  const std::less<> before;  // the pointers are into different arrays
  return a.size() != 0 && b.size() != 0 && before(a.data(), end(b)) && before(b.data(), end(a));
}

/// As tensor.resize(rows, cols), but the tensor is empty after memory ran out. Eigen's own frees the old memory,
/// throws, and frees it again in the destructor.
template <class Tensor>
void resize(Eigen::PlainObjectBase<Tensor>& tensor, Index rows, Index cols) {
  if (tensor.size() != rows * cols) tensor.derived() = Tensor();
  tensor.resize(rows, cols);
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

/// As to = from, but `to` is empty after memory ran out: see resize.
template <class Tensor, class From>
void assign(Eigen::PlainObjectBase<Tensor>& to, const From& from) {
  resize(to, from.rows(), from.cols());
  to.derived() = from;
}

}  // namespace unroll::detail
