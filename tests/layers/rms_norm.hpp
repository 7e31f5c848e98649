#pragma once

#include "unroll/layers/memoryless.hpp"

// The layer of docs/write_a_layer.md.
template <class Scalar>
struct RmsNorm : unroll::Memoryless<RmsNorm<Scalar>, Scalar> {
  unroll::Vector<Scalar> gain;

  explicit RmsNorm(unroll::Index size) : gain(unroll::Vector<Scalar>::Ones(size)) {}
  unroll::Index input_size() const { return gain.size(); }
  unroll::Index output_size() const { return gain.size(); }
  static const char* name() { return "RmsNorm"; }

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "gain", layers.gain...);
  }
  template <class Column>
  static Scalar factor(const Column& x) {
    return 1 / std::sqrt(x.squaredNorm() / static_cast<Scalar>(x.size()) + Scalar(1e-8));
  }
  void apply(const unroll::Input<Scalar>& x, unroll::WritableOutput<Scalar> y) const {
    for (unroll::Index j = 0; j < x.cols(); ++j) y.col(j) = gain.cwiseProduct(x.col(j)) * factor(x.col(j));
  }
  void apply_back(const unroll::Input<Scalar>& x, const unroll::Input<Scalar>&, const unroll::Input<Scalar>& d_y,
                  RmsNorm& gradient, unroll::WritableOutput<Scalar> d_x) const {
    for (unroll::Index j = 0; j < x.cols(); ++j) {
      const unroll::Vector<Scalar> n = x.col(j) * factor(x.col(j)), d_n = gain.cwiseProduct(d_y.col(j));
      gradient.gain += d_y.col(j).cwiseProduct(n);
      d_x.col(j) = (d_n - n * n.dot(d_n) / static_cast<Scalar>(n.size())) * factor(x.col(j));
    }
  }
};
