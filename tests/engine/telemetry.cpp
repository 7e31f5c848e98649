// Telemetry: the norms of dL/dh a step, and where the first number that is not finite came up.

#include <functional>
#include <limits>

#include "frozen.hpp"

using namespace engine_test;

namespace {

template <class Model>
typename Model::Tape tape_after(const Model& model, const Sequence<Model>& in, const BackwardOptions& options) {
  typename Model::Tape tape;
  model.forward(in.x, tape, in.batch, in.initial, in.forward);
  Model gradient = zeros_like(model);
  model.backward(in.x, in.d_y, tape, gradient, options, in.d_final);
  return tape;
}

/// The norm of dL/dh of step t: what the loss gives h directly, and what comes back from the rest of the sequence,
/// which starts from the state after step t.
template <class Cell>
double norm_of_step(const LayerOf<Cell>& layer, const Sequence<LayerOf<Cell>>& in, Index t) {
  const Index B = in.batch.size, steps = in.batch.steps(in.x.cols());
  const bool is_forward = layer.unrolling.direction == Direction::forward;
  const auto part = [&](Index first, Index last, const auto& initial) {
    return Sequence<LayerOf<Cell>>{in.x.middleCols(first * B, (last - first) * B),
                                   steps_of(in.batch, first, last - first), initial,
                                   in.d_y.middleCols(first * B, (last - first) * B), in.d_final};
  };
  const auto done = run(layer, is_forward ? part(0, t + 1, in.initial) : part(t, steps, in.initial));
  const auto rest = run(layer, is_forward ? part(t + 1, steps, done.final_state) : part(0, t, done.final_state));
  Matrix<double> d_h = in.d_y.middleCols(t * B, B);
  for (Index b = 0; b < B; ++b) {
    const bool cut = !is_forward && t > 0 && in.batch.reset(t, b);  // a flag that the rest has not
    if (!cut) d_h.col(b) += rest.d_initial.values[0].col(b);
    if (!in.batch.active(t, b, steps)) d_h.col(b).setZero();
  }
  return d_h.norm();
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("the norm of dL/dh is recorded a step", "[telemetry]", AllCells) {
  using Layer = LayerOf<TestType>;
  constexpr Index steps = 9, size = 3;
  const std::vector<Index> none, lengths = {9, 4, 6};
  std::vector<bool> resets(steps * size);
  for (const std::size_t j : {0u, 4u, 10u, 12u, 17u}) resets[j] = true;
  for (const Direction direction : directions)
    for (const auto& [some_lengths, some_resets] :
         {std::pair{none, std::vector<bool>{}}, {lengths, {}}, {none, resets}, {lengths, resets}}) {
      CAPTURE(TestType::name, direction == Direction::reverse, some_lengths.size(), some_resets.size());
      Random random(1);
      const auto layer = with_biases(Layer(3, 7, random, {direction}), random);
      const Batch batch{.size = size, .lengths = some_lengths, .resets = some_resets};
      const Sequence<Layer> in = random_sequence(layer, steps, batch, random);
      const std::vector<double> norms = tape_after(layer, in, {.record_norms = true}).d_h_norms;
      REQUIRE(norms.size() == steps);
      for (Index t = 0; t < steps; ++t)
        CHECK(norms[static_cast<std::size_t>(t)] == Approx(norm_of_step(layer, in, t)).epsilon(1e-13));
    }
}

TEST_CASE("an error's norm shows how it vanishes or explodes", "[telemetry]") {
  // One unit without input: dL/dh_t = w^(T - 1 - t).
  const auto norms = [](double w) {
    auto layer = ReluRnn<double>::zeros(1, 1);
    layer.weight_hh(0, 0) = w;
    Sequence<ReluRnn<double>> in{Matrix<double>::Zero(1, 5), {}, {}, Matrix<double>::Zero(1, 5)};
    in.initial.values[0] = Matrix<double>::Constant(1, 1, 3);
    in.d_y(0, 4) = 1;
    return tape_after(layer, in, {.record_norms = true}).d_h_norms;
  };
  CHECK(norms(0.5) == std::vector<double>{0.0625, 0.125, 0.25, 0.5, 1});
  CHECK(norms(2) == std::vector<double>{16, 8, 4, 2, 1});
}

TEST_CASE("norms are recorded on request, and anew each time", "[telemetry]") {
  Random random(2);
  const Lstm<float> layer(3, 7, random);
  const auto in = random_sequence(layer, 5, {.size = 2}, random);
  CHECK(tape_after(layer, in, {}).d_h_norms.empty());
  CHECK(tape_after(layer, random_sequence(layer, 0, {}, random), {.record_norms = true}).d_h_norms.empty());

  auto tape = tape_after(layer, in, {.record_norms = true});
  const auto first = tape.d_h_norms;
  for (const bool record : {true, false}) {
    Lstm<float> gradient = zeros_like(layer);
    layer.forward(in.x, tape, in.batch, in.initial, in.forward);
    layer.backward(in.x, in.d_y, tape, gradient, {.record_norms = record}, in.d_final);
    CHECK(tape.d_h_norms == (record ? first : std::vector<double>{}));
  }
}

TEST_CASE("every layer of a model records its norms", "[telemetry]") {
  Random random(3);
  const Sequential model{Bidirectional<Gru<float>>(3, 4, random), Lstm<float>(8, 5, random),
                         Dense<float>(5, 2, random)};
  const auto tape = tape_after(model, random_sequence(model, 6, {.size = 2}, random), {.record_norms = true});
  CHECK(std::get<0>(tape.layers).forward_layer.d_h_norms.size() == 6);
  CHECK(std::get<0>(tape.layers).reverse_layer.d_h_norms.size() == 6);
  CHECK(std::get<1>(tape.layers).d_h_norms.size() == 6);
}

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index steps = 6;

/// What is wrong with a model or its sequence, and the report that is expected; none where all is finite.
template <class Model>
struct Fault {
  std::function<void(Model&, Sequence<Model>&)> make;
  std::string report = "";
};

/// Batches of three, the sequences 4, 6 and 6 steps long.
template <class Model>
void check_faults(const Model& good, const std::vector<Fault<Model>>& faults) {
  for (const Fault<Model>& fault : faults) {
    CAPTURE(fault.report);
    Random random(4);
    Model model = good;
    Sequence<Model> in = random_sequence(good, steps, {.size = 3, .lengths = {4, 6, 6}}, random);
    fault.make(model, in);
    typename Model::Tape tape;
    const auto report = [&] {
      const auto found = model.find_non_finite(tape);
      return found ? found->message() : "";
    };
    CHECK(report() == "");  // nothing has run
    model.forward(in.x, tape, in.batch, in.initial, in.forward);
    const bool in_forward = fault.report.ends_with("(forward)");
    CHECK(report() == (in_forward ? fault.report : ""));
    Model gradient = zeros_like(model);
    model.backward(in.x, in.d_y, tape, gradient, {}, in.d_final);
    if (in_forward)
      CHECK(report() != "");  // what is left of it
    else
      CHECK(report() == fault.report);
  }
}

Index column(Index t, Index b) { return t * 3 + b; }

}  // namespace

TEST_CASE("the first number that is not finite is found where it came up", "[telemetry]") {
  Random random(5);
  using L = Lstm<double>;
  const auto nothing = [](L&, Sequence<L>&) {};
  const auto x_past_end = [](L&, Sequence<L>& in) {
    in.x.col(column(4, 0)).setConstant(nan_value);
    in.d_y.col(column(5, 0)).setConstant(infinity);
  };
  const auto x = [](L&, Sequence<L>& in) { in.x(1, column(3, 1)) = nan_value; };
  const auto forget_bias = [](L& layer, Sequence<L>&) { layer.bias[7 + 4] = nan_value; };
  const auto memory = [](L&, Sequence<L>& in) { in.initial.values[1](6, 2) = infinity; };
  const auto d_y = [](L&, Sequence<L>& in) { in.d_y(6, column(2, 2)) = infinity; };
  const auto d_final = [](L&, Sequence<L>& in) { in.d_final.values[1](0, 0) = nan_value; };

  check_faults<L>(L(3, 7, random), {{nothing},
                                    {x_past_end},
                                    {x, "Lstm: gate i of sample 1 is not finite at step 3 (forward)"},
                                    {forget_bias, "Lstm: gate f of sample 0 is not finite at step 0 (forward)"},
                                    {memory, "Lstm: state c of sample 2 is not finite at step 0 (forward)"},
                                    {d_y, "Lstm: gate i of sample 2 is not finite at step 2 (backward)"},
                                    {d_final, "Lstm: gate i of sample 0 is not finite at step 3 (backward)"}});
  check_faults<L>(L(3, 7, random, {Direction::reverse}),
                  {{x_past_end},
                   {x, "Lstm: gate i of sample 1 is not finite at step 3 (forward)"},
                   {forget_bias, "Lstm: gate f of sample 1 is not finite at step 5 (forward)"},
                   {d_y, "Lstm: gate i of sample 2 is not finite at step 2 (backward)"},
                   {d_final, "Lstm: gate i of sample 0 is not finite at step 0 (backward)"}});
}

TEST_CASE("of a pass that kept no gates the state is named", "[telemetry]") {
  Random random(7);
  const Rnn<double> layer(3, 7, random);
  Sequence<Rnn<double>> in = random_sequence(layer, steps, {.size = 3}, random);
  in.x(1, column(2, 1)) = nan_value;
  in.forward.record = false;
  Rnn<double>::Tape tape;
  layer.forward(in.x, tape, in.batch, {}, in.forward);
  const auto found = layer.find_non_finite(tape);
  REQUIRE(found);
  CHECK(found->message() == "Rnn: state h of sample 1 is not finite at step 2 (forward)");
}

TEST_CASE("of a pass that kept few states the last of each sample is named", "[telemetry]") {
  Random random(8);
  const Lstm<double> layer(3, 7, random, {.readout = Readout::last});
  Sequence<Lstm<double>> in = random_sequence(layer, steps, {.size = 3, .lengths = {6, 3, 5}}, random);
  in.forward.record = false;
  Lstm<double>::Tape tape;
  layer.forward(in.x, tape, in.batch, {}, in.forward);
  CHECK(!layer.find_non_finite(tape));
  const auto check = [&](Index step, Index sample, const std::string& message) {
    in.x(1, column(step, sample)) = nan_value;
    layer.forward(in.x, tape, in.batch, {}, in.forward);
    const auto found = layer.find_non_finite(tape);
    REQUIRE(found);
    CHECK(found->message() == message);
  };
  check(2, 1, "Lstm: state h of sample 1 is not finite at step 2 (forward)");
  check(0, 0, "Lstm: state h of sample 0 is not finite at step 5 (forward)");
}

TEST_CASE("an overflow is found in the layer that it came up in", "[telemetry]") {
  using Model = Sequential<Bidirectional<Gru<double>>, Stack<ReluRnn<double>>, Dense<double>>;
  Random random(6);
  check_faults<Model>(Model{Bidirectional<Gru<double>>(3, 4, random), Stack<ReluRnn<double>>(2, 8, 5, random),
                            Dense<double>(5, 2, random)},
                      {{[](Model& model, auto&) { std::get<0>(model.layers).reverse_layer.bias[8] = nan_value; },
                        "0.reverse.Gru: gate z of sample 1 is not finite at step 5 (forward)"},
                       {[](Model& model, auto& in) {
                          std::get<1>(model.layers).layers[1].weight_hh.setConstant(1e200);
                          in.initial = {};
                        },
                        "1.1.ReluRnn: gate a of sample 0 is not finite at step 2 (forward)"},
                       {[](Model& model, auto&) { std::get<2>(model.layers).bias[1] = infinity; },
                        "2.Dense: y of sample 0 is not finite at step 0 (forward)"},
                       {[](Model&, auto& in) { in.d_y(0, column(4, 2)) = infinity; },
                        "1.1.ReluRnn: gate a of sample 2 is not finite at step 4 (backward)"}});
}
