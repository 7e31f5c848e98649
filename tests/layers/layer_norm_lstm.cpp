#include "unroll/layers/layer_norm_lstm.hpp"

#include "engine/alone.hpp"
#include "engine/frozen.hpp"
#include "layers/layer_contract.hpp"
#include "reference/read_vectors.hpp"

using namespace engine_test;

namespace {

using Normed = LayerNormLstm<double>;

constexpr Readout readouts[] = {Readout::all, Readout::last, Readout::mean};

/// A layer whose gains and biases are no ones and zeros.
Normed any(Index inputs, Index hidden, Unrolling how = {}, std::uint64_t seed = 1) {
  Random random(seed);
  Normed layer(inputs, hidden, random, how);
  for (auto* tensor : {&layer.bias, &layer.gain_ih, &layer.gain_hh, &layer.gain_c, &layer.bias_c})
    for (double& value : *tensor) value += random.uniform(0.5);
  return layer;
}

/// Sample 0 has none; resets at the first step, in a row, at the last step, past the end.
Batch with_resets(Index steps, Index size) {
  Batch batch{.size = size};
  batch.resets.resize(static_cast<std::size_t>(steps * size));
  for (Index b = 1; b < size; ++b)
    for (Index t = b - 1; t < steps; t += b + 1) batch.resets[static_cast<std::size_t>(t * size + b)] = true;
  return batch;
}

Normed::State some_state(Index hidden, Index batch) { return {{drawn(hidden, batch, 51), drawn(hidden, batch, 52)}}; }

/// What the layer must say of its file in tests/data/torch, where it has PyTorch's precision.
template <class Scalar>
void compare_with_torch(const std::string& name, Direction direction, double tolerance) {
  const Vectors torch(UNROLL_TEST_DATA "/torch/" + name + ".txt");
  using L = LayerNormLstm<Scalar>;
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

  L layer = L::zeros(torch["weight_ih"].cols(), torch["weight_hh"].cols(), {direction});
  for_each_tensor([&](const std::string& tensor, auto& value) { value = read(tensor); }, layer);
  Batch batch{.size = torch["h_0"].cols()};
  if (torch.has("lengths"))
    for (const double length : torch["lengths"].reshaped()) batch.lengths.push_back(static_cast<Index>(length));
  typename L::Tape tape;
  same("y", layer.forward(read("x"), tape, batch, {{read("h_0"), read("c_0")}}));
  same("h_n", tape.final_state.values[0]);
  same("c_n", tape.final_state.values[1]);
  L gradient = zeros_like(layer);
  same("d_x", layer.backward(read("x"), read("d_y"), tape, gradient, {}, {{read("d_h_n"), read("d_c_n")}}));
  same("d_h_0", tape.d_initial.values[0]);
  same("d_c_0", tape.d_initial.values[1]);
  for_each_tensor([&](const std::string& tensor, const auto& value) { same("d_" + tensor, value); }, gradient);
  CHECK(compared == 13);
}

}  // namespace

TEST_CASE("outputs and gradients are PyTorch's", "[layer_norm_lstm]") {
  compare_with_torch<double>("layer_norm_lstm", Direction::forward, 1e-12);
  compare_with_torch<double>("layer_norm_lstm_reverse_ragged", Direction::reverse, 1e-12);
  compare_with_torch<float>("layer_norm_lstm", Direction::forward, 1e-5);
  compare_with_torch<float>("layer_norm_lstm_reverse_ragged", Direction::reverse, 1e-5);
}

TEST_CASE("the weights' scale does not matter", "[layer_norm_lstm]") {
  Normed layer = any(3, 7), scaled = layer;
  scaled.weight_ih *= 1000;
  scaled.weight_hh *= 1000;
  Normed::Tape tape;
  const Matrix<double> x = drawn(3, 15), y = layer.forward(x, tape, {.size = 3}, some_state(7, 3));
  CHECK(close(scaled.forward(x, tape, {.size = 3}, some_state(7, 3)), y, 1e-3));  // but for the epsilon
}

