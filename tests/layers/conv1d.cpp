#include "unroll/layers/conv1d.hpp"

#include "engine/alone.hpp"
#include "layers/layer_contract.hpp"
#include "reference/read_vectors.hpp"
#include "unroll/testing/allocations.hpp"
#include "unroll/testing/layer_contract.hpp"

using namespace engine_test;

namespace {

struct Sizes {
  Index inputs, outputs, kernel_size, dilation, groups;
};

/// Kernels of 1 to 4 steps, near and far; all features, halves, and each on its own; blocks of units that are whole or
/// not.
const Sizes all_sizes[] = {{3, 7, 1, 1, 1},  {3, 7, 2, 1, 1}, {3, 5, 3, 2, 1}, {5, 3, 2, 3, 1},
                           {4, 34, 3, 1, 2}, {4, 4, 4, 1, 4}, {4, 8, 3, 2, 4}, {1, 1, 3, 1, 1}};

template <class Scalar = double>
Conv1d<Scalar> layer_of(const Sizes& sizes) {
  Random random(1);
  Conv1d<Scalar> layer(sizes.inputs, sizes.outputs, sizes.kernel_size, random, {sizes.dilation, sizes.groups});
  layer.initialize(random, Initial::pytorch);
  return layer;
}

/// Sample 0 has none; resets at the first step, one after the other, at the last step.
Batch with_resets(Index steps, Index size) {
  Batch batch{.size = size};
  batch.resets.resize(static_cast<std::size_t>(steps * size));
  for (Index b = 1; b < size; ++b)
    for (Index t = b - 1; t < steps; t += b) batch.resets[static_cast<std::size_t>(t * size + b)] = true;
  return batch;
}

}  // namespace

TEST_CASE("a convolution keeps to the contract of layers", "[conv1d]") {
  for (const Sizes& sizes : all_sizes) {
    CAPTURE(sizes.inputs, sizes.outputs, sizes.kernel_size, sizes.dilation, sizes.groups);
    CHECK(testing::broken_layer_clauses(layer_of(sizes), drawn(sizes.inputs, 7 * 3)) == std::vector<std::string>{});
  }
  const Conv1d<double> layer = layer_of({3, 7, 3, 2, 1});
  const Matrix<double> x = drawn(3, 6);
  const Speakers speakers{"Conv1d", "Conv1d", "Conv1d"};
  check_backward(layer, x, {.size = 3}, speakers);
  check_shapes(layer, x, {.size = 3}, speakers);
  check_values(layer, x, {.size = 3}, layer_of({4, 2, 1, 1, 2}));
  check_ragged(layer, drawn(3, 15), {5, 0, 2});
  check_batches(layer, x, "Conv1d::forward");
  check_reuse(layer_of({4, 4, 3, 2, 2}), drawn(4, 9));
  check_stream(layer, drawn(3, 12));
  check_foreign_tape(layer, layer_of({3, 7, 3, 1, 1}),
                     "Conv1d::backward: the tape is of a layer of 3 to 7, kernel_size 3, dilation 1, groups 1; this "
                     "one is of 3 to 7, kernel_size 3, dilation 2, groups 1");
}

TEST_CASE("the gradients of a convolution are those of central differences", "[conv1d]") {
  for (const Sizes& sizes : all_sizes) {
    const auto layer = layer_of(sizes);
    const auto check = [&](Index steps, const Batch& batch) {
      CAPTURE(sizes.kernel_size, sizes.dilation, sizes.groups, steps, batch.size);
      Random random(3);
      const auto in = random_sequence(layer, steps, batch, random);
      const auto report = testing::check_gradient(layer, in.x, batch, {.entries = 20}, in.initial);
      CAPTURE(report.where);
      CHECK(report.worst <= 1e-7);
      CHECK(report.compared > 0);
    };
    check(5, {.size = 3, .lengths = {5, 0, 2}});
    check(1, {.size = 1});
    check(0, {.size = 2});
    Batch both = with_resets(6, 4);
    check(6, both);
    both.lengths = {6, 0, 3, 5};
    check(6, both);
  }
}

TEST_CASE("a batch has the bits of its episodes alone", "[conv1d]") {
  for (const Sizes& sizes : all_sizes) {
    CAPTURE(sizes.kernel_size, sizes.dilation, sizes.groups);
    Random random(4);
    const auto layer = layer_of(sizes);
    check_is_its_episodes(layer, 9, {.size = 7}, random);
    check_is_its_episodes(layer, 9, {.size = 6, .lengths = {9, 0, 1, 7, 4, 9}}, random);
    Batch both = with_resets(9, 6);
    check_is_its_episodes(layer, 9, both, random);
    both.lengths = {9, 0, 1, 7, 4, 9};
    check_is_its_episodes(layer, 9, both, random);
  }
}

