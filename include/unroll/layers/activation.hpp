#pragma once

#include <cmath>
#include <limits>

#include "unroll/core/activations.hpp"
#include "unroll/core/log_sum_exp.hpp"
#include "unroll/layers/memoryless.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Functions of one number. Each has a name, apply(x), which gives y, and slope(x, y), which gives dy/dx; x and y are
/// Packs. Its options are members that each_option shows.
namespace activations {

/// The hyperbolic tangent.
struct Tanh {
  static constexpr const char* name = "Tanh";
  template <class V>
  UNROLL_IN_A_LOOP V apply(V x) const {
    return tanh(x);
  }
  template <class V>
  UNROLL_IN_A_LOOP V slope(V, V y) const {
    return multiply_add(-y, y, V(1));
  }
};

/// 1 / (1 + e^-x).
struct Sigmoid {
  static constexpr const char* name = "Sigmoid";
  template <class V>
  UNROLL_IN_A_LOOP V apply(V x) const {
    return sigmoid(x);
  }
  template <class V>
  UNROLL_IN_A_LOOP V slope(V, V y) const {
    return y * (V(1) - y);
  }
};

/// x, or 0 where x is negative.
struct Relu {
  static constexpr const char* name = "Relu";
  template <class V>
  UNROLL_IN_A_LOOP V apply(V x) const {
    return relu(x);
  }
  template <class V>
  UNROLL_IN_A_LOOP V slope(V x, V) const {
    return select_less(V(0), x, V(1), V(0));
  }
};

/// x, or negative_slope x where x is negative (Maas et al. 2013).
struct LeakyRelu {
  static constexpr const char* name = "LeakyRelu";
  double negative_slope = 0.01;  ///< of y where x is negative
  template <class V>
  UNROLL_IN_A_LOOP V apply(V x) const {
    return select_less(x, V(0), V(negative_slope) * x, x);
  }
  template <class V>
  UNROLL_IN_A_LOOP V slope(V x, V) const {
    return select_less(V(0), x, V(1), V(negative_slope));
  }
  template <class F>
  void each_option(F&& f) const {
    f("negative_slope", negative_slope);
  }
};

/// x, or alpha (e^x - 1) where x is negative (Clevert et al. 2016).
struct Elu {
  static constexpr const char* name = "Elu";
  double alpha = 1;  ///< y goes to -alpha
  template <class V>
  UNROLL_IN_A_LOOP V apply(V x) const {
    const V t = tanh(V(0.5) * smaller(x, V(0)));  // e^x - 1 = 2 t / (1 - t) loses no digits near zero
    return select_less(x, V(0), V(alpha) * (V(2) * t / (V(1) - t)), x);
  }
  template <class V>
  UNROLL_IN_A_LOOP V slope(V x, V y) const {
    return select_less(V(0), x, V(1), y + V(alpha));
  }
  template <class F>
  void each_option(F&& f) const {
    f("alpha", alpha);
  }
};

/// log(1 + e^(beta x)) / beta.
struct Softplus {
  static constexpr const char* name = "Softplus";
  double beta = 1;  ///< the larger, the closer to Relu
  template <class V>
  UNROLL_IN_A_LOOP V apply(V x) const {
    const V z = V(beta) * x;
    return select_less(V(0), z, x, V(0)) + log_of_one_plus(exp(-abs(z))) / V(beta);  // z may be infinite
  }
  template <class V>
  UNROLL_IN_A_LOOP V slope(V x, V) const {
    return sigmoid(V(beta) * x);
  }
  template <class F>
  void each_option(F&& f) const {
    f("beta", beta);
  }