TEST_CASE("a fresh layer", "[layer_norm_lstm]") {
  Random random(3), same(3);
  const LayerNormLstm<float> layer(3, 7, random);
  const Lstm<float> lstm(3, 7, same);
  CHECK(tensor_names(layer) ==
        std::vector<std::string>{"weight_ih", "weight_hh", "bias", "gain_ih", "gain_hh", "gain_c", "bias_c"});
  CHECK(layer.weight_ih == lstm.weight_ih);
  CHECK(layer.weight_hh == lstm.weight_hh);
  CHECK(layer.bias == lstm.bias);
  CHECK(layer.gain_ih == Vector<float>::Ones(28));
  CHECK(layer.gain_hh == Vector<float>::Ones(28));
  CHECK(layer.gain_c == Vector<float>::Ones(7));
  CHECK(layer.bias_c == Vector<float>::Zero(7));
  CHECK_THROWS_WITH(Normed::zeros(0, 3), "LayerNormLstm: input_size is 0, expected at least 1");
  CHECK_THROWS_WITH(Normed::zeros(3, 0), "LayerNormLstm: hidden_size is 0, expected at least 1");
  CHECK_THROWS_WITH(Normed::zeros(3, 5, {.zoneout = 0.1}), "LayerNormLstm: it has no recurrent dropout and no zoneout");
}

TEST_CASE("gradients are those of central differences", "[layer_norm_lstm]") {
  const auto check = [](Index hidden, Unrolling how, Index steps, const Batch& batch) {
    CAPTURE(hidden, how.direction == Direction::reverse, static_cast<int>(how.readout), steps, batch.size);
    const auto report = testing::check_gradient(any(3, hidden, how), drawn(3, steps * batch.size), batch,
                                                {.entries = 20}, some_state(hidden, batch.size));
    CAPTURE(report.where);
    CHECK(report.worst <= (hidden == 1 ? 1e-6 : 1e-7));  // W_hh h is then all but free of h's size: little is left
  };
  for (const Direction direction : directions) {
    for (const Readout readout : readouts) {
      check(7, {direction, readout}, 5, {.size = 3});
      check(9, {direction, readout}, 5, {.size = 3, .lengths = {5, 0, 2}});
    }
    check(5, {direction}, 6, with_resets(6, 4));
    check(1, {direction}, 4, {.size = 2});
    check(17, {direction}, 3, {.size = 2});
    check(7, {direction}, 0, {.size = 3});
  }
}

TEST_CASE("truncated gradients are those of frozen states", "[layer_norm_lstm]") {
  for (const Direction direction : directions)
    for (const Truncation& truncation : {Truncation{3, 0}, {5, 2}, {11, 11}, {4, 1}, {1, 1}})
      for (const bool irregular : {false, true}) {
        CAPTURE(direction == Direction::reverse, truncation.window, truncation.stride, irregular);
        Random random(10);
        Batch batch{.size = 4};
        if (irregular) {
          batch = with_resets(11, 4);
          batch.lengths = {11, 0, 4, 7};
        }
        testing::GradientCheckOptions options{.entries = 12};
        options.backward.truncation = truncation;
        const Normed layer = any(3, 5, {direction});
        const auto report = check_truncated_gradient(layer, random_sequence(layer, 11, batch, random), options);
        CAPTURE(report.where);
        CHECK(report.worst <= 1e-7);
      }
}

TEST_CASE("a layer-normalised LSTM keeps to what every layer does", "[layer_norm_lstm]") {
  const Matrix<double> x = drawn(3, 6);
  const Speakers speakers{"LayerNormLstm", "LayerNormLstm", "LayerNormLstm"};
  for (const Direction direction : directions) {
    const Normed layer = any(3, 7, {direction});
    check_backward(layer, x, {.size = 3}, speakers);
    check_shapes(layer, x, {.size = 3}, speakers);
    check_values(layer, x, {.size = 3}, any(2, 1, {direction}));
    check_ragged(layer, drawn(3, 15), {5, 2, 0});
    check_batches(layer, x, "LayerNormLstm");
    check_reuse(any(9, 9, {direction}), drawn(9, 5));
    check_foreign_tape(
        layer, any(3, 90, {direction}),
        "LayerNormLstm::backward: the tape is of a layer of 3 inputs and 90 units, this one has 3 and 7");
  }
  for (const Index hidden : {1, 4, 7, 8, 19}) check_stream(any(3, hidden), drawn(3, 12));
}

