#include "unroll/core/parameters.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "core/flat.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/recurrent_layers.hpp"

using namespace unroll;
using Names = std::vector<std::string>;

namespace {

/// Two tensors, all of it public: what the functions ask of a model is `visit` and nothing else.
template <class Scalar>
struct Pair {
  Matrix<Scalar> first;
  Vector<Scalar> second;
  int other = 0;  // no parameter

  template <class F, class... Pairs>
  static void visit(F&& f, const std::string& prefix, Pairs&... pairs) {
    f(prefix + "first", pairs.first...);
    f(prefix + "second", pairs.second...);
  }
};

template <class Scalar>
Pair<Scalar> pair(Index rows, Index cols, Index size) {
  return counted(Pair<Scalar>{Matrix<Scalar>(rows, cols), Vector<Scalar>(size), 9});
}

}  // namespace

TEST_CASE("tensors come by name, in the layer's order", "[parameters]") {
  const Names recurrent{"weight_ih", "weight_hh", "bias"};
  CHECK(tensor_names(Rnn<>::zeros(3, 7)) == recurrent);
  CHECK(tensor_names(Lstm<double>::zeros(3, 7)) == recurrent);
  CHECK(tensor_names(Gru<float, 1, 2>::zeros()) == recurrent);
  CHECK(tensor_names(Dense<>::zeros(3, 7)) == Names{"weight", "bias"});
  CHECK(tensor_names(pair<float>(1, 1, 1)) == Names{"first", "second"});
}

TEST_CASE("models of one shape are walked side by side", "[parameters]") {
  auto a = pair<double>(2, 3, 2), b = counted(a, 10, 10);
  const auto c = counted(a, 100, 100);
  Flat sums;
  const auto add = [&](const std::string&, auto& x, const auto& y, const auto& z) {
    x += y + z;
    sums.push_back(x.sum());
  };
  for_each_tensor(add, a, b, c);
  CHECK(flat(a) == flat(counted(a, 111, 111)));
  CHECK(sums == Flat{111 * 21, 111 * 15});
}

TEMPLATE_TEST_CASE("zeros_like keeps the shape and leaves the model alone", "[parameters]", float, double) {
  const auto model = pair<TestType>(2, 3, 1);
  const auto zeros = zeros_like(model);
  CHECK(zeros.first == Matrix<TestType>::Zero(2, 3));
  CHECK(zeros.second == Vector<TestType>::Zero(1));
  CHECK(zeros.other == 9);
  CHECK(flat(model) == Flat{1, 2, 3, 4, 5, 6, 7});

  auto overwritten = model;
  overwritten.first(0, 0) = std::numeric_limits<TestType>::quiet_NaN();
  overwritten.second[0] = std::numeric_limits<TestType>::infinity();
  set_zero(overwritten);
  CHECK(flat(overwritten) == Flat(7, 0.0));
}

TEST_CASE("parameter_count counts every scalar", "[parameters]") {
  // Gates of the input x H x I + recurrent gates x H x H + gates x H.
  CHECK(parameter_count(Rnn<>::zeros(3, 7)) == 7 * 3 + 7 * 7 + 7);
  CHECK(parameter_count(Lstm<>::zeros(3, 7)) == 4 * (7 * 3 + 7 * 7 + 7));
  CHECK(parameter_count(Gru<>::zeros(3, 7)) == 3 * 7 * 3 + 3 * 7 * 7 + 4 * 7);
  CHECK(parameter_count(OriginalGru<>::zeros(1, 1)) == 3 * (1 + 1 + 1));
  CHECK(parameter_count(Dense<>::zeros(3, 7)) == 7 * 3 + 7);
  CHECK(parameter_count(pair<float>(0, 3, 0)) == 0);
}

TEST_CASE("global_norm is the norm of all tensors together", "[parameters]") {
  CHECK(global_norm(counted(pair<double>(1, 1, 1), 3, 1)) == 5);
  CHECK(global_norm(pair<double>(2, 3, 1)) == Approx(std::sqrt(140.0)).epsilon(1e-15));
  CHECK(global_norm(pair<double>(2, 3, 1)) == global_norm(counted(pair<double>(2, 3, 1), -1, -1)));
  CHECK(global_norm(pair<double>(0, 3, 0)) == 0);
}

TEST_CASE("global_norm adds every number of a long tensor, once", "[parameters]") {
  for (const Index n : {7, 8, 9, 15, 16, 19, 27}) {
    CAPTURE(n);
    CHECK(global_norm(pair<double>(1, n, 0)) == std::sqrt(static_cast<double>(n * (n + 1) * (2 * n + 1) / 6)));
  }
}

TEST_CASE("global_norm neither overflows nor underflows in float", "[parameters]") {
  auto model = pair<float>(2, 3, 3);
  for (const float value :
       {std::numeric_limits<float>::max(), 1e30f, 1e-30f, std::numeric_limits<float>::denorm_min()}) {
    CAPTURE(value);
    CHECK(global_norm(counted(model, value, 0)) == Approx(3.0 * static_cast<double>(value)).epsilon(1e-15));
  }
  // 2^24 + 1 is no float: a sum in float would stand still.
  auto many = Pair<float>{Matrix<float>::Constant(1, (1 << 24) + 1, 1), Vector<float>(0)};
  CHECK(global_norm(many) == std::sqrt(0x1p24 + 1));
}

TEMPLATE_TEST_CASE("global_norm of a number that is not finite is not finite", "[parameters]", float, double) {
  auto model = pair<TestType>(2, 3, 1);
  model.second[0] = -std::numeric_limits<TestType>::infinity();
  CHECK(global_norm(model) == std::numeric_limits<double>::infinity());
  model.first(1, 1) = std::numeric_limits<TestType>::quiet_NaN();
  CHECK(std::isnan(global_norm(model)));
}
