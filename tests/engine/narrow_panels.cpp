// Streams with weights in fewer bits: the model whose weights were rounded so, near the full one.

#include "unroll/engine/narrow_panels.hpp"

#include "passes.hpp"

using namespace engine_test;

namespace {

/// The model with its weights rounded as the storage does.
template <class Cell>
Recurrent<Cell, float> rounded(Recurrent<Cell, float> model, WeightStorage storage) {
  const auto round = [&](float value, float scale) {
    return storage == WeightStorage::bfloat16 ? static_cast<float>(Eigen::bfloat16(value))
                                              : scale * std::round(value / scale);
  };
  const auto scale_of = [](float largest) { return largest > 0 ? largest / 127 : 1.0f; };
  Matrix<float>&w_ih = model.weight_ih, &w_hh = model.weight_hh;
  const Index units = model.hidden_size();
  constexpr GateRun in = input_gates<Cell>(), recurrent = recurrent_gates<Cell>();
  for (Index row = 0; row < gate_count<Cell> * units; ++row) {
    const Index ih = row - in.first * units, hh = row - recurrent.first * units;
    const bool has_ih = ih >= 0 && ih < w_ih.rows(), has_hh = hh >= 0 && hh < w_hh.rows();
    const float scale = scale_of(std::max(has_ih ? w_ih.row(ih).cwiseAbs().maxCoeff() : 0.0f,
                                          has_hh ? w_hh.row(hh).cwiseAbs().maxCoeff() : 0.0f));
    for (Index k = 0; has_ih && k < w_ih.cols(); ++k) w_ih(ih, k) = round(w_ih(ih, k), scale);
    for (Index k = 0; has_hh && k < w_hh.cols(); ++k) w_hh(hh, k) = round(w_hh(hh, k), scale);
  }
  return model;
}

constexpr WeightStorage storages[] = {WeightStorage::bfloat16, WeightStorage::int8};

}  // namespace

TEMPLATE_LIST_TEST_CASE("a stream in fewer bits is that of the rounded weights", "[narrow_panels]", AllCells) {
  using Model = Recurrent<TestType, float>;
  for (const WeightStorage storage : storages)
    for (const Index inputs : {1, 2, 3, 5})
      for (const Index hidden : {1, 7, 24, 37}) {
        CAPTURE(TestType::name, storage == WeightStorage::int8, inputs, hidden);
        Random random(1);
        Model model = with_biases(Model(inputs, hidden, random), random);
        if (model.weight_hh.rows() > 0) model.weight_hh.row(0).setZero();
        Stream full(rounded(model, storage));
        Stream small(model, storage);
        const Matrix<float> x = random_matrix<float>(inputs, 6, random);
        for (Index t = 0; t < x.cols(); ++t) {
          const Vector<float> expected = full.step(x.col(t)), given = small.step(x.col(t));
          if (storage == WeightStorage::bfloat16)
            CHECK(given == expected);
          else
            CHECK(relative_difference(given, expected) <= 2e-5);
        }
      }
}

TEST_CASE("a report says how far outputs move", "[narrow_panels]") {
  Random random(2);
  const Sequential model{Lstm<float>(5, 40, random), Gru<float>(40, 24, random), Dense<float>(24, 3, random)};
  const Matrix<float> x = random_matrix<float>(5, 50, random);
  const StorageReport none = compare_storage(model, WeightStorage::full, x);
  CHECK(none.largest == 0);
  CHECK(none.root_mean == 0);
  CHECK(none.largest_output > 0.1);
  for (const WeightStorage storage : storages) {
    const StorageReport report = compare_storage(model, storage, x);
    CHECK(report.largest > 0);
    CHECK(report.largest < 0.03 * report.largest_output);
    CHECK(report.root_mean < report.largest);
  }
  CHECK_THROWS_WITH(compare_storage(model, WeightStorage::int8, x.topRows(4)),
                    "compare_storage: x has 4 rows, expected input_size 5");
}

TEST_CASE("a dense head is kept in fewer bits too", "[narrow_panels]") {
  Random random(3);
  const Dense<float> head = with_biases(Dense<float>(37, 21, random), random);
  const Vector<float> x = random_matrix<float>(37, 1, random);
  const Vector<float> full = Stream(head).step(x);
  for (const WeightStorage storage : storages) {
    const Vector<float> given = Stream(head, storage).step(x);
    CHECK(given != full);
    CHECK(relative_difference(given, full) < 0.03);
  }
}

TEST_CASE("fewer bits are for models of float", "[narrow_panels]") {
  Random random(4);
  CHECK_THROWS_WITH(Stream(Lstm<double>(2, 3, random), WeightStorage::int8),
                    "Lstm::stream: only the weights of a float model can be kept in fewer bits");
  CHECK_THROWS_WITH(Stream(Dense<double>(2, 3, random), WeightStorage::bfloat16),
                    "Dense::stream: only the weights of a float model can be kept in fewer bits");
}