TEST_CASE("samples do not touch one another, to the bit", "[layer_norm_lstm]") {
  for (const Direction direction : directions)
    for (const Index hidden : {5, 16}) {
      CAPTURE(direction == Direction::reverse, hidden);
      Random random(4);
      const Normed layer = any(3, hidden, {direction});
      check_is_its_episodes(layer, 9, {.size = 7}, random);
      check_is_its_episodes(layer, 9, {.size = 6, .lengths = {9, 0, 1, 7, 4, 9}}, random);
      Batch both = with_resets(9, 6);
      check_is_its_episodes(layer, 9, both, random);
      both.lengths = {9, 0, 1, 7, 4, 9};
      check_is_its_episodes(layer, 9, both, random);
      for (const Readout readout : readouts)
        check_is_its_episodes(any(3, hidden, {direction, readout}), 9, {.size = 3, .lengths = {9, 0, 4}}, random);
    }
}

TEST_CASE("a pass for inference alone keeps the bits and refuses the way back", "[layer_norm_lstm]") {
  const Normed layer = any(3, 130);
  const Matrix<double> x = drawn(3, 600);  // more columns than are projected at once
  Normed::Tape recorded, unrecorded;
  const Matrix<double> y = layer.forward(x, recorded, {.size = 2});
  CHECK(layer.forward(x, unrecorded, {.size = 2, .record = false}) == y);
  CHECK(unrecorded.gates.columns() < recorded.gates.columns());
  Normed gradient = zeros_like(layer);
  CHECK_THROWS_WITH(layer.backward(x, y, unrecorded, gradient),
                    "LayerNormLstm::backward: the forward pass was not recorded (Batch::record)");
}

TEST_CASE("the norms of dL/dh are recorded, and clipping limits dL/d pre-activation", "[layer_norm_lstm]") {
  const Normed layer = any(3, 7);
  const Matrix<double> x = drawn(3, 12), d_y = drawn(7, 12, 5);
  Normed::Tape tape;
  Normed gradient = zeros_like(layer);
  layer.forward(x, tape, {.size = 2});
  layer.backward(x, d_y, tape, gradient, {.record_norms = true});
  REQUIRE(tape.d_h_norms.size() == 6);
  CHECK(tape.d_h_norms[5] == Approx(d_y.rightCols(2).norm()).epsilon(1e-14));
  // What reaches the h of step 2 is the gradient of the initial state of the steps behind it.
  Normed::Tape head, tail;
  layer.forward(x.leftCols(6), head, {.size = 2});
  layer.forward(x.rightCols(6), tail, {.size = 2}, head.final_state);
  Normed unused = zeros_like(layer);
  layer.backward(x.rightCols(6), d_y.rightCols(6), tail, unused);
  CHECK(tape.d_h_norms[2] == Approx((d_y.middleCols(4, 2) + tail.d_initial.values[0]).norm()).epsilon(1e-13));

  double squares = 0, largest = 0;
  for (Index j = 0; j < 12; ++j)
    for (Index unit = 0; unit < 7; ++unit)
      for (int gate = 0; gate < 4; ++gate) {
        squares += std::pow(tape.gates.value(gate, unit, j), 2);
        largest = std::max(largest, std::abs(tape.gates.value(gate, unit, j)));
      }
  CHECK(!tape.clip_report.clipped);
  Normed unclipped = zeros_like(layer), clipped = zeros_like(layer);
  layer.forward(x, tape, {.size = 2});
  layer.backward(x, d_y, tape, unclipped, {.clip = 2 * largest});
  CHECK(!tape.clip_report.clipped);
  CHECK(tape.clip_report.norm == Approx(std::sqrt(squares)).epsilon(1e-13));
  CHECK(flat(unclipped) == flat(gradient));
  layer.forward(x, tape, {.size = 2});
  layer.backward(x, d_y, tape, clipped, {.clip = 0.001});
  CHECK(tape.clip_report.clipped);
  CHECK(clipped.bias.cwiseAbs().maxCoeff() <= 12 * 0.001 * (1 + 1e-15));
  for (Index j = 0; j < 12; ++j)
    for (Index unit = 0; unit < 7; ++unit) CHECK(std::abs(tape.gates.value(0, unit, j)) <= 0.001);
}

TEST_CASE("it is a layer of models", "[layer_norm_lstm]") {
  Random random(6);
  const auto check = [&](const auto& model) {
    const auto report =
        testing::check_gradient(model, drawn(3, 12), {.size = 3, .lengths = {4, 1, 3}}, {.entries = 10});
    CAPTURE(report.where);
    CHECK(report.worst <= 1e-7);
  };
  const Sequential model{LayerNormLstm<double>(3, 5, random), Dense<double>(5, 2, random)};
  check(model);
  check(Stack<LayerNormLstm<double>>(2, 3, 5, random));
  check(Bidirectional<LayerNormLstm<double>>(3, 5, random));
  check_stream(model, drawn(3, 12));
}

