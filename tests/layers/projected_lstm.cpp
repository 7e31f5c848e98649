#include "unroll/layers/projected_lstm.hpp"

#include "layers/recurrent_contract.hpp"

using namespace engine_test;

namespace {

/// 4 outputs, whatever the units.
const auto make = [](Index inputs, Index hidden, Unrolling how) {
  Random random(1);
  return with_biases(ProjectedLstm<double>(inputs, hidden, 4, random, how), random);
};

}  // namespace

TEST_CASE("gradients are those of central differences", "[projected_lstm]") { check_gradients(make); }
TEST_CASE("truncated gradients are those of frozen states", "[projected_lstm]") { check_truncation(make); }
TEST_CASE("samples do not touch one another, to the bit", "[projected_lstm]") { check_bits(make); }
TEST_CASE("a projected LSTM keeps to what every layer does", "[projected_lstm]") {
  check_layer(make, "ProjectedLstm", make(3, 90, {}));
}
TEST_CASE("a pass for inference alone keeps the bits", "[projected_lstm]") { check_unrecorded(make, "ProjectedLstm"); }
TEST_CASE("the norms of dL/dh are recorded, and clipping limits dL/d pre-activation", "[projected_lstm]") {
  check_norms_and_clipping(make);
}

TEST_CASE("sizes", "[projected_lstm]") {
  Random random(2);
  const ProjectedLstm<float> layer(3, 7, 2, random);
  CHECK(layer.input_size() == 3);
  CHECK(layer.hidden_size() == 7);
  CHECK(layer.output_size() == 2);
  CHECK(tensor_names(layer) == std::vector<std::string>{"weight_ih", "weight_hh", "bias", "weight_hr"});
  CHECK(parameter_count(layer) == 28 * 3 + 28 * 2 + 28 + 2 * 7);
  CHECK_THROWS_WITH(ProjectedLstm<float>::zeros(3, 7, 0), "ProjectedLstm: output_size is 0, expected at least 1");
  CHECK_THROWS_WITH((ProjectedLstm<float, 3, 2>::zeros(3, 7, 4)), "ProjectedLstm: output_size is 4, expected 2");

  ProjectedLstm<float>::Tape tape, of_other;
  auto broken = layer;
  broken.weight_hr.resize(2, 6);
  CHECK_THROWS_WITH(broken.forward(Matrix<float>::Zero(3, 4), tape),
                    "ProjectedLstm: weight_ih is 28 x 3, expected 24 x 3");
  CHECK_THROWS_WITH(layer.forward(Matrix<float>::Zero(3, 4), tape, {}, {{Matrix<float>::Zero(7, 1), {}}}),
                    "ProjectedLstm::forward: the initial state h is 7 x 1, expected 2 x 1");
  const ProjectedLstm<float> other(3, 7, 5, random);
  other.forward(Matrix<float>::Zero(3, 4), of_other);
  auto gradient = zeros_like(layer);
  CHECK_THROWS_WITH(layer.backward(Matrix<float>::Zero(3, 4), Matrix<float>::Zero(2, 4), of_other, gradient),
                    "ProjectedLstm::backward: the tape is of a layer of 5 outputs, this one has 2");
}

TEST_CASE("fresh weights are PyTorch's where asked for", "[projected_lstm]") {
  Random random(3);
  ProjectedLstm<double> layer(3, 100, 50, random);
  CHECK(layer.weight_hr.cwiseAbs().maxCoeff() > 0.1);  // Glorot: up to sqrt(6 / 150) = 0.2
  layer.initialize(random, Initial::pytorch);
  const double largest = layer.weight_hr.cwiseAbs().maxCoeff();  // up to 1 / sqrt(100)
  CHECK(largest <= 0.1);
  CHECK(largest > 0.099);
}

TEST_CASE("it is a layer of models, and of as many threads as there are", "[projected_lstm]") {
  Random random(6);
  const Sequential model{ProjectedLstm<double>(3, 9, 5, random), Dense<double>(5, 2, random)};
  const auto check = [](const auto& any) {
    const auto report = testing::check_gradient(any, drawn(3, 12), {.size = 3, .lengths = {4, 1, 3}}, {.entries = 10});
    CAPTURE(report.where);
    CHECK(report.worst <= 1e-7);
  };
  check(model);
  check(Stack<ProjectedLstm<double>>(2, 3, 5, 4, random));
  check(Bidirectional(ProjectedLstm<double>(3, 5, 2, random),
                      ProjectedLstm<double>(3, 5, 2, random, {Direction::reverse})));
  check_stream(model, drawn(3, 12));
}

TEST_CASE("weights in fewer bits stream close to the full ones", "[projected_lstm]") {
  Random random(7);
  const ProjectedLstm<float> layer(3, 20, 9, random);
  const Matrix<float> x = drawn(3, 30).cast<float>();
  CHECK(compare_storage(layer, Full(), x).largest == 0);
  const auto check = [&](auto storage, double tolerance) {
    const StorageReport report = compare_storage(layer, storage, x);
    CHECK(report.largest > 0);
    CHECK(report.largest < tolerance);
  };
  check(Float16(), 0.003);
  check(Bfloat16(), 0.02);
  check(Int8(), 0.05);
}
