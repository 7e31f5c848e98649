// Streams: one step at a time gives the sequence's outputs to the bit, for whole models.

#include <memory>
#include <type_traits>
#include <utility>

#include "passes.hpp"

using namespace engine_test;

namespace {

template <class Scalar>
struct DynamicSizes {
  using Model = Sequential<Lstm<Scalar>, Gru<Scalar>, Dense<Scalar>>;
  static Model make(Random& random) {
    return Model{Lstm<Scalar>(3, 9, random), Gru<Scalar>(9, 7, random), Dense<Scalar>(7, 2, random)};
  }
};

template <class Scalar>
struct FixedSizes {
  using Model = Sequential<Lstm<Scalar, 3, 9>, Gru<Scalar, 9, 7>, Dense<Scalar, 7, 2>>;
  static Model make(Random& random) {
    return Model{Lstm<Scalar, 3, 9>(random), Gru<Scalar, 9, 7>(random), Dense<Scalar, 7, 2>(random)};
  }
};

template <class Scalar>
struct OtherLayers {
  using Model = Sequential<Dense<Scalar>, Stack<OriginalGru<Scalar>>, Dropout<Scalar>, Rnn<Scalar>, ReluRnn<Scalar>>;
  static Model make(Random& random) {
    return Model{Dense<Scalar>(3, 5, random), Stack<OriginalGru<Scalar>>(2, 5, 6, random), Dropout<Scalar>(0.5),
                 Rnn<Scalar>(6, 7, random), ReluRnn<Scalar>(7, 2, random)};
  }
};

using Models = std::tuple<DynamicSizes<float>, DynamicSizes<double>, FixedSizes<float>, OtherLayers<double>>;

constexpr Index steps = 20;

/// A model, a sequence of one sample, and what the sequence gives.
template <class Kind>
struct Case {
  using Model = typename Kind::Model;
  using Scalar = typename Model::Scalar;

  Random random{1};
  Model model = with_biases(Kind::make(random), random);
  Matrix<Scalar> x = random_matrix<Scalar>(3, steps, random);
  typename Model::Tape tape;
  Matrix<Scalar> y = model.forward(x, tape);

  /// Whether the stream gives the sequence's outputs of the steps [first, last).
  template <class AnyStream>
  bool follows(AnyStream& stream, Index first, Index last) const {
    bool same = true;
    for (Index t = first; t < last; ++t) same = same && stream.step(x.col(t)) == y.col(t);
    return same;
  }
};

template <class Model>
constexpr bool steps_without_throwing() {
  using S = Stream<Model>;
  using X = Input<typename Model::Scalar>;
  return noexcept(std::declval<S&>().step(std::declval<const X&>())) && noexcept(std::declval<S&>().reset()) &&
         noexcept(std::declval<S&>().restore(std::declval<const typename Model::State&>())) &&
         noexcept(std::declval<const S&>().input_size()) && noexcept(std::declval<const S&>().output_size());
}
static_assert(steps_without_throwing<Lstm<float>>());
static_assert(noexcept(std::declval<Stream<Lstm<float>>&>().step(1.0f)));
static_assert(steps_without_throwing<DynamicSizes<float>::Model>());
static_assert(steps_without_throwing<FixedSizes<double>::Model>());
static_assert(steps_without_throwing<OtherLayers<double>::Model>());
static_assert(std::is_copy_constructible_v<Stream<Lstm<float>>> && std::is_copy_assignable_v<Stream<Lstm<float>>>);
static_assert(std::is_nothrow_move_constructible_v<Stream<Lstm<float>>>);
static_assert(!StreamableLayer<Bidirectional<Lstm<float>>>, "a stream has no future");

}  // namespace

TEMPLATE_LIST_TEST_CASE("a stream gives the sequence's outputs", "[stream]", Models) {
  const Case<TestType> one;
  Stream stream(one.model);
  CHECK(stream.input_size() == 3);
  CHECK(stream.output_size() == 2);
  CHECK(one.follows(stream, 0, steps));
  CHECK(same_bits(stream.save(), one.tape.final_state));
}

TEMPLATE_LIST_TEST_CASE("a stream starts anew after reset", "[stream]", Models) {
  const Case<TestType> one;
  Stream stream(one.model);
  CHECK(one.follows(stream, 0, 5));
  CHECK_FALSE(one.follows(stream, 0, steps));
  stream.reset();
  CHECK(one.follows(stream, 0, steps));
}