TEST_CASE("the way of a sequence does not matter: whole, in parts, step by step", "[conv1d]") {
  for (const Sizes& sizes : all_sizes) {
    CAPTURE(sizes.kernel_size, sizes.dilation, sizes.groups);
    const auto layer = layer_of<float>(sizes);
    Random random(5);
    auto in = random_sequence(layer, 11, {.size = 2}, random);
    const auto whole = run(layer, in);
    Conv1d<float>::Tape tape;
    auto state = in.initial;
    for (Index t = 0; t < 11; t += 3) {  // shorter than the longest of the states
      const Index columns = std::min<Index>(3, 11 - t) * 2;
      const Matrix<float> y =
          layer.forward(in.x.middleCols(2 * t, columns), tape, {.size = 2, .continues = true}, state);
      CHECK(y == whole.y.middleCols(2 * t, columns));
      state = tape.final_state;
    }
    CHECK(same_bits(state, whole.final_state));
    auto stream = layer.stream();
    for (Index b = 0; b < 2; ++b) {
      auto saved = sample(in.initial, b);
      for (Index t = 0; t < 11; ++t) {
        stream.restore(saved);
        stream.reset();
        stream.restore(saved);
        CHECK(Vector<float>::Map(stream.step(in.x.col(2 * t + b).data()), whole.y.rows()) == whole.y.col(2 * t + b));
        stream.save(saved);
      }
      CHECK(same_bits(saved, sample(whole.final_state, b)));
    }
  }
}

TEST_CASE("a part of a step's result may be the next x of a convolution of several samples", "[conv1d]") {
  const auto layer = layer_of<float>({1, 2, 2, 1, 1});
  Stream given(layer, {.samples = 2}), copied(layer, {.samples = 2});
  const auto y = given.step(std::array{1.0f, 2.0f});
  const Vector<float> head = copied.step(std::array{1.0f, 2.0f}).head(2);
  CHECK(given.step(y.head(2)) == copied.step(head));
}

TEST_CASE("any number of threads convolves to the same bits", "[conv1d]") {
  ThreadPool pool(3);
  for (const Sizes& sizes : {Sizes{32, 66, 3, 2, 1}, {32, 64, 2, 1, 2}, {64, 64, 3, 1, 64}}) {
    const auto layer = layer_of(sizes);
    Random random(6);
    auto in = random_sequence(layer, 40, {.size = 8, .lengths = {40, 40, 3, 40, 7, 40, 0, 39}}, random);
    const auto alone = run(layer, in);
    in.forward.pool = &pool;
    const auto shared = run(layer, in);
    CHECK(shared.y == alone.y);
    CHECK(shared.d_x == alone.d_x);
    CHECK(flat(shared.gradient) == flat(alone.gradient));
  }
}

TEST_CASE("errors go back as far as a truncation lets them", "[conv1d]") {
  constexpr Index steps = 7, size = 2;
  const Sizes sizes{2, 3, 3, 2, 1};
  const auto layer = layer_of(sizes);
  Random random(7);
  const auto in = random_sequence(layer, steps, {.size = size}, random);
  const auto exact = run(layer, in);
  for (const Truncation cut : {Truncation{2, 0}, {3, 2}, {3, 3}, {6, 4}, {1, 1}, {7, 5}}) {
    CAPTURE(cut.window, cut.stride);
    const auto pass = run(layer, in, {.truncation = cut});
    const Index stride = cut.stride == 0 ? cut.window : cut.stride;
    Matrix<double> d_x = Matrix<double>::Zero(2, (steps + 4) * size);  // behind that of the state
    for (Index t = 0; t < steps; ++t)
      for (Index k = 0; k < 3; ++k) {
        const Index from = t - (2 - k) * 2, begin = cut.window >= steps ? 0 : t / stride * stride + stride - cut.window;
        if (from >= begin || begin <= 0)
          d_x.middleCols((from + 4) * size, size) +=
              layer.weight.middleCols(2 * k, 2).transpose() * in.d_y.middleCols(t * size, size);
      }
    const Index last_begin = cut.window >= steps ? 0 : (steps - 1) / stride * stride + stride - cut.window;
    for (Index from = std::max<Index>(3, last_begin); from < steps; ++from)
      for (Index b = 0; b < size; ++b)
        d_x.col((from + 4) * size + b) += in.d_final.values[0].col(b).segment((from - 3) * 2, 2);
    CHECK(close(pass.d_x, d_x.rightCols(steps * size), 1e-14));
    for (Index b = 0; b < size; ++b)
      for (Index n = 0; n < 4; ++n)
        CHECK(close(pass.d_initial.values[0].col(b).segment(2 * n, 2), d_x.col(n * size + b), 1e-14));
    CHECK(flat(pass.gradient) == flat(exact.gradient));
  }
}

