#pragma once

#include <Eigen/Core>
#include <optional>
#include <vector>

namespace numpy {

using Eigen::Index;

/// An array of any number of dimensions in C order; without dimensions it is one number.
struct Array {
  std::vector<Index> shape;
  std::vector<double> values;
};

/// array[i][j]...: nothing if it does not reach so far.
inline std::optional<Array> at(const Array& array, const std::vector<Index>& index) {
  auto size = array.shape.begin();
  auto first = array.values.begin();
  auto count = static_cast<Index>(array.values.size());
  for (const Index i : index) {
    if (i >= *size) return std::nullopt;
    count /= *size++;
    first += i * count;
  }
  return Array{{size, array.shape.end()}, {first, first + count}};
}

/// (rows, batch, steps) as Unroll holds it: rows x (steps*batch), each step a block of columns. Two dimensions are one
/// step.
inline Eigen::MatrixXd to_columns(const Array& array) {
  const Index rows = array.shape[0];
  const Index batch = array.shape[1];
  const Index steps = array.shape.size() == 2 ? 1 : array.shape[2];
  Eigen::MatrixXd columns(rows, steps * batch);
  auto next = array.values.begin();
  for (Index r = 0; r < rows; ++r)
    for (Index b = 0; b < batch; ++b)
      for (Index t = 0; t < steps; ++t) columns(r, t * batch + b) = *next++;
  return columns;
}

/// And back, always three-dimensional.
inline Array to_array(const Eigen::Ref<const Eigen::MatrixXd>& columns, Index batch) {
  const Index steps = columns.cols() / batch;
  Array array{{columns.rows(), batch, steps}, {}};
  array.values.reserve(static_cast<std::size_t>(columns.size()));
  for (Index r = 0; r < columns.rows(); ++r)
    for (Index b = 0; b < batch; ++b)
      for (Index t = 0; t < steps; ++t) array.values.push_back(columns(r, t * batch + b));
  return array;
}

}  // namespace numpy
