#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "unroll/core/memory.hpp"
#include "unroll/core/random.hpp"
#include "unroll/core/types.hpp"
#include "unroll/product/micro_tile.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Which numbers a fresh layer starts from.
enum class Initial {
  standard,  ///< recurrent weights orthogonal, input weights Glorot uniform, biases the cell's own (LSTM: forget 1)
  pytorch,   ///< everything uniform in +-1/sqrt(H), as torch.nn does (Dense: +-1/sqrt(I))
};

/// Uniform in [-limit, limit).
template <class Tensor>
void set_uniform(Eigen::PlainObjectBase<Tensor>& tensor, double limit, Random& random) {
  for (Index i = 0; i < tensor.size(); ++i)
    tensor.data()[i] = static_cast<typename Tensor::Scalar>(random.uniform(limit));
}

/// Uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, equation 16).
template <class Tensor>
void set_glorot(Eigen::PlainObjectBase<Tensor>& tensor, Index fan_in, Index fan_out, Random& random) {
  set_uniform(tensor, std::sqrt(6 / static_cast<double>(fan_in + fan_out)), random);
}

namespace detail {

/// How many Householder reflections are applied at once; numbers of rows are multiples of this.
inline constexpr Index reflections_at_once = 32;

/// The packs of a tile of `add_product`, and a number of columns that every processor's tiles divide.
inline constexpr int product_rows = 2, product_columns = 12;

inline Index whole_tiles(Index columns) { return (columns + product_columns - 1) / product_columns * product_columns; }

/// A block of a matrix, which is stored by columns.
struct Part {
  Part(Matrix<float>& whole, Index row, Index column, Index row_count, Index column_count)
      : data(&whole(row, column)), stride(whole.rows()), rows(row_count), columns(column_count) {}