 private:
  /// log(1 + u) for 0 <= u <= 1: 2 atanh(s), s = u / (2 + u) <= 1/3, by a series with enough terms for double.
  template <class V>
  UNROLL_IN_A_LOOP static V log_of_one_plus(V u) {
    const V s = u / (V(2) + u), square = s * s;
    V sum(1.0 / 33);
    for (int n = 31; n > 0; n -= 2) sum = multiply_add(sum, square, V(1.0 / n));
    return V(2) * s * sum;
  }
};

/// x / 6 + 1/2, no less than 0 and no more than 1, as torch.nn.Hardsigmoid.
struct HardSigmoid {
  static constexpr const char* name = "HardSigmoid";
  template <class V>
  UNROLL_IN_A_LOOP V apply(V x) const {
    return larger(smaller(multiply_add(x, V(1.0 / 6), V(0.5)), V(1)), V(0));
  }
  template <class V>
  UNROLL_IN_A_LOOP V slope(V x, V) const {
    return select_less(abs(x), V(3), V(1.0 / 6), V(0));
  }
};

}  // namespace activations

namespace detail {

/// Calls f<P>(pointers..., count) on the numbers of arrays of one shape, up to a pack P of them at a time.
template <class F, class First, class... Others>
void for_each_pack_of(const F& f, First&& first, Others&&... others) {
  Index rows = first.rows(), cols = first.cols();
  if (first.outerStride() == rows && ((others.outerStride() == rows) && ...)) {
    rows *= cols;
    cols = 1;
  }
  on_processor<typename std::remove_cvref_t<First>::Scalar>([&]<class P>() UNROLL_INLINED {
    for (Index j = 0; j < cols; ++j)
      for (Index i = 0; i < rows; i += P::size)
        f.template operator()<P>(first.data() + j * first.outerStride() + i,
                                 (others.data() + j * others.outerStride() + i)..., rows - i);
  });
}

}  // namespace detail

/// A function of each number as a layer of any size: Tanh<float>(), Elu<float>({.alpha = 0.5}).
template <class Function, class Scalar_ = float>
class Activation : public Memoryless<Activation<Function, Scalar_>, Scalar_> {
 public:
  using Scalar = Scalar_;

  Function function;  ///< with its options

  /// A layer of the function; it has no parameters. Throws std::invalid_argument for an option that is no number or too
  /// large for a Scalar.
  explicit Activation(Function the_function = {}) : function(the_function) {
    each_option([](const char* option, double value) {
      constexpr double most = (std::numeric_limits<Scalar>::max)();
      detail::require(std::abs(value) <= most, name(), ": ", option, " is ", value, ", expected from ", -most, " to ",
                      most);
    });
  }

  static const char* name() { return Function::name; }

  template <class F>
  void each_option(F&& f) const {
    if constexpr (requires { function.each_option(f); }) function.each_option(f);
  }

  void apply(const Input<Scalar>& x, WritableOutput<Scalar> y) const {
    detail::for_each_pack_of([&]<class P>(const Scalar* in, Scalar* out, Index count)
                                 UNROLL_INLINED { function.apply(P::load(in, count)).store(out, count); },
                             x, y);
  }
  void apply_back(const Input<Scalar>& x, const Input<Scalar>& y, const Input<Scalar>& d_y, Activation&,
                  WritableOutput<Scalar> d_x) const {
    detail::for_each_pack_of(
        [&]<class P>(const Scalar* in, const Scalar* out, const Scalar* d_out, Scalar* d_in, Index count)
            UNROLL_INLINED {
              const P slope = function.slope(P::load(in, count), P::load(out, count));
              (P::load(d_out, count) * slope).store(d_in, count);
            },
        x, y, d_y, d_x);
  }
};

/// A layer of tanh.
template <class Scalar = float>
using Tanh = Activation<activations::Tanh, Scalar>;
/// A layer of the logistic function.
template <class Scalar = float>
using Sigmoid = Activation<activations::Sigmoid, Scalar>;
/// A layer of activations::Relu.
template <class Scalar = float>
using Relu = Activation<activations::Relu, Scalar>;
/// A layer of activations::LeakyRelu.
template <class Scalar = float>
using LeakyRelu = Activation<activations::LeakyRelu, Scalar>;
/// A layer of activations::Elu.
template <class Scalar = float>
using Elu = Activation<activations::Elu, Scalar>;
/// A layer of activations::Softplus.
template <class Scalar = float>
using Softplus = Activation<activations::Softplus, Scalar>;
/// A layer of activations::HardSigmoid.
template <class Scalar = float>
using HardSigmoid = Activation<activations::HardSigmoid, Scalar>;

