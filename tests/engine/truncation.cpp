// Truncated back-propagation through time of one layer: windows and strides, carried states, ragged batches.

#include "frozen.hpp"

using namespace engine_test;

namespace {

template <class Cell>
LayerOf<Cell> random_layer(Direction direction, Random& random) {
  return with_biases(LayerOf<Cell>(3, 5, random, {direction}), random);
}

template <class Cell>
double worst_error(const LayerOf<Cell>& layer, Index steps, const Batch& batch, const Truncation& truncation,
                   Random& random) {
  testing::GradientCheckOptions options{.entries = 12};
  options.backward.truncation = truncation;
  return check_truncated_gradient(layer, random_sequence(layer, steps, batch, random), options).worst;
}

/// Episodes begin within chunks and where a chunk begins, of both directions.
std::vector<bool> some_resets(Index steps, Index size) {
  std::vector<bool> resets(static_cast<std::size_t>(steps * size));
  for (std::size_t i = 0; i < resets.size(); ++i) resets[i] = i % 7 == 3 || i % 11 == 0;
  return resets;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("errors go back through the window and no further", "[truncation]", AllCells) {
  constexpr Index steps = 11;
  for (const Direction direction : directions)
    for (const Truncation& truncation : {Truncation{3, 0}, {4, 4}, {11, 11}, {5, 2}, {4, 1}, {10, 3}, {1, 1}}) {
      CAPTURE(TestType::name, direction == Direction::reverse, truncation.window, truncation.stride);
      Random random(10);
      const auto layer = random_layer<TestType>(direction, random);
      CHECK(worst_error(layer, steps, {.size = 3}, truncation, random) <= 1e-7);
    }
}

TEMPLATE_LIST_TEST_CASE("truncation holds each sequence's own beginning and end, and its episodes", "[truncation]",
                        AllCells) {
  constexpr Index steps = 12;
  const std::vector<Index> none, lengths = {12, 0, 1, 4, 7};
  for (const Direction direction : directions)
    for (const Truncation& truncation : {Truncation{3, 3}, {5, 2}})
      for (const auto& [ragged, resets] : {std::pair{true, false}, {false, true}, {true, true}}) {
        CAPTURE(TestType::name, direction == Direction::reverse, truncation.window, truncation.stride, ragged, resets);
        Random random(10);
        const auto layer = random_layer<TestType>(direction, random);
        const Batch batch{.size = 5,
                          .lengths = ragged ? lengths : none,
                          .resets = resets ? some_resets(steps, 5) : std::vector<bool>{}};
        CHECK(worst_error(layer, steps, batch, truncation, random) <= 1e-7);
      }
}

TEMPLATE_LIST_TEST_CASE("a window over the whole sequence changes nothing", "[truncation]", AllCells) {
  constexpr Index steps = 9;
  for (const Direction direction : directions) {
    Random random(5);
    const auto layer = random_layer<TestType>(direction, random);
    const auto in = random_sequence(layer, steps, {.size = 3, .lengths = {9, 4, 7}}, random);
    const auto plain = run(layer, in);
    for (const Truncation& truncation : {Truncation{9, 0}, {9, 9}, {20, 0}, {20, 9}, {9, 4}, {30, 1}}) {
      CAPTURE(TestType::name, direction == Direction::reverse, truncation.window, truncation.stride);
      const auto truncated = run(layer, in, {.truncation = truncation});
      // One sweep gives the same bits; several are summed.
      const double tolerance = truncation.stride == 0 || truncation.stride >= steps ? 0 : 1e-14;
      check_gradients_agree(truncated.gradient, plain.gradient, tolerance);
      CHECK(relative_difference(truncated.d_x, plain.d_x) <= tolerance);
      for (std::size_t n = 0; n < plain.d_initial.values.size(); ++n)
        CHECK(relative_difference(truncated.d_initial.values[n], plain.d_initial.values[n]) <= tolerance);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("chunks of one window are the pieces of a sequence that carries its state", "[truncation]",
                        AllCells) {
  constexpr Index window = 4, pieces = 3, size = 3, columns = window * size;
  for (const Direction direction : directions) {
    CAPTURE(TestType::name, direction == Direction::reverse);
    Random random(6);
    const auto layer = random_layer<TestType>(direction, random);
    using Model = LayerOf<TestType>;
    const Sequence<Model> whole = random_sequence(layer, window * pieces, {.size = size}, random);
    const Pass<Model> truncated = run(layer, whole, {.truncation = {window, 0}});

    Model sum = zeros_like(layer);
    typename Model::State carried = whole.initial;
    for (Index place = 0; place < pieces; ++place) {
      const Index first = (direction == Direction::forward ? place : pieces - 1 - place) * columns;
      Sequence<Model> piece{whole.x.middleCols(first, columns), whole.batch, carried,
                            whole.d_y.middleCols(first, columns)};
      if (place + 1 == pieces) piece.d_final = whole.d_final;
      const Pass<Model> pass = run(layer, piece);
      add(sum, pass.gradient);
      CHECK(pass.y == truncated.y.middleCols(first, columns));
      CHECK(pass.d_x == truncated.d_x.middleCols(first, columns));
      if (place == 0) CHECK(same_bits(pass.d_initial, truncated.d_initial));
      carried = pass.final_state;
    }
    CHECK(same_bits(carried, truncated.final_state));
    check_gradients_agree(truncated.gradient, sum, 1e-14);
  }
}
