#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "unroll/core/error.hpp"
#include "unroll/core/types.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Calls f(name, tensor...) for every parameter tensor of the models, which must be of one shape: a model alone, or
/// with its gradient, or with its gradient and an optimizer's moments.
///
/// Each layer type has one static `visit(f, prefix, layers...)`; all code that treats parameters alike uses it.
template <class F, class Model, class... Models>
void for_each_tensor(F&& f, Model& model, Models&... models) {
  std::remove_const_t<Model>::visit(f, std::string(), model, models...);
}

namespace detail {
struct AnyVisitor {
  template <class... T>
  void operator()(const std::string&, T&...) const {}  // not covered: in concepts alone
};
}  // namespace detail

/// What can be trained: a value that has a Scalar and shows its parameters by `visit`. It is any Layer, or a struct of
/// layers for an objective of your own.
template <class M>
concept Trainable = std::copyable<M> && requires(M& model) {
  typename M::Scalar;
  M::visit(detail::AnyVisitor(), std::string(), model, model);
};

/// The kind of a parameter tensor: weight decay may act on weights alone.
enum class TensorKind { weight, bias, gain };

/// A tensor's name and kind; a `visit` gives it where the name alone does not tell the kind.
struct TensorName : std::string {
  TensorKind kind;  ///< of the tensor

  /// A name and the kind that goes with it.
  TensorName(std::string name, TensorKind of) : std::string(std::move(name)), kind(of) {}
};

/// The kind that a visit tells.
inline TensorKind kind_of(const TensorName& name) { return name.kind; }
/// The kind by the name alone: a bias where it ends in "bias", else a weight.
inline TensorKind kind_of(const std::string& name) {
  return name.ends_with("bias") ? TensorKind::bias : TensorKind::weight;
}

/// A tensor whose shape is part of its value, in the `visit` of what is saved and loaded. Carried states are such
/// tensors: they are as wide as the batch that left them.
template <class Tensor>
class AnyShape {
 public:
  Tensor& tensor;  ///< not owned

  /// Refers to the tensor, which must outlive it.
  explicit AnyShape(Tensor& the_tensor) : tensor(the_tensor) {}
  template <class Other>
  AnyShape& operator=(const AnyShape<Other>& other) {
    tensor = other.tensor;
    return *this;
  }

  /// Rows as they are now.
  Index rows() const { return tensor.rows(); }
  /// Columns as they are now.
  Index cols() const { return tensor.cols(); }
  /// Rows times columns.
  Index size() const { return tensor.size(); }
  /// The numbers, column by column.
  auto* data() const { return tensor.data(); }
};

/// Sets every parameter to zero.
template <class Model>
void set_zero(Model& model) {
  for_each_tensor([](const std::string&, auto& tensor) { tensor.setZero(); }, model);
}

/// A model of the same shape with all parameters zero: the value that holds a gradient, or an optimizer's moment.
template <class Model>
Model zeros_like(const Model& model) {
  Model result = model;
  set_zero(result);
  return result;
}

namespace detail {

/// A tensor's numbers as one column, so that matrices and vectors are treated by the same code.
template <class Tensor>
auto as_column(Tensor& tensor) {
  using Numbers = Vector<typename Tensor::Scalar>;
  return Eigen::Map<std::conditional_t<std::is_const_v<Tensor>, const Numbers, Numbers>>(tensor.data(), tensor.size());
}

/// Multiplies a tensor's numbers by the factor; by parts of it where it is too small for a Scalar.
template <class Tensor>
void scale_tensor(Tensor& tensor, double factor) {
  using Scalar = typename Tensor::Scalar;
  constexpr Scalar least = (std::numeric_limits<Scalar>::min)();
  for (; factor > 0 && factor < static_cast<double>(least); factor /= static_cast<double>(least))
    as_column(tensor) *= least;
  as_column(tensor) *= static_cast<Scalar>(factor);
}

/// The same for every parameter.
template <class Model>
void scale(Model& model, double factor) {
  for_each_tensor([&](const std::string&, auto& tensor) { scale_tensor(tensor, factor); }, model);
}

/// Adds the factor times each parameter of `part`.
template <class Model>
void add_scaled(Model& sum, const Model& part, double factor) {
  const auto add = [&](const std::string&, auto& to, const auto& from) {
    as_column(to) += static_cast<typename std::remove_cvref_t<decltype(to)>::Scalar>(factor) * as_column(from);
  };
  for_each_tensor(add, sum, part);
}

}  // namespace detail

/// The number of trainable scalars.
template <class Model>
Index parameter_count(const Model& model) {
  Index count = 0;
  for_each_tensor([&](const std::string&, const auto& tensor) { count += tensor.size(); }, model);
  return count;
}

namespace detail {

/// The sum of the squares in double, in a fixed order: eight sums take turns, so they need not wait for one another.
template <class Tensor>
double square_norm(const Eigen::PlainObjectBase<Tensor>& tensor) {
  double sums[8] = {};
  const auto add = [&](Index i, Index j) {
    const double value = static_cast<double>(tensor.data()[i]);
    sums[j] += value * value;
  };
  Index i = 0;
  for (; i + 8 <= tensor.size(); i += 8)
    for (Index j = 0; j < 8; ++j) add(i + j, j);
  for (; i < tensor.size(); ++i) add(i, 0);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

}  // namespace detail

/// The Euclidean norm of all parameters together, summed in double in the order of the tensors.
template <class Model>
double global_norm(const Model& model) {
  double sum = 0;
  for_each_tensor([&](const std::string&, const auto& tensor) { sum += detail::square_norm(tensor); }, model);
  return std::sqrt(sum);
}

namespace detail {

/// Throws std::invalid_argument unless an argument of `layer`'s backward pass has the shape of its forward pass.
inline void require_shape(const char* layer, const char* what, Index rows, Index cols, Index expected_rows,
                          Index expected_cols) {
  require(rows == expected_rows && cols == expected_cols, layer, "::backward: ", what, " is ", rows, " x ", cols,
          ", expected ", expected_rows, " x ", expected_cols, " as in forward");
}

/// Throws std::invalid_argument unless every tensor of `other` has the shape of the model's.
template <class Model>
void require_same_shape(const char* caller, const Model& model, const Model& other) {
  const auto compare = [&](const std::string& name, const auto& a, const auto& b) {
    require(a.rows() == b.rows() && a.cols() == b.cols(), caller, ": the gradient's ", name, " is ", b.rows(), " x ",
            b.cols(), ", the model's is ", a.rows(), " x ", a.cols());
  };
  for_each_tensor(compare, model, other);
}

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