/// The softmax of each column, e^x over the sum of e^x; a layer of any size.
template <class Scalar_ = float>
class Softmax : public Memoryless<Softmax<Scalar_>, Scalar_> {
 public:
  using Scalar = Scalar_;

  static const char* name() { return "Softmax"; }

  void apply(const Input<Scalar>& x, WritableOutput<Scalar> y) const {
    for (Index j = 0; x.rows() > 0 && j < x.cols(); ++j)
      detail::log_sum_exp(x.col(j).data(), x.rows(), y.col(j).data());
  }
  /// Sums in the order of the rows, because Eigen's order depends on where a column lies.
  void apply_back(const Input<Scalar>&, const Input<Scalar>& y, const Input<Scalar>& d_y, Softmax&,
                  WritableOutput<Scalar> d_x) const {
    for (Index j = 0; j < y.cols(); ++j) {
      double product = 0;
      for (Index i = 0; i < y.rows(); ++i) product += static_cast<double>(y(i, j)) * static_cast<double>(d_y(i, j));
      d_x.col(j) = y.col(j).array() * (d_y.col(j).array() - static_cast<Scalar>(product));
    }
  }
};

/// x, or weight x where x is negative (He et al. 2015). There is one weight a feature, or one for any number of them.
template <class Scalar_ = float>
class Prelu : public Memoryless<Prelu<Scalar_>, Scalar_> {
 public:
  using Scalar = Scalar_;

  Vector<Scalar> weight;  ///< one for each feature, or one

  /// A layer with weights of 0.25. Throws std::invalid_argument where there are fewer features than 1.
  explicit Prelu(Index features = 1) {
    detail::require(features >= 1, "Prelu: ", features, " features, expected at least 1");
    weight.resize(features);
    initialize();
  }

  Index input_size() const { return weight.size() == 1 ? 0 : weight.size(); }
  Index output_size() const { return input_size(); }

  /// 0.25, as in the paper.
  void initialize() { weight.setConstant(Scalar(0.25)); }
  void initialize(Random&, Initial = Initial::standard) { initialize(); }
  void require_parameters() const {
    detail::require(weight.size() > 0, "Prelu: there are no weights; the layer was moved from");
  }

  static const char* name() { return "Prelu"; }

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "weight", layers.weight...);
  }

  void apply(const Input<Scalar>& x, WritableOutput<Scalar> y) const {
    for (Index j = 0; j < x.cols(); ++j)
      for (Index i = 0; i < x.rows(); ++i) y(i, j) = x(i, j) < 0 ? of_row(i) * x(i, j) : x(i, j);
  }
  /// dL/d weight is summed in double.
  void apply_back(const Input<Scalar>& x, const Input<Scalar>&, const Input<Scalar>& d_y, Prelu& gradient,
                  WritableOutput<Scalar> d_x) const {
    Vector<double> sums = Vector<double>::Zero(weight.size());
    for (Index j = 0; j < x.cols(); ++j)
      for (Index i = 0; i < x.rows(); ++i) {
        d_x(i, j) = x(i, j) > 0 ? d_y(i, j) : of_row(i) * d_y(i, j);
        if (x(i, j) < 0) sums[weight.size() == 1 ? 0 : i] += static_cast<double>(x(i, j) * d_y(i, j));
      }
    gradient.weight += sums.template cast<Scalar>();
  }

 private:
  Scalar of_row(Index i) const { return weight[weight.size() == 1 ? 0 : i]; }
};

}  // namespace unroll::inline UNROLL_TARGET
