// Readouts: last and mean are what one makes of all steps by hand, forward and backward.

#include "passes.hpp"

using namespace engine_test;

namespace {

constexpr Index steps = 6, size = 5;
const std::vector<Index> none, lengths = {6, 0, 1, 4, 3};

/// The step of the last output in a layer's direction.
Index last_step(Direction direction, Index length) { return direction == Direction::forward ? length - 1 : 0; }

/// What is read out of the outputs of all steps; transposed, what dL/d read-out is of dL/d outputs.
template <class Each>
void for_each_share(const Batch& batch, Unrolling how, Each each) {
  for (Index b = 0; b < size; ++b) {
    const Index length = batch.length(b, steps);
    for (Index t = 0; t < length; ++t) {
      const double share = how.readout == Readout::mean            ? 1.0 / static_cast<double>(length)
                           : t == last_step(how.direction, length) ? 1
                                                                   : 0;
      each(t * size + b, b, share);
    }
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("last and mean are made of all steps", "[readout]", AllCells) {
  using Layer = LayerOf<TestType>;
  for (const Direction direction : directions)
    for (const Readout readout : {Readout::last, Readout::mean})
      for (const auto& some : {none, lengths}) {
        CAPTURE(TestType::name, direction == Direction::reverse, readout == Readout::mean, some.size());
        const Batch batch{.size = size, .lengths = some};
        Random random(1);
        auto layer = with_biases(Layer(3, 7, random, {direction, readout}), random);
        const Sequence<Layer> in = random_sequence(layer, steps, batch, random);
        const Pass<Layer> read = run(layer, in);

        layer.unrolling.readout = Readout::all;
        Sequence<Layer> of_all = in;
        of_all.d_y = Matrix<double>::Zero(7, steps * size);
        for_each_share(batch, {direction, readout},
                       [&](Index column, Index b, double share) { of_all.d_y.col(column) = share * in.d_y.col(b); });
        const Pass<Layer> all = run(layer, of_all);
        Matrix<double> y = Matrix<double>::Zero(7, size);
        for_each_share(batch, {direction, readout},
                       [&](Index column, Index b, double share) { y.col(b) += share * all.y.col(column); });

        CHECK(relative_difference(read.y, y) <= 1e-15);
        CHECK(same_bits(read.final_state, all.final_state));
        CHECK(relative_difference(read.d_x, all.d_x) <= 1e-14);
        check_gradients_agree(read.gradient, all.gradient, 1e-14);
      }
}

TEMPLATE_LIST_TEST_CASE("without a way back few states are kept, and the bits stay", "[readout]", AllCells) {
  using Layer = LayerOf<TestType>;
  std::vector<bool> resets(static_cast<std::size_t>(steps * size));
  for (const std::size_t column : {7u, 13u, 16u, 29u}) resets[column] = true;
  ThreadPool pool(2);
  for (const Direction direction : directions)
    for (const Readout readout : {Readout::all, Readout::last, Readout::mean})
      for (const auto& some : {none, lengths})
        for (const auto& restarts : {std::vector<bool>(), resets}) {
          CAPTURE(TestType::name, direction == Direction::reverse, readout == Readout::mean, some.size(),
                  restarts.size());
          const Batch batch{.size = size, .lengths = some, .resets = restarts};
          Random random(1);
          const auto layer = with_biases(Layer(3, 85, random, {direction, readout}), random);
          const Sequence<Layer> in = random_sequence(layer, steps, batch, random);
          typename Layer::Tape whole, brief;
          const Matrix<double> y = layer.forward(in.x, whole, batch, in.initial);
          for (ThreadPool* used : {static_cast<ThreadPool*>(nullptr), &pool}) {
            CHECK(y == layer.forward(in.x, brief, batch, in.initial, {.record = false, .pool = used}));
            CHECK(same_bits(brief.final_state, whole.final_state));
          }
          for (std::size_t n = 0; n < brief.states.size(); ++n)
            if (n > 0 || readout != Readout::all) CHECK(brief.states[n].cols() == 3 * size);
        }
}

TEMPLATE_LIST_TEST_CASE("last is the final state", "[readout]", AllCells) {
  using Layer = LayerOf<TestType>;
  for (const Direction direction : directions) {
    Random random(2);
    const auto layer = with_biases(Layer(3, 7, random, {direction, Readout::last}), random);
    Sequence<Layer> in = random_sequence(layer, steps, {.size = size, .lengths = {6, 2, 1, 4, 3}}, random);
    in.d_final = {};
    const auto pass = run(layer, in);
    CHECK(pass.y == pass.final_state.values[0]);

    Sequence<Layer> by_state = in;
    by_state.d_final.values[0] = in.d_y;
    by_state.d_y.setZero();
    for (std::size_t n = 1; n < by_state.d_final.values.size(); ++n) by_state.d_final.values[n].setZero(7, size);
    check_gradients_agree(pass.gradient, run(layer, by_state).gradient, 1e-14);
  }
}

TEST_CASE("the readouts of a sequence of no steps are zero", "[readout]") {
  for (const Direction direction : directions)
    for (const Readout readout : {Readout::last, Readout::mean}) {
      Random random(3);
      const Lstm<double> layer(3, 7, random, {direction, readout});
      const auto in = random_sequence(layer, 0, {.size = 2}, random);
      const auto pass = run(layer, in);
      CHECK(pass.y == Matrix<double>::Zero(7, 2));
      CHECK(same_bits(pass.final_state, in.initial));
      CHECK(same_bits(pass.d_initial, in.d_final));
    }
}

TEST_CASE("over a million steps a mean and its gradients in float are those in double", "[readout]") {
  Random random(4);
  const auto wide = with_biases(Lstm<double>(1, 2, random, {.readout = Readout::mean}), random);
  auto layer = Lstm<float>::zeros(1, 2, wide.unrolling), gradient = layer;
  const auto narrow = [](const std::string&, auto& to, const auto& from) { to = from.template cast<float>(); };
  for_each_tensor(narrow, layer, wide);
  auto exact = zeros_like(wide);
  Matrix<double> x(1, 1'000'000);
  for (double& value : x.reshaped()) value = random.uniform(1.0);
  const Matrix<double> d_y = Matrix<double>::Ones(2, 1);
  Lstm<double>::Tape wide_tape;
  Lstm<float>::Tape tape;
  const Matrix<double> y = wide.forward(x, wide_tape);
  CHECK((layer.forward(x.cast<float>(), tape).cast<double>() - y).norm() <= 2e-6 * y.norm());
  wide.backward(x, d_y, wide_tape, exact);
  layer.backward(x.cast<float>(), d_y.cast<float>(), tape, gradient);
  const auto compare = [](const std::string& name, const auto& given, const auto& expected) {
    CAPTURE(name);
    CHECK((given.template cast<double>() - expected).norm() <= 2e-6 * expected.norm());
  };
  for_each_tensor(compare, gradient, exact);
}
