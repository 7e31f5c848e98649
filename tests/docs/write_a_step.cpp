// Runs the layer of docs/write_a_step.md: what its page promises, and what the layers with steps of ours keep to.
#include "layers/recurrent_contract.hpp"
#include "write_a_step_page.hpp"

using namespace engine_test;
using page::NormedRnn;

namespace {

using Normed = NormedRnn<double>;

const auto make = [](Index inputs, Index hidden, Unrolling how) {
  how.zoneout_cell_state = 0;  // h is the only state
  Random random(1);
  Normed layer(inputs, hidden, random, how);
  for (double& value : layer.bias) value += random.uniform(0.5);
  return layer;
};

}  // namespace

TEST_CASE("the page's own checks hold", "[write_a_step]") { page::blocks(); }

TEST_CASE("outputs are those of the two equations", "[write_a_step]") {
  const Normed layer = make(3, 7, {});
  const Matrix<double> x = drawn(3, 12);
  Normed::Tape tape;
  const auto y = layer.forward(x, tape);
  Vector<double> h = Vector<double>::Zero(7);
  for (Index t = 0; t < x.cols(); ++t) {
    Vector<double> made = layer.weight_ih * x.col(t) + layer.weight_hh * h + layer.bias;
    double squares = 0;
    for (Index unit = 0; unit < 7; ++unit) {
      made[unit] = h[unit] + std::tanh(made[unit]);
      squares += made[unit] * made[unit];
    }
    h = made / std::sqrt(squares / 7 + 1e-5);
    CHECK((y.col(t) - h).norm() <= 1e-12);
  }
}

TEST_CASE("gradients are those of central differences", "[write_a_step]") {
  check_gradients([](Index inputs, Index hidden, Unrolling how) {
    return make(inputs, (std::max)(hidden, Index{5}), how);  // a single unit becomes 1 or -1, which has no slope
  });
}
TEST_CASE("truncated gradients are those of frozen states", "[write_a_step]") { check_truncation(make); }
TEST_CASE("samples do not touch one another, to the bit", "[write_a_step]") { check_bits(make); }
TEST_CASE("it keeps to what every layer does", "[write_a_step]") {
  check_layer(make, "NormedRnn", make(3, 90, {}));
  check_reuse(make(9, 9, {}), drawn(9, 5));
  check_unrecorded(make, "NormedRnn");
}

TEST_CASE("threads give the same bits", "[write_a_step]") {
  const Normed layer = make(3, 130, {.zoneout = 0.3});
  const Matrix<double> x = drawn(3, 40 * 12), d_y = drawn(130, 40 * 12, 5);
  const Batch batch{.size = 12, .lengths = {40, 40, 3, 0, 17, 40, 39, 1, 40, 8, 9, 40}};
  ThreadPool pool(3);
  Normed::Tape alone, shared;
  Normed gradient = zeros_like(layer), other = gradient;
  const ForwardOptions one{.dropout_seed = 4}, several{.dropout_seed = 4, .pool = &pool};
  CHECK((layer.forward(x, alone, batch, {}, one) == layer.forward(x, shared, batch, {}, several)));
  CHECK((layer.backward(x, d_y, alone, gradient, {.clip = 0.01}) ==
         layer.backward(x, d_y, shared, other, {.clip = 0.01})));
  CHECK(alone.clip_report.clipped);
  CHECK(alone.gates.value(0, 5, 12) <= 0.01);
  CHECK(flat(gradient) == flat(other));
}

TEST_CASE("sizes may be known at compile time, to the same bits", "[write_a_step]") {
  Random random(8), same(8);
  const Normed layer(3, 7, random);
  const NormedRnn<double, 3, 7> fixed(same);
  check_equal(layer, fixed, drawn(3, 6), {.size = 2});
}

TEST_CASE("weights in fewer bits stream close to the full ones", "[write_a_step]") {
  Random random(7);
  const NormedRnn<float> layer(3, 20, random);
  const Matrix<float> x = drawn(3, 5).cast<float>();
  CHECK(compare_storage(layer, Full(), x).largest == 0);
  const StorageReport report = compare_storage(layer, Int8(), x);
  CHECK(report.largest > 0);
  CHECK(report.largest < 0.05);
}