TEMPLATE_LIST_TEST_CASE("a stream goes back to a saved state", "[stream]", Models) {
  const Case<TestType> one;
  Stream stream(one.model);
  CHECK(one.follows(stream, 0, 7));
  const auto saved = stream.save();
  CHECK(one.follows(stream, 7, steps));
  REQUIRE(stream.restore(saved));
  CHECK(one.follows(stream, 7, 12));
  auto kept = saved;
  stream.save(kept);
  CHECK(one.follows(stream, 12, steps));
  REQUIRE(stream.restore(kept));
  CHECK(one.follows(stream, 12, steps));
  Stream another(one.model);
  REQUIRE(another.restore(saved));
  CHECK(one.follows(another, 7, steps));
  REQUIRE(another.restore({}));
  CHECK(one.follows(another, 0, steps));
}

TEMPLATE_LIST_TEST_CASE("a stream goes on where a sequence ended, and a sequence where a stream did", "[stream]",
                        Models) {
  using Model = typename Case<TestType>::Model;
  const Case<TestType> one;
  typename Model::Tape tape;
  one.model.forward(one.x.leftCols(8), tape);
  Stream stream(one.model);
  REQUIRE(stream.restore(tape.final_state));
  CHECK(one.follows(stream, 8, 13));
  CHECK(one.model.forward(one.x.rightCols(steps - 13), tape, {}, stream.save()) == one.y.rightCols(steps - 13));
}

TEMPLATE_LIST_TEST_CASE("a copy of a stream goes its own way", "[stream]", Models) {
  const Case<TestType> one;
  Stream stream(one.model);
  CHECK(one.follows(stream, 0, 6));
  auto copy = stream;
  CHECK(one.follows(stream, 6, steps));
  CHECK(one.follows(copy, 6, steps));
  stream.reset();
  copy = stream;
  CHECK(one.follows(stream, 0, 9));
  CHECK(one.follows(copy, 0, steps));
  CHECK(one.follows(stream, 9, steps));
  const auto moved_to = std::make_unique<Stream<typename Case<TestType>::Model>>(std::move(copy));
  moved_to->reset();
  CHECK(one.follows(*moved_to, 0, steps));
}

TEMPLATE_LIST_TEST_CASE("a stream keeps the weights it was made of", "[stream]", Models) {
  Case<TestType> one;
  Stream stream(one.model);
  set_zero(one.model);
  CHECK(one.follows(stream, 0, steps));
}

TEST_CASE("fixed sizes stream the same bits as sizes at run time", "[stream]") {
  const Case<FixedSizes<float>> fixed;
  Case<DynamicSizes<float>> dynamic;
  const auto copy = [](const std::string&, auto& to, const auto& from) { to = from; };
  for_each_tensor(copy, dynamic.model, fixed.model);
  Stream stream(dynamic.model);
  CHECK(fixed.follows(stream, 0, steps));
}

TEMPLATE_LIST_TEST_CASE("a stream of several samples gives the batch's outputs", "[stream]", Models) {
  using Scalar = typename Case<TestType>::Scalar;
  const Case<TestType> of;
  for (const Index samples : {2, 3, 5, 10}) {
    CAPTURE(samples);
    const Batch batch{.size = samples};
    typename Case<TestType>::Model::Tape tape;
    const Matrix<Scalar> y = of.model.forward(of.x.leftCols(steps / samples * samples), tape, batch);
    Stream stream(of.model, {.samples = samples});
    CHECK(stream.samples() == samples);
    CHECK(stream.output_size() == 2);
    bool same = true;
    for (Index first = 0; first < y.cols(); first += samples) {
      const auto given = stream.step(of.x.middleCols(first, samples));
      same = same && Matrix<Scalar>::Map(given.data(), 2, samples) == y.middleCols(first, samples);
    }
    CHECK(same);
    CHECK(same_bits(stream.save(), tape.final_state));
    CHECK(stream.restore(tape.final_state));
    CHECK_FALSE(stream.restore(of.tape.final_state));
  }
}

TEST_CASE("each of several samples is a stream of its own, in every storage", "[stream]") {
  Random random(1);
  const Sequential model{Gru<float>(2, 11, random), Lstm<float>(11, 17, random), Dense<float>(17, 1, random)};
  const Matrix<float> x = random_matrix<float>(2, 3 * steps, random);
  const auto check = [&](auto storage) {
    Stream together(model, storage, {.samples = 3});
    std::vector alone(3, Stream(model, storage));
    bool same = true;
    for (Index t = 0; t < steps; ++t) {
      const auto y = together.step(x.middleCols(3 * t, 3));
      for (Index b = 0; b < 3; ++b) same = same && y[b] == alone[static_cast<std::size_t>(b)].step(x.col(3 * t + b))[0];
    }
    CHECK(same);
  };
  check(Full());
  check(Bfloat16());
  check(Float16());
  check(Int8());
}