TEST_CASE("outputs and gradients of a convolution are PyTorch's", "[conv1d]") {
  const Vectors torch(UNROLL_TEST_DATA "/conv1d.txt");
  int number = 0;
  for (; torch.has(std::to_string(number) + ".sizes"); ++number) {
    const auto read = [&](const std::string& name) { return torch[std::to_string(number) + "." + name]; };
    const Eigen::MatrixXd numbers = read("sizes");
    const auto size = [&](Index i) { return static_cast<Index>(numbers(i)); };
    const auto check = [&]<class S>(S, double tolerance) {
      CAPTURE(number, tolerance);
      auto layer = Conv1d<S>::zeros(size(0), size(1), size(2), {size(3), size(4)}), gradient = layer;
      layer.weight = read("weight").cast<S>();
      layer.bias = read("bias").cast<S>();
      typename Conv1d<S>::Tape tape;
      typename Conv1d<S>::State initial;
      initial.values[0] = read("past").cast<S>();
      const Matrix<S> x = read("x").cast<S>();
      const auto y = layer.forward(x, tape, {.size = initial.values[0].cols()}, initial);
      CHECK(close(y.template cast<double>(), read("y"), tolerance));
      const Matrix<S> d_x = layer.backward(x, read("d_y").cast<S>(), tape, gradient);
      CHECK(close(d_x.template cast<double>(), read("d_x"), tolerance));
      CHECK(close(tape.d_initial.values[0].template cast<double>(), read("d_past"), tolerance));
      CHECK(close(gradient.weight.template cast<double>(), read("d_weight"), tolerance));
      CHECK(close(gradient.bias.template cast<double>(), read("d_bias"), tolerance));
    };
    check(double(), 1e-12);
    check(float(), 1e-5);
  }
  CHECK(number == 4);
}

TEST_CASE("a convolution's step allocates nothing", "[conv1d]") {
  auto stream = layer_of({4, 8, 3, 2, 2}).stream();
  const Matrix<double> x = drawn(4, 1);
  Conv1d<double>::State state;
  stream.save(state);
  const long before = testing::allocations();
  for (int t = 0; t < 100; ++t) {
    stream.step(x.data());
    if (t % 7 == 0) stream.save(state);
    if (t % 11 == 0) stream.restore(state);
    if (t % 13 == 0) stream.reset();
  }
  CHECK(testing::allocations() == before);
}

TEST_CASE("a convolution is drawn as Glorot and PyTorch say", "[conv1d]") {
  Random random(1);
  Conv1d<double> layer(30, 60, 5, random, {.groups = 3});
  CHECK(layer.weight.cwiseAbs().maxCoeff() == Approx(std::sqrt(6.0 / (50 + 100))).epsilon(0.01));
  CHECK(layer.bias.isZero(0));
  layer.initialize(random, Initial::pytorch);
  CHECK(layer.weight.cwiseAbs().maxCoeff() == Approx(1 / std::sqrt(50.0)).epsilon(0.01));
  CHECK(layer.bias.cwiseAbs().maxCoeff() == Approx(1 / std::sqrt(50.0)).epsilon(0.1));
}

