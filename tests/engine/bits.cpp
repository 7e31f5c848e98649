// A sample has the same bits alone, in a batch of any size, and streamed.

#include "passes.hpp"

using namespace engine_test;

namespace {

constexpr Index steps = 5, inputs = 3, most = 17;

/// The samples [0, size) of a batch.
template <class Scalar>
Matrix<Scalar> samples(const Matrix<Scalar>& columns, Index size) {
  Matrix<Scalar> result(columns.rows(), columns.cols() / most * size);
  for (Index j = 0; j < result.cols(); ++j) result.col(j) = columns.col(j / size * most + j % size);
  return result;
}
template <class State>
State state_samples(State state, Index size) {
  for_each_state([&](auto& value) { value = value.leftCols(size).eval(); }, state);
  return state;
}

template <class Model>
Sequence<Model> samples(const Sequence<Model>& in, Index size) {
  return {samples(in.x, size),
          {.size = size},
          state_samples(in.initial, size),
          samples(in.d_y, size),
          state_samples(in.d_final, size)};
}

/// The samples that a smaller batch has, in all that comes out but the gradient.
template <class Model>
bool same_samples(const Pass<Model>& some, const Pass<Model>& all, Index size) {
  return some.y == samples(all.y, size) && same_bits(some.final_state, state_samples(all.final_state, size)) &&
         some.d_x == samples(all.d_x, size) && same_bits(some.d_initial, state_samples(all.d_initial, size));
}

template <class Model>
bool streams_same(const Model& model, const Sequence<Model>& in, const Pass<Model>& pass) {
  auto stream = model.stream();
  bool same = true;
  for (Index b = 0; b < most; ++b) {
    stream.restore(sample(in.initial, b));
    for (Index t = 0; t < steps; ++t) {
      const auto* h = stream.step(in.x.col(t * most + b).data());
      same = same && std::equal(h, h + pass.y.rows(), pass.y.col(t * most + b).data());
    }
  }
  return same;
}

template <class Cell, class Scalar>
void check_bits() {
  using Model = Recurrent<Cell, Scalar>;
  for (const Index hidden : {1, 7, 24, 33})
    for (const Direction direction : directions) {
      Random random(1);
      const Model layer = with_biases(Model(inputs, hidden, random, {direction}), random);
      const Sequence<Model> in = random_sequence(layer, steps, {.size = most}, random);
      const Pass<Model> all = run(layer, in);
      CAPTURE(Cell::name, sizeof(Scalar), hidden, direction == Direction::reverse);
      for (const Index size : {1, 2, 3, 4, 5, 7}) {
        CAPTURE(size);
        CHECK(same_samples(run(layer, samples(in, size)), all, size));
      }
      // Whatever its place in the batch.
      for (Index b = 0; b < most; ++b) {
        const Pass<Model> one = run(layer, {sample(in.x, most, b, 0, steps),
                                            {},
                                            sample(in.initial, b),
                                            sample(in.d_y, most, b, 0, steps),
                                            sample(in.d_final, b)});
        CAPTURE(b);
        CHECK(one.y == sample(all.y, most, b, 0, steps));
        CHECK(one.d_x == sample(all.d_x, most, b, 0, steps));
      }
      if (direction == Direction::forward) CHECK(streams_same(layer, in, all));
    }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a sample's bits do not depend on its neighbours", "[bits]", AllCells) {
  check_bits<TestType, float>();
  check_bits<TestType, double>();
}

TEMPLATE_LIST_TEST_CASE("a pass that is not recorded has the same bits, and no way back", "[bits]", AllCells) {
  using Model = Recurrent<TestType, float>;
  for (const Direction direction : directions)
    for (const Index size : {1, 5, 17}) {
      Random random(3);
      const Model layer = with_biases(Model(inputs, 33, random, {direction}), random);
      Batch batch{.size = size};
      // Steps enough for several products of the input; ragged and with resets, so that every path is taken.
      const Index many = 4000 / size;
      batch.lengths.assign(static_cast<std::size_t>(size), many - 2);
      batch.lengths[0] = many;
      batch.resets.assign(static_cast<std::size_t>(many * size), false);
      batch.resets[static_cast<std::size_t>(size + size / 2)] = true;
      const Sequence<Model> in = random_sequence(layer, many, batch, random);
      typename Model::Tape recorded, tape;
      const Matrix<float> y = layer.forward(in.x, recorded, in.batch, in.initial);
      CHECK(layer.forward(in.x, tape, in.batch, in.initial, {.record = false}) == y);
      CHECK(same_bits(tape.final_state, recorded.final_state));
      CHECK(tape.gates.columns() < recorded.gates.columns());
      CHECK_FALSE(layer.find_non_finite(tape));
      Model gradient = zeros_like(layer);
      CHECK_THROWS_AS(layer.backward(in.x, in.d_y, tape, gradient), std::logic_error);
      CHECK(gradient.weight_ih.isZero(0));
    }
}

TEST_CASE("a sample's bits do not depend on its neighbours through a whole model", "[bits]") {
  using Model = Sequential<Lstm<float>, Bidirectional<Gru<float>>, OriginalGru<float>, Dense<float>>;
  Random random(2);
  const Model model{Lstm<float>(inputs, 9, random), Bidirectional<Gru<float>>(9, 5, random),
                    OriginalGru<float>(10, 7, random), Dense<float>(7, 5, random)};
  const Sequence<Model> in = random_sequence(model, steps, {.size = most}, random);
  const Pass<Model> all = run(model, in);
  for (const Index size : {1, 2, 3, 4, 5, 7}) {
    CAPTURE(size);
    CHECK(same_samples(run(model, samples(in, size)), all, size));
  }
}