TEST_CASE("weights in fewer bits stream close to the full ones", "[layer_norm_lstm]") {
  Random random(7);
  const LayerNormLstm<float> layer(3, 20, random);
  const Matrix<float> x = drawn(3, 30).cast<float>();
  CHECK(compare_storage(layer, WeightStorage::full, x).largest == 0);
  for (const auto& [storage, tolerance] : {std::pair(WeightStorage::bfloat16, 0.02), {WeightStorage::int8, 0.05}}) {
    const StorageReport report = compare_storage(layer, storage, x);
    CHECK(report.largest > 0);
    CHECK(report.largest < tolerance);
  }
}

TEST_CASE("what does not fit is refused in the layer's name", "[layer_norm_lstm]") {
  Normed layer = any(3, 5);
  Normed::Tape tape;
  CHECK_THROWS_WITH(layer.forward(drawn(2, 4), tape), "LayerNormLstm::forward: x has 2 rows, expected input_size 3");
  CHECK_THROWS_WITH(layer.forward(drawn(3, 4), tape, {}, {{drawn(5, 1), drawn(4, 1)}}),
                    "LayerNormLstm::forward: the initial state c is 4 x 1, expected 5 x 1");
  layer.forward(drawn(3, 4), tape);
  Normed other = zeros_like(layer);
  other.gain_c.resize(4);
  CHECK_THROWS_WITH(layer.backward(drawn(3, 4), drawn(5, 4), tape, other),
                    "LayerNormLstm::backward: the gradient's gain_c is 4 x 1, the model's is 5 x 1");
  Normed gradient = zeros_like(layer);
  CHECK_THROWS_WITH(layer.backward(drawn(3, 4), drawn(5, 4), tape, gradient, {.clip = -1}),
                    "LayerNormLstm::backward: clip is -1, expected at least 0");
  layer.gain_hh.resize(3);
  CHECK_THROWS_WITH(layer.forward(drawn(3, 4), tape), "LayerNormLstm: gain_hh has 3 rows, expected 20");
  CHECK_THROWS_WITH(layer.stream(), "LayerNormLstm: gain_hh has 3 rows, expected 20");
  CHECK_THROWS_WITH(any(3, 5, {Direction::reverse}).stream(),
                    "LayerNormLstm::stream: a reverse layer needs the whole sequence");
  CHECK_THROWS_WITH(any(3, 5).stream(WeightStorage::int8),
                    "LayerNormLstm::stream: only the weights of a float model can be kept in fewer bits");
}

TEST_CASE("a number that is not finite is found at its place", "[layer_norm_lstm]") {
  Normed layer = any(3, 5);
  Normed::Tape tape;
  layer.forward(drawn(3, 4), tape, {.size = 2});
  CHECK(place(layer.find_non_finite(tape)) == "");
  layer.bias[1 * 5 + 3] = std::numeric_limits<double>::quiet_NaN();
  layer.forward(drawn(3, 4), tape, {.size = 2});
  CHECK(place(layer.find_non_finite(tape)) == "LayerNormLstm f 0 0 forward");
}

TEST_CASE("over many columns the gradients in float are those in double", "[layer_norm]") {
  const Normed wide = any(2, 3);
  auto layer = LayerNormLstm<float>::zeros(2, 3), gradient = layer;
  for_each_tensor([](const std::string&, auto& to, auto& from) { to = from.template cast<float>(); }, layer, wide);
  auto exact = zeros_like(wide);
  const Index columns = 64 * 4000;
  const Matrix<double> x = drawn(2, columns, 3), d_y = drawn(3, columns, 4).array() + 0.2;
  Normed::Tape wide_tape;
  LayerNormLstm<float>::Tape tape;
  wide.forward(x, wide_tape, {.size = 64});
  wide.backward(x, d_y, wide_tape, exact);
  layer.forward(x.cast<float>(), tape, {.size = 64});
  layer.backward(x.cast<float>(), d_y.cast<float>(), tape, gradient);
  const auto compare = [](const std::string& name, const auto& given, const auto& expected) {
    CAPTURE(name);
    CHECK((given.template cast<double>() - expected).norm() <= 2e-6 * expected.norm());
  };
  for_each_tensor(compare, gradient, exact);
}
