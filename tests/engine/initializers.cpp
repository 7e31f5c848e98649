#include "unroll/engine/initializers.hpp"

#include <Eigen/LU>
#include <cmath>
#include <cstring>

#include "catch.hpp"
#include "core/flat.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/recurrent_layers.hpp"

using namespace unroll;

namespace {

template <class Scalar>
Matrix<Scalar> orthogonal(Index rows, Index cols, std::uint64_t seed) {
  Random random(seed);
  Matrix<Scalar> weight(rows, cols);
  set_orthogonal(weight, random);
  return weight;
}

/// The largest and the smallest of the values are near +-limit, none is outside, and they do not favour a side.
template <class Scalar>
void check_uniform(const std::string& name, const Eigen::Ref<const Matrix<Scalar>>& values, double limit) {
  CAPTURE(name, limit);
  const auto in_double = values.template cast<double>();
  const double fraction = 1 - 20 / static_cast<double>(values.size());
  CHECK(in_double.maxCoeff() <= limit);
  CHECK(in_double.minCoeff() >= -limit);
  CHECK(in_double.maxCoeff() >= fraction * limit);
  CHECK(in_double.minCoeff() <= -fraction * limit);
  CHECK(std::abs(in_double.mean()) <= 5 * limit / std::sqrt(3.0 * static_cast<double>(values.size())));
}

/// 64-bit FNV-1a of the parameters' bytes.
template <class Model>
std::uint64_t fingerprint(const Model& model) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto add = [&](const std::string&, const auto& tensor) {
    std::vector<unsigned char> bytes(static_cast<std::size_t>(tensor.size()) * sizeof(*tensor.data()));
    std::memcpy(bytes.data(), tensor.data(), bytes.size());
    for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3u;
  };
  for_each_tensor(add, model);
  return hash;
}

}  // namespace

TEMPLATE_TEST_CASE("recurrent weights are orthogonal block by block", "[initializers]", float, double) {
  for (const Index n : {1, 2, 7, 32, 64, 100})
    for (const Index blocks : {1, 4}) {
      const Matrix<TestType> weight = orthogonal<TestType>(blocks * n, n, 1);
      for (Index block = 0; block < blocks; ++block) {
        CAPTURE(n, block);
        const Matrix<double> q = weight.middleRows(block * n, n).template cast<double>();
        CHECK((q * q.transpose() - Matrix<double>::Identity(n, n)).cwiseAbs().maxCoeff() <= 1e-6);
        CHECK((q.transpose() * q - Matrix<double>::Identity(n, n)).cwiseAbs().maxCoeff() <= 1e-6);
        if (n > 1 && block > 0) CHECK_FALSE(weight.middleRows(block * n, n) == weight.topRows(n));
      }
    }
}

TEST_CASE("reflections that are applied together give what they give one after the other", "[initializers]") {
  constexpr Index n = 100;
  Random random(3);
  Matrix<double> expected = Matrix<double>::Identity(n, n);
  for (Index first = n; first-- > 0;) {
    Vector<double> v(n - first);
    for (double& number : v) number = static_cast<double>(static_cast<float>(random.normal()));
    const double sign = v[0] < 0 ? -1 : 1;
    v[0] += sign * v.norm();
    auto part = expected.bottomRightCorner(n - first, n - first);
    part = (-sign * (part - 2 / v.squaredNorm() * v * (v.transpose() * part))).eval();
  }
  CHECK((orthogonal<double>(n, n, 3) - expected).cwiseAbs().maxCoeff() <= 2e-6);
}

TEST_CASE("orthogonal weights are drawn evenly from all rotations and reflections", "[initializers]") {
  for (const Index n : {1, 2, 3}) {
    CAPTURE(n);
    constexpr Index blocks = 4000;
    const Matrix<double> weight = orthogonal<double>(blocks * n, n, 2);
    Matrix<double> mean = Matrix<double>::Zero(n, n), mean_square = mean;
    double determinant = 0;
    for (Index block = 0; block < blocks; ++block) {
      const Matrix<double> q = weight.middleRows(block * n, n);
      mean += q / std::sqrt(blocks);
      mean_square += q.cwiseAbs2() / blocks;
      determinant += q.determinant();
    }
    CHECK(mean.cwiseAbs().maxCoeff() <= 5 / std::sqrt(static_cast<double>(n)));
    CHECK((mean_square.array() - 1 / static_cast<double>(n)).abs().maxCoeff() <= 5 * 0.5 / std::sqrt(blocks));
    CHECK(std::abs(determinant) <= 5 * std::sqrt(blocks));
  }
}