TEST_CASE("a convolution refuses what does not fit and says what it expected", "[conv1d]") {
  const auto refuse = [](auto call, const std::string& why) {
    CHECK_THROWS_MATCHES(call(), std::invalid_argument, Message(why));
  };
  const auto make = [](Index inputs, Index outputs, Index kernel_size, Convolution how = {}) {
    return [=] { Conv1d<>::zeros(inputs, outputs, kernel_size, how); };
  };
  refuse(make(0, 2, 3), "Conv1d: input_size is 0, expected at least 1");
  refuse(make(3, -1, 3), "Conv1d: output_size is -1, expected at least 1");
  refuse(make(3, 2, 0), "Conv1d: kernel_size is 0, expected at least 1");
  refuse(make(3, 2, 3, {.dilation = 0}), "Conv1d: dilation is 0, expected at least 1");
  refuse(make(3, 2, 3, {.groups = 0}), "Conv1d: groups is 0, expected at least 1");
  refuse(make(4, 3, 3, {.groups = 2}), "Conv1d: groups is 2, expected a divisor of input_size 4 and output_size 3");

  constexpr Index most = (std::numeric_limits<Index>::max)();
  refuse(make(4, 2, 3, {.dilation = most / 2 + 1}),
         detail::text("Conv1d: kernel_size is 3, dilation ", most / 2 + 1,
                      " and input_size 4, expected a product of at most ", most));
  refuse(make(4, 2, most / 4 + 1), detail::text("Conv1d: kernel_size is ", most / 4 + 1,
                                                ", dilation 1 and input_size 4, expected a product of at most ", most));
  const auto far = Conv1d<>::zeros(1, 1, 2, {.dilation = most / 4 + 1});
  Conv1d<>::Tape of_far;
  refuse([&] { far.forward(Matrix<float>::Ones(1, 8), of_far, {.size = 8}); },
         "Conv1d::forward: batch size is 8, expected at most 1: the states would be too many numbers");

  auto layer = layer_of({4, 6, 3, 2, 2}), gradient = zeros_like(layer);
  Conv1d<double>::Tape tape;
  const Matrix<double> x = drawn(4, 6), d_y = drawn(6, 6);
  const Batch batch{.size = 2};
  refuse([&] { layer.forward(drawn(3, 6), tape, batch); }, "Conv1d::forward: x has 3 rows, expected input_size 4");
  refuse([&] { layer.forward(x, tape, {.size = 2, .lengths = {4, 1}}); },
         "Conv1d::forward: a sequence's length is 4, x has 3 steps");
  refuse([&] { layer.forward(x, tape, {.size = 2, .resets = {true}}); },
         "Conv1d::forward: 1 resets for 6 columns, expected one a column");
  refuse([&] { layer.forward(x, tape, batch, {{drawn(16, 3)}}); },
         "Conv1d::forward: the initial state past is 16 x 3, expected 16 x 2");
  const Matrix<double> y = layer.forward(x, tape, batch);
  refuse([&] { layer.backward(x, d_y, tape, gradient, {}, {{drawn(15, 2)}}); },
         "Conv1d::backward: the final gradient's state past is 15 x 2, expected 16 x 2");
  refuse([&] { layer.backward(x, d_y, tape, gradient, {.truncation = {2, 3}}); },
         "Conv1d::backward: truncation window 2 and stride 3, expected window >= stride >= 0");
  Conv1d<double> other = gradient;
  other.bias.resize(5);
  refuse([&] { layer.backward(x, d_y, tape, other); },
         "Conv1d::backward: the gradient's bias is 5 x 1, the model's is 6 x 1");
  CHECK(flat(gradient) == flat(zeros_like(layer)));
  CHECK(tape.output() == y);
  layer.backward(x, d_y, tape, gradient);

  layer.weight.resize(6, 5);
  const std::string shapes = "Conv1d: weight is 6 x 5 and bias has 6 rows, expected 6 x 6 and 6";
  refuse([&] { layer.forward(x, tape, batch); }, shapes);
  refuse([&] { layer.stream(); }, shapes);
}

TEST_CASE("the first number of a convolution that is not finite is found", "[conv1d]") {
  const auto layer = layer_of({1, 2, 2, 3, 1});
  Conv1d<double>::Tape tape;
  Matrix<double> x = drawn(1, 14);
  CHECK(place(layer.find_non_finite(tape)) == "");
  layer.forward(x, tape, {.size = 2});
  CHECK(place(layer.find_non_finite(tape)) == "");
  x(0, 5) = std::numeric_limits<double>::infinity();
  layer.forward(x, tape, {.size = 2});
  CHECK(place(layer.find_non_finite(tape)) == "Conv1d y 2 1 forward");
}

TEST_CASE("a million equal columns have the convolution's gradient of double", "[conv1d]") {
  auto layer = Conv1d<float>::zeros(1, 2, 2), gradient = layer;
  Conv1d<float>::Tape tape;
  const Index columns = 1'000'000;
  const Matrix<float> x = Matrix<float>::Constant(1, columns, 0.3f);
  layer.forward(x, tape);
  layer.backward(x, Matrix<float>::Constant(2, columns, 0.1f), tape, gradient);
  const double sum = static_cast<double>(columns) * static_cast<double>(0.1f);
  CHECK(static_cast<double>(gradient.bias[1]) == Approx(sum).epsilon(1e-6));
  CHECK(static_cast<double>(gradient.weight(1, 1)) == Approx(sum * static_cast<double>(0.3f)).epsilon(1e-5));
}
