// Forward pass and all gradients of the layers of step_vectors.py, beside this file, against PyTorch's operations.

#include <algorithm>
#include <string>

#include "catch.hpp"
#include "read_vectors.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;

namespace {

/// The layer L must give what its file in tests/data/torch says, where it has PyTorch's precision.
template <class L>
void compare(const std::string& file, Direction direction, double tolerance) {
  using Scalar = typename L::Scalar;
  const Vectors torch(UNROLL_TEST_DATA "/torch/" + file + ".txt");
  const auto read = [&](const std::string& tensor) -> Matrix<Scalar> { return torch[tensor].cast<Scalar>(); };
  const std::string prefix = std::is_same_v<Scalar, double> ? "f64." : "f32.";
  std::size_t compared = 0;
  const auto same = [&](const std::string& tensor, const Matrix<Scalar>& given) {
    INFO(torch.path() << ": " << prefix << tensor);
    const Eigen::MatrixXd& expected = torch[prefix + tensor];
    REQUIRE(given.rows() == expected.rows());
    REQUIRE(given.cols() == expected.cols());
    CHECK((given.template cast<double>() - expected).cwiseAbs().maxCoeff() <=
          tolerance * (1 + expected.cwiseAbs().maxCoeff()));
    ++compared;
  };

  const Index inputs = torch["x"].rows(), outputs = torch["h_0"].rows();
  auto layer = [&] {
    if constexpr (requires { L::zeros(inputs, outputs, outputs); })
      return L::zeros(inputs, torch["c_0"].rows(), outputs, {direction});
    else
      return L::zeros(inputs, outputs, {direction});
  }();
  for_each_tensor([&](const std::string& tensor, auto& value) { value = read(tensor); }, layer);
  Batch batch{.size = torch["h_0"].cols()};
  if (torch.has("lengths"))
    for (const double length : torch["lengths"].reshaped()) batch.lengths.push_back(static_cast<Index>(length));
  typename L::State initial, d_final;
  const auto& names = L::Cell::state_names;
  for (std::size_t n = 0; n < names.size(); ++n) {
    initial.values[n] = read(std::string(names[n]) + "_0");
    d_final.values[n] = read(std::string("d_") + names[n] + "_n");
  }
  typename L::Tape tape;
  L gradient = zeros_like(layer);
  same("y", layer.forward(read("x"), tape, batch, initial));
  for (std::size_t n = 0; n < names.size(); ++n) same(std::string(names[n]) + "_n", tape.final_state.values[n]);
  same("d_x", layer.backward(read("x"), read("d_y"), tape, gradient, {}, d_final));
  for (std::size_t n = 0; n < names.size(); ++n) same(std::string("d_") + names[n] + "_0", tape.d_initial.values[n]);
  for_each_tensor([&](const std::string& tensor, const auto& value) { same("d_" + tensor, value); }, gradient);
  const auto is_of_prefix = [&](const auto& tensor) { return tensor.first.starts_with(prefix); };
  CHECK(compared ==
        static_cast<std::size_t>(std::count_if(torch.tensors().begin(), torch.tensors().end(), is_of_prefix)));
}

template <template <class> class L>
void compare_all(const std::string& file) {
  compare<L<double>>(file, Direction::forward, 1e-12);
  compare<L<double>>(file + "_reverse_ragged", Direction::reverse, 1e-12);
  compare<L<float>>(file, Direction::forward, 1e-5);
  compare<L<float>>(file + "_reverse_ragged", Direction::reverse, 1e-5);
}

template <class Scalar>
using AnyLayerNormLstm = LayerNormLstm<Scalar>;
template <class Scalar>
using AnyProjectedLstm = ProjectedLstm<Scalar>;
template <class Scalar>
using AnyPeepholeLstm = PeepholeLstm<Scalar>;
template <class Scalar>
using AnyMinGru = MinGru<Scalar>;
template <class Scalar>
using AnyMinLstm = MinLstm<Scalar>;

}  // namespace

TEST_CASE("outputs and gradients are those of PyTorch's operations", "[steps]") {
  compare_all<AnyLayerNormLstm>("layer_norm_lstm");
  compare_all<AnyProjectedLstm>("projected_lstm");
  compare_all<AnyPeepholeLstm>("peephole_lstm");
  compare_all<AnyMinGru>("min_gru");
  compare_all<AnyMinLstm>("min_lstm");
}