  float* data;
  Index stride, rows, columns;
};

template <class P, int... J>
UNROLL_INNER_LOOP void add_product_tile(const float* a, Index a_stride, const float* b, Index b_stride, Index depth,
                                        float* c, Index c_stride, std::integer_sequence<int, J...>) {
  constexpr int R = product_rows;
  P s[] = {P::load(c + J / R * c_stride + J % R * P::size)...};
  for (Index k = 0; k < depth; ++k, a += a_stride)
    ((s[J] += P::load(a + J % R * P::size) * P(b[k + J / R * b_stride])), ...);
  (s[J].store(c + J / R * c_stride + J % R * P::size), ...);
}

/// c += a b, where c is made of whole tiles. Each product of two numbers is rounded before it is added, unlike in the
/// products of a pass. So a processor that could fuse both gets the same bits as one that cannot.
inline void add_product(const Part& a, const Part& b, const Part& c) {
  on_processor<float>([&]<class P>() {
    constexpr int columns = TileLimits<P>::budget / product_rows;
    static_assert(product_columns % columns == 0);
    for (Index column = 0; column < c.columns; column += columns)
      for (Index row = 0; row < c.rows; row += product_rows * P::size)
        add_product_tile<P>(a.data + row, a.stride, b.data + column * b.stride, b.stride, b.rows,
                            c.data + row + column * c.stride, c.stride,
                            std::make_integer_sequence<int, product_rows * columns>());
  });
}

/// Draws Householder vectors of random directions, the last one first: v_j goes into column j of v, from row j on.
/// `sign` becomes the opposite of the sign of each direction's first number. Returns v_j' v_j for each j.
inline std::array<double, reflections_at_once> draw_reflections(Matrix<float>& v, Index rows, Index count, float* sign,
                                                                Random& random) {
  const auto square = [](float number) { return static_cast<double>(number) * static_cast<double>(number); };  // exact
  std::array<double, reflections_at_once> squares{};
  for (Index j = count; j-- > 0;) {
    double sum = 0;
    for (Index i = j; i < rows; ++i) {
      v(i, j) = static_cast<float>(random.normal());
      sum += square(v(i, j));
    }
    const double first = static_cast<double>(v(j, j)), length = std::sqrt(sum);
    sum -= square(v(j, j));
    sign[j] = first < 0 ? 1.0f : -1.0f;
    v(j, j) = static_cast<float>(first < 0 ? first - length : first + length);
    squares[static_cast<std::size_t>(j)] = sum + square(v(j, j));
  }
  return squares;
}

/// T in H_0 H_1 ... = I + v T v', computed from v' v: T is minus the inverse of the upper triangle of v' v with half
/// its diagonal (Joffrain et al. 2006, "Accumulating Householder transformations, revisited").
inline Matrix<float> joint_factor(const Matrix<float>& products,
                                  const std::array<double, reflections_at_once>& squares) {
  Matrix<float> t(reflections_at_once, reflections_at_once);
  t.setZero();
  for (Index j = 0; j < t.cols() && squares[static_cast<std::size_t>(j)] > 0; ++j) {
    const double scale = -2 / squares[static_cast<std::size_t>(j)];
    for (Index i = 0; i < j; ++i) {
      double sum = 0;
      for (Index k = i; k < j; ++k) sum += static_cast<double>(t(i, k)) * static_cast<double>(products(k, j));
      t(i, j) = static_cast<float>(scale * sum);
    }
    t(j, j) = static_cast<float>(scale);
  }
  return t;
}

/// A random orthogonal n x n matrix; the rows and columns behind it have no meaning.
inline Matrix<float> random_orthogonal(Index n, Random& random) {
  constexpr Index size = reflections_at_once;
  const Index last = (n - 1) / size * size;
  // 16 rows more: columns a power of two apart would share a few places of the cache.
  Matrix<float> q(last + size + 16, n + product_columns), v(q.rows(), whole_tiles(size)), v_t, t_v_t, w;
  Vector<float> sign(n);
  q.setZero();
  for (Index j = 0; j < n; ++j) q(j, j) = 1;
  for (Index first = last; first >= 0; first -= size) {
    const Index m = n - first, columns = whole_tiles(m);
    v.setZero();
    const auto squares = draw_reflections(v, m, (std::min)(size, m), sign.data() + first, random);
    resize_to_zeros(v_t, size, columns);
    for (Index i = 0; i < m; ++i)
      for (Index j = 0; j < size; ++j) v_t(j, i) = v(i, j);
    resize_to_zeros(w, size, v.cols());
    add_product({v_t, 0, 0, size, m}, {v, 0, 0, m, v.cols()}, {w, 0, 0, size, w.cols()});
    Matrix<float> t = joint_factor(w, squares);
    resize_to_zeros(t_v_t, size, columns);
    add_product({t, 0, 0, size, size}, {v_t, 0, 0, size, columns}, {t_v_t, 0, 0, size, columns});
    resize_to_zeros(w, size, columns);
    add_product({t_v_t, 0, 0, size, m}, {q, first, first, m, columns}, {w, 0, 0, size, columns});
    add_product({v, 0, 0, m, size}, {w, 0, 0, size, columns}, {q, first, first, last + size - first, columns});
  }
  for (Index j = 0; j < n; ++j) {
    if (j > 0) sign[j] *= sign[j - 1];
    for (Index i = 0; i < n; ++i) q(i, j) *= sign[j];
  }
  return q;
}

}  // namespace detail

/// Each n x n block of the rows becomes a random orthogonal matrix (Saxe, McClelland & Ganguli 2014), the product of
/// Householder reflections along random directions (Stewart 1980); n is the number of columns.
///
/// It is computed in single precision: orthogonal to about 1e-6, the same bits on every platform, compiler and flag.
template <class Scalar>
void set_orthogonal(Matrix<Scalar>& weight, Random& random) {
  const Index n = weight.cols();
  for (Index top = 0; top < weight.rows(); top += n) {
    const Matrix<float> q = detail::random_orthogonal(n, random);
    for (Index j = 0; j < n; ++j)
      for (Index i = 0; i < n; ++i) weight(top + i, j) = static_cast<Scalar>(q(i, j));
  }
}

}  // namespace unroll::inline UNROLL_TARGET