TEST_CASE("a stream of several samples takes columns wherever they lie, and tells of others", "[stream]") {
  Random random(1);
  const Sequential model{Gru<float>(2, 3, random), Dense<float>(3, 2, random)};
  const Matrix<float> x = random_matrix<float>(5, 4, random);
  const Matrix<float> packed = x.middleRows(1, 2).leftCols(3);
  const auto first = [&](const auto& given) {
    Stream stream(model, {.samples = 3});
    return Vector<float>(stream.step(given));
  };
  const Vector<float> y = first(packed);
  CHECK(y.allFinite());
  CHECK(first(x.middleRows(1, 2).leftCols(3)) == y);
  CHECK(first(std::vector<float>(packed.data(), packed.data() + 6)) == y);
  const Eigen::Matrix<float, 2, 3, Eigen::RowMajor> planar = packed;
  CHECK(first(planar) == y);
  CHECK(first(planar.transpose().transpose()) == y);
  CHECK(first(0.5f * packed + 0.5f * planar) == y);
  CHECK(first(Matrix<float>::Identity(2, 2) * packed) == y);
  CHECK(first(Eigen::RowVectorXf(Vector<float>::Map(packed.data(), 6))) == y);
  CHECK(first(Vector<float>(Vector<float>::Map(packed.data(), 6))) == y);
  for (const auto& [rows, columns] : {std::pair(3, 2), {2, 2}, {2, 4}, {5, 1}, {0, 0}}) {
    CHECK(first(Matrix<float>(x.topLeftCorner(rows, columns))).array().isNaN().all());
    CHECK(first(x.topLeftCorner(rows, columns)).array().isNaN().all());
  }
  CHECK_THROWS_WITH(Stream(model, {.samples = 0}), "Stream: samples is 0, expected at least 1");
}

TEST_CASE("one of several samples starts anew", "[stream]") {
  Random random(8);
  const Sequential model{Conv1d<float>(2, 4, 3, random), Lstm<float>(4, 5, random), Gru<float>(5, 3, random)};
  Stream both(model, {.samples = 3}), alone(model), fresh(model);
  const Matrix<float> x = random_matrix<float>(2, 30, random);
  for (Index t = 0; t < 10; ++t) {
    if (t == 6) both.reset(1);
    const Vector<float> y = both.step(x.middleCols(3 * t, 3));
    CHECK(y.segment(6, 3) == alone.step(x.col(3 * t + 2)));
    if (t >= 6) CHECK(y.segment(3, 3) == fresh.step(x.col(3 * t + 1)));
  }
  CHECK_THROWS_WITH(both.reset(3), "Stream: there is no sample 3 to reset, expected 0 to 2");
  CHECK_THROWS_WITH(both.reset(-1), "Stream: there is no sample -1 to reset, expected 0 to 2");
}

TEST_CASE("a stream takes tokens as integers", "[stream]") {
  Random random(9);
  const Sequential model{Embedding<float>(5, 3, random), Gru<float>(3, 2, random)};
  Stream integers(model, {.samples = 2}), floats(model, {.samples = 2});
  CHECK(integers.step(std::vector<int>{4, 1}) == floats.step(std::array{4.0f, 1.0f}));
  CHECK(integers.step(std::array<std::int64_t, 2>{0, 3}) == floats.step(std::array{0.0f, 3.0f}));
}

TEST_CASE("a stream of one input takes a number", "[stream]") {
  Random random(2);
  const Gru<float> layer(1, 5, random);
  Stream by_number(layer), by_vector(layer);
  for (const float x : {0.5f, -1.0f, 2.0f}) {
    const Eigen::VectorXf h = by_vector.step(Eigen::VectorXf::Constant(1, x));
    CHECK(by_number.step(x) == h);
  }
}

TEST_CASE("a stream takes a std::array and a std::vector", "[stream]") {
  Random random(1);
  const Dense<float> model(3, 2, random);
  Stream stream(model), expected(model);
  const Eigen::Vector3f x(1, -2, 0.5f);
  const Vector<float> y = expected.step(x);
  CHECK(stream.step(std::array{1.0f, -2.0f, 0.5f}) == y);
  CHECK(stream.step(std::vector{1.0f, -2.0f, 0.5f}) == y);
  CHECK(stream.step(std::array{1.0f, -2.0f}).array().isNaN().all());
  const float numbers[] = {1, -2, 0.5f};
  const int integers[] = {1, -2, 0};
  CHECK(stream.step(integers) == Stream(model).step(std::array{1.0f, -2.0f, 0.0f}));
  stream.reset();
  CHECK(stream.step(numbers) == y);
  const Eigen::Map<const Eigen::Array3f> array(numbers);
  stream.reset();
  CHECK(stream.step(array) == y);
  stream.reset();
  CHECK(stream.step((2 * array).matrix() / 2) == y);
  stream.reset();
  CHECK(stream.step((2 * array / 2).matrix()) == y);
}

