#pragma once

#include <cmath>

#include "unroll/core/random.hpp"
#include "unroll/core/types.hpp"

namespace unroll {

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

/// Each n x n block of the rows becomes a random orthogonal matrix (Saxe, McClelland & Ganguli 2014), the product of
/// Householder reflections along random directions (Stewart 1980); n is the number of columns.
///
/// The vectors are held as floats, so that every product is exact in double and a compiler that fuses multiply and add
/// gets the same bits as one that does not. Orthogonal to about 1e-6.
template <class Scalar>
void set_orthogonal(Matrix<Scalar>& weight, Random& random) {
  const Index n = weight.cols();
  for (Index top = 0; top < weight.rows(); top += n) {
    Matrix<float> q = Matrix<float>::Identity(n, n);
    Vector<float> v(n);
    for (Index first = n; first-- > 0;) {
      double square = 0;
      for (Index i = first; i < n; ++i) {
        v[i] = static_cast<float>(random.normal());
        square += static_cast<double>(v[i]) * static_cast<double>(v[i]);
      }
      const double length = std::sqrt(square);
      const float sign = v[first] < 0 ? -1.0f : 1.0f;
      v[first] = static_cast<float>(static_cast<double>(v[first]) + (v[first] < 0 ? -length : length));
      square = 0;
      for (Index i = first; i < n; ++i) square += static_cast<double>(v[i]) * static_cast<double>(v[i]);
      for (Index column = first; column < n; ++column) {
        double dot = 0;
        for (Index i = first; i < n; ++i) dot += static_cast<double>(v[i]) * static_cast<double>(q(i, column));
        const float scale = static_cast<float>(2 * dot / square);
        for (Index i = first; i < n; ++i)
          q(i, column) = -sign * static_cast<float>(static_cast<double>(q(i, column)) -
                                                    static_cast<double>(scale) * static_cast<double>(v[i]));
      }
    }
    weight.middleRows(top, n) = q.template cast<Scalar>();
  }
}

}  // namespace unroll