TEST_CASE("single values are the known ones", "[initializers]") {
  // By row, from reference/random_numbers.py.
  const auto by_row = [](std::initializer_list<double> values, Index cols) {
    Matrix<double> result(static_cast<Index>(values.size()) / cols, cols);
    Index i = 0;
    for (const double value : values) {
      result(i / cols, i % cols) = value;
      ++i;
    }
    return result;
  };
  Matrix<double> uniform(2, 2), glorot(2, 2);
  Random first(1), second(2);
  set_uniform(uniform, 0.7, first);
  set_glorot(glorot, 3, 7, second);
  CHECK(uniform ==
        by_row({0x1.22e8a32f8b8dfp-2, 0x1.a8f3a453ea18cp-4, 0x1.d4c45aff52ff9p-6, -0x1.37952762b1e90p-3}, 2));
  CHECK(glorot ==
        by_row({-0x1.3b8bddb06f6d5p-1, -0x1.f55a8f8a85d40p-2, 0x1.65c137d5ca908p-2, 0x1.892fb32690bbep-2}, 2));
  CHECK(orthogonal<double>(2, 2, 3) == by_row({-0x1.5129dp-3, 0x1.f9038cp-1, 0x1.f9039p-1, 0x1.5129dp-3}, 2));
  CHECK(orthogonal<double>(3, 1, 4) == by_row({-1, -1, 0x1.fffffcp-1}, 1));
}

TEST_CASE("a fresh LSTM has the same bits on every platform, compiler and flag", "[initializers]") {
  // From reference/random_numbers.py: hashes of all weights of seed 5.
  struct Known {
    Index inputs, hidden;
    std::uint64_t standard_float, standard_double, pytorch_float, pytorch_double;
  };
  constexpr Known known[] = {
      {1, 1, 0x18b368a7631850e1u, 0x2f99cb4c1dd968a7u, 0xe8112c8ec12c1837u, 0x3766c538e9e8a64du},
      {3, 7, 0x11e79916d7696309u, 0x3224a248fd82f631u, 0xa15ccbe8a515881du, 0x69be665ca19df5d0u},
      {5, 64, 0xa74166341254acbu, 0xd73d592d823e5832u, 0xb66be2460b146aa7u, 0xa6fe8bb68b0f77a8u},
  };
  for (const Known& expected : known) {
    CAPTURE(expected.inputs, expected.hidden);
    const auto of = [&](auto model, Initial initial) {
      Random random(5);
      model.initialize(random, initial);
      return fingerprint(model);
    };
    const auto single = Lstm<float>::zeros(expected.inputs, expected.hidden);
    const auto twice = Lstm<double>::zeros(expected.inputs, expected.hidden);
    CHECK(of(single, Initial::standard) == expected.standard_float);
    CHECK(of(twice, Initial::standard) == expected.standard_double);
    CHECK(of(single, Initial::pytorch) == expected.pytorch_float);
    CHECK(of(twice, Initial::pytorch) == expected.pytorch_double);
  }
}

TEMPLATE_TEST_CASE("input weights lie within Glorot's limits, biases are the cell's", "[initializers]", float, double) {
  constexpr Index inputs = 30, hidden = 70;
  const double glorot = std::sqrt(6.0 / (inputs + hidden));
  Random random(6);
  const auto check = [&](const auto& layer, const std::vector<double>& bias) {
    CAPTURE(layer.name());
    check_uniform<TestType>("weight_ih", layer.weight_ih, glorot);
    for (std::size_t gate = 0; gate < bias.size(); ++gate) {
      const auto of_gate = layer.bias.segment(static_cast<Index>(gate) * hidden, hidden);
      CHECK(of_gate == Vector<TestType>::Constant(hidden, static_cast<TestType>(bias[gate])));
    }
  };
  check(Rnn<TestType>(inputs, hidden, random), {0});
  check(ReluRnn<TestType>(inputs, hidden, random), {0});
  check(Lstm<TestType>(inputs, hidden, random), {0, 1, 0, 0});
  check(Gru<TestType>(inputs, hidden, random), {0, 0, 0, 0});
  check(OriginalGru<TestType>(inputs, hidden, random), {0, 0, 0});

  const Dense<TestType> dense(inputs, hidden, random);
  check_uniform<TestType>("weight", dense.weight, glorot);
  CHECK(dense.bias == Vector<TestType>::Zero(hidden));
}

TEMPLATE_TEST_CASE("PyTorch's initial weights are all uniform in +-1/sqrt(H), Dense's in +-1/sqrt(I)", "[initializers]",
                   float, double) {
  constexpr Index inputs = 30, hidden = 70;
  Random random(7);
  const auto check = [&](auto layer, double limit) {
    layer.initialize(random, Initial::pytorch);
    const auto each = [&](const std::string& name, const auto& tensor) {
      check_uniform<TestType>(name, tensor, limit);
    };
    for_each_tensor(each, layer);
  };
  check(Rnn<TestType>::zeros(inputs, hidden), 1 / std::sqrt(70.0));
  check(Lstm<TestType>::zeros(inputs, hidden), 1 / std::sqrt(70.0));
  check(Gru<TestType>::zeros(inputs, hidden), 1 / std::sqrt(70.0));
  check(Dense<TestType>::zeros(inputs, hidden), 1 / std::sqrt(30.0));
}

TEST_CASE("the generator's place decides the weights", "[initializers]") {
  Random random(8), again(8);
  const Gru<double> first(3, 7, random), second(3, 7, random), repeated(3, 7, again);
  CHECK(flat(first) == flat(repeated));
  CHECK(flat(first) != flat(second));

  auto redrawn = second;
  Random once_more(8);
  redrawn.initialize(once_more);
  CHECK(flat(redrawn) == flat(first));
}
