// Sizes of every kind: no steps, one sample, one unit, no multiple of a register, at run time and at compile time.

#include "passes.hpp"

using namespace engine_test;

namespace {

/// The gradients of one layer and of the same layer in float.
template <class Cell>
void check_size(Index steps, Index batch, Index input, Index hidden, Direction direction) {
  CAPTURE(Cell::name, steps, batch, input, hidden, direction == Direction::reverse);
  Random random(1);
  using Model = LayerOf<Cell>;
  const auto layer = with_biases(Model(input, hidden, random, {direction}), random);
  const Sequence<Model> in = random_sequence(layer, steps, {.size = batch}, random);
  const Pass<Model> pass = run(layer, in);
  CHECK(pass.y.rows() == hidden);
  CHECK(pass.y.cols() == steps * batch);
  CHECK(pass.d_x.rows() == input);
  CHECK(pass.d_x.cols() == steps * batch);
  if (steps == 0) {
    CHECK(same_bits(pass.final_state, in.initial));
    CHECK(same_bits(pass.d_initial, in.d_final));
    check_gradients_agree(pass.gradient, zeros_like(layer), 0);
  }

  using Float = Recurrent<Cell, float>;
  Float as_float = Float::zeros(input, hidden, {direction});
  const auto to_float = [](auto& to, const auto& from) { to = from.template cast<float>(); };
  for_each_tensor([&](const std::string&, auto& to, const auto& from) { to_float(to, from); }, as_float, layer);
  Sequence<Float> float_in{in.x.template cast<float>(), in.batch, {}, in.d_y.template cast<float>()};
  for (std::size_t n = 0; n < in.initial.values.size(); ++n) {
    to_float(float_in.initial.values[n], in.initial.values[n]);
    to_float(float_in.d_final.values[n], in.d_final.values[n]);
  }
  const Pass<Float> float_pass = run(as_float, float_in);
  CHECK(relative_difference(float_pass.y.template cast<double>(), pass.y) <= 1e-5);
  CHECK(relative_difference(float_pass.d_x.template cast<double>(), pass.d_x) <= 1e-5);
  const auto compare = [](const std::string&, const auto& a, const auto& b) {
    CHECK(relative_difference(a.template cast<double>(), b) <= 1e-5);
  };
  for_each_tensor(compare, float_pass.gradient, pass.gradient);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("any size runs, in float as in double", "[shapes]", AllCells) {
  for (const Direction direction : directions)
    for (const Index hidden : {1, 7, 24, 100}) {
      for (const Index steps : {0, 1, 3})
        for (const Index batch : {1, 5}) check_size<TestType>(steps, batch, 3, hidden, direction);
      check_size<TestType>(2, 2, 1, hidden, direction);
      check_size<TestType>(2, 2, 33, hidden, direction);
    }
}

TEMPLATE_LIST_TEST_CASE("the gradients of any size are those of central differences", "[shapes]", AllCells) {
  for (const Index hidden : {1, 24, 100})
    for (const Index steps : {0, 1, 4}) {
      CAPTURE(TestType::name, hidden, steps);
      Random random(2);
      const auto layer = with_biases(LayerOf<TestType>(2, hidden, random), random);
      const auto in = random_sequence(layer, steps, {.size = 2}, random);
      const testing::GradientCheckOptions options{.entries = 6};
      CHECK(testing::check_gradient(layer, in.x, in.batch, options, in.initial).worst <= 1e-7);
    }
}

TEST_CASE("a whole model runs a sequence of no steps", "[shapes]") {
  Random random(3);
  const Sequential model{Bidirectional<Lstm<float>>(3, 5, random), OriginalGru<float>(10, 4, random),
                         Dense<float>(4, 2, random)};
  const auto in = random_sequence(model, 0, {.size = 3}, random);
  const auto pass = run(model, in);
  CHECK(pass.y.rows() == 2);
  CHECK(pass.y.cols() == 0);
  CHECK(pass.d_x.rows() == 3);
  CHECK(same_bits(pass.final_state, in.initial));
  CHECK(same_bits(pass.d_initial, in.d_final));
  CHECK(global_norm(pass.gradient) == 0);
}

namespace {

template <class Cell, class Scalar, int I, int H>
void check_fixed() {
  CAPTURE(Cell::name, I, H);
  using Fixed = Recurrent<Cell, Scalar, I, H>;
  using Sized = Recurrent<Cell, Scalar>;
  Random random(4);
  const Sized sized = with_biases(Sized(I, H, random), random);
  Fixed fixed(random);
  for_each_tensor([](const std::string&, auto& to, const auto& from) { to = from; }, fixed, sized);
  CHECK(fixed.input_size() == I);
  CHECK(fixed.output_size() == H);
  const Sequence<Sized> in = random_sequence(sized, 3, {.size = 2}, random);
  const Pass<Sized> expected = run(sized, in);
  const Pass<Fixed> pass = run(fixed, Sequence<Fixed>{in.x, in.batch, in.initial, in.d_y, in.d_final});
  CHECK(pass.y == expected.y);
  CHECK(pass.d_x == expected.d_x);
  CHECK(same_bits(pass.final_state, expected.final_state));
  CHECK(same_bits(pass.d_initial, expected.d_initial));
  const auto compare = [](const std::string&, const auto& a, const auto& b) { CHECK(a == b); };
  for_each_tensor(compare, pass.gradient, expected.gradient);

  Stream stream(fixed);
  Stream sized_stream(sized);
  for (Index j = 0; j < in.x.cols(); ++j) CHECK(stream.step(in.x.col(j)) == sized_stream.step(in.x.col(j)));
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("sizes at compile time give the bits of sizes at run time", "[shapes]", AllCells) {
  check_fixed<TestType, float, 3, 256>();
}

TEST_CASE("sizes at compile time from 1 to 256", "[shapes]") {
  check_fixed<cells::Lstm, float, 1, 1>();
  check_fixed<cells::Lstm, double, 3, 7>();
  check_fixed<cells::Lstm, float, 24, 24>();
  check_fixed<cells::Lstm, float, 256, 100>();
  check_fixed<cells::Lstm, double, 256, 256>();
}