TEST_CASE("a stream tells of a state of another shape, and stays as it was", "[stream]") {
  Random random(5);
  const Stack<Lstm<float>> model(2, 3, 4, random);
  const Matrix<float> x = random_matrix<float>(3, 8, random);
  Stack<Lstm<float>>::Tape tape;
  model.forward(x, tape, {.size = 2});
  Stream stream(model), expected = stream;
  const auto good = stream.save();
  auto few = good, low = good, wide = good;
  few.layers.resize(1);
  low.layers[1].values[0].setOnes(2, 2);  // as many numbers
  wide.layers[0].values[1].setOnes(4, 3);
  for (const auto& wrong : {tape.final_state, few, low, wide}) {
    CHECK_FALSE(stream.restore(wrong));
    CHECK(stream.step(x.col(0)) == expected.step(x.col(0)));
  }
  CHECK(stream.restore(good));
  CHECK(same_bits(stream.save(), good));
  CHECK(stream.restore({}));
}

TEST_CASE("a stream tells of an input of another size by NaN, and stays as it was", "[stream]") {
  Random random(6);
  const Sequential model{Lstm<float>(3, 4, random), Dense<float>(4, 2, random)};
  Stream stream(model), expected = stream;
  const Vector<float> x = random_matrix<float>(9, 1, random);
  const auto is_nan = [](const Vector<float>& y) { return y.size() == 2 && y.array().isNaN().all(); };
  CHECK(is_nan(stream.step(0.5f)));
  for (const Index size : {0, 1, 2, 4, 9}) CHECK(is_nan(stream.step(x.head(size))));
  CHECK(stream.step(x.head(3)) == expected.step(x.head(3)));
}

template <class Model>
constexpr bool takes_a_number = requires(Stream<Model>& stream) { stream.step(0.5f); };
static_assert(takes_a_number<Lstm<float, 1, 4>> && takes_a_number<Lstm<float>> && !takes_a_number<Lstm<float, 3, 4>>);

TEST_CASE("a stream's output may be its next input", "[stream]") {
  Random random(7);
  const auto check = [&](const auto& model) {
    Stream stream(model), expected = stream;
    Vector<float> y = random_matrix<float>(40, 1, random);
    const float* given = stream.step(y).data();
    for (int t = 0; t < 5; ++t) {
      y = expected.step(y).eval();
      const Eigen::Map<const Vector<float>> x(given, 40);
      CHECK(x == y);
      given = stream.step(x).data();
    }
  };
  check(Dense<float>(40, 40, random));
  check(Gru<float>(40, 40, random));
}

TEST_CASE("a layer that reads out its last state streams every state", "[stream]") {
  Random random(4);
  Gru<double> layer(3, 5, random);
  const auto in = random_sequence(layer, steps, {}, random);
  Gru<double>::Tape tape;
  const auto y = layer.forward(in.x, tape);
  layer.unrolling.readout = Readout::last;
  Stream stream(layer);
  for (Index t = 0; t < steps; ++t) CHECK(stream.step(in.x.col(t)) == y.col(t));
}

TEST_CASE("a model without inputs gives no stream, and a stream that was moved from no outputs and no state",
          "[stream]") {
  Random random(4);
  Sequential model{Lstm<float>(3, 5, random), Dense<float>(5, 2, random)};
  Stream stream(model);
  const auto taken = std::move(model);
  CHECK_THROWS_WITH(Stream(model),
                    "Stream: the model takes 0 numbers a step; it is of no size of its own, or moved from");
  const auto state = stream.save();
  const auto other = std::move(stream);
  CHECK(stream.step(Vector<float>::Ones(3)).size() == 0);
  CHECK(stream.step(std::array{1.0f, 2.0f, 3.0f}).size() == 0);
  CHECK_FALSE(stream.restore(state));
  CHECK_THROWS_WITH(stream.save(), "Stream: it was moved from, and has no state to save");
  CHECK_THROWS_WITH(stream.reset(0), "Stream: it was moved from, and has no state to save");
  CHECK(other.input_size() + taken.input_size() == 6);
}

TEST_CASE("what needs the whole sequence gives no stream", "[stream]") {
  Random random(3);
  const Lstm<float> reverse(3, 5, random, {Direction::reverse});
  CHECK_THROWS_AS(Stream(reverse), std::invalid_argument);
  CHECK_THROWS_WITH(Stream(reverse), "Lstm::stream: a reverse layer needs the whole sequence");
  const Sequential mean{Lstm<float>(3, 5, random), Gru<float>(5, 4, random, {Direction::forward, Readout::mean})};
  CHECK_THROWS_AS(Stream(mean), std::invalid_argument);
  CHECK_THROWS_WITH(Stream(mean), "Gru::stream: a mean needs the whole sequence");
}
