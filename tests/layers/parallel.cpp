// A model whose batches run on several threads: the bits of the model itself, the same on any number of threads.

#include "unroll/layers/parallel.hpp"

#include "../engine/passes.hpp"
#include "core/flat.hpp"
#include "unroll/data/sequences.hpp"
#include "unroll/training/fit.hpp"

using namespace engine_test;

namespace {

std::shared_ptr<ThreadPool> pool_of(int threads) { return std::make_shared<ThreadPool>(threads); }

auto model_of(std::uint64_t seed, double dropout = 0) {
  Random random(seed);
  Lstm<double> lstm(3, 9, random);
  Bidirectional<Gru<double>> both(9, 5, random);
  OriginalGru<double> gru(10, 7, random);
  return Sequential{lstm, Dropout<double>(dropout), both, gru, Dense<double>(7, 2, random)};
}
using Model = decltype(model_of(1));

Batch irregular(Index steps, Index size) {
  Batch batch{.size = size};
  for (Index b = 0; b < size; ++b) batch.lengths.push_back((7 * b + 3) % (steps + 1));
  for (Index j = 0; j < steps * size; ++j) batch.resets.push_back(j % 11 == 4);
  return batch;
}

bool same_tensors(const Model& a, const Model& b) {
  bool same = true;
  for_each_tensor([&](const std::string&, const auto& x, const auto& y) { same = same && x == y; }, a, b);
  return same;
}

Sequence<Parallel<Model>> as_parallel(const Sequence<Model>& in) {
  return {in.x, in.batch, in.initial, in.d_y, in.d_final};
}

}  // namespace

TEST_CASE("shards give the bits of the model itself, and its gradient", "[parallel]") {
  const Model model = model_of(1);
  for (const Batch& batch : {Batch{}, Batch{.size = 7}, Batch{.size = 17}, irregular(5, 17)})
    for (const Index shard_size : {1, 3, 16}) {
      CAPTURE(batch.size, batch.lengths.size(), shard_size);
      Random random(2);
      const Sequence<Model> in = random_sequence(model, 5, batch, random);
      Parallel<Model> parallel(model, pool_of(2));
      parallel.shard_size = shard_size;
      const auto pass = run(parallel, as_parallel(in));
      const auto expected = run(model, in);
      CHECK(pass.y == expected.y);
      CHECK(pass.d_x == expected.d_x);
      CHECK(same_bits(pass.final_state, expected.final_state));
      CHECK(same_bits(pass.d_initial, expected.d_initial));
      check_gradients_agree(pass.gradient.model, expected.gradient, 1e-13);
    }
}

TEST_CASE("shards are of 16 samples, but for a large model, whose batch stays whole", "[parallel]") {
  Random random(3);
  const auto shards = [&](Index hidden) {
    const Parallel<Lstm<float>> model(Lstm<float>(3, hidden, random), pool_of(2));
    Parallel<Lstm<float>>::Tape tape;
    model.forward(Matrix<float>::Zero(3, 2 * 35), tape, {.size = 35});
    return tape.shards.size();
  };
  CHECK(shards(100) == 3);
  CHECK(shards(150) == 1);
}

TEST_CASE("a last read-out is joined too", "[parallel]") {
  Random random(3);
  const Lstm<double> model(3, 9, random, {.readout = Readout::last});
  const auto in = random_sequence(model, 5, irregular(5, 17), random);
  const Parallel<Lstm<double>> parallel(model, pool_of(2));
  const auto pass = run(parallel, {in.x, in.batch, in.initial, in.d_y, in.d_final});
  CHECK(pass.y == run(model, in).y);
  CHECK(pass.d_x == run(model, in).d_x);
}

TEST_CASE("training gives the same bits on any number of threads", "[parallel]") {
  const auto train = [](int threads) {
    Parallel<Model> parallel(model_of(1, 0.3), pool_of(threads));
    parallel.shard_size = 4;
    Adam adam(parallel);
    typename Parallel<Model>::Tape tape;
    for (std::uint64_t step = 0; step < 10; ++step) {
      Random random(step);
      const auto in = random_sequence(parallel.model, 5, {.size = 17}, random, {.dropout_seed = step});
      Parallel<Model> gradient = zeros_like(parallel);
      parallel.forward(in.x, tape, in.batch, in.initial, in.forward);
      parallel.backward(in.x, in.d_y, tape, gradient);
      clip_by_global_norm(gradient, 1);
      adam.step(parallel, gradient);
    }
    return parallel.model;
  };
  const Model expected = train(1);
  CHECK_FALSE(same_tensors(expected, model_of(1)));
  for (const int threads : {2, 3, 8}) CHECK(same_tensors(train(threads), expected));
}

TEST_CASE("a parallel model is a layer", "[parallel]") {
  Parallel<Model> parallel(model_of(1), pool_of(2));
  parallel.shard_size = 2;
  Random random(4);
  const auto in = random_sequence(parallel.model, 5, irregular(5, 5), random);
  const auto report = testing::check_gradient(parallel, in.x, in.batch, {.entries = 4}, in.initial);
  CAPTURE(report.where);
  CHECK(report.worst <= 1e-7);
  CHECK(parameter_count(parallel) == parameter_count(parallel.model));
  CHECK(parallel.output_size() == parallel.model.output_size());
}

TEST_CASE("the shards' dropout masks differ", "[parallel]") {
  Parallel<Dropout<double>> parallel(Dropout<double>(0.5), pool_of(1));
  parallel.shard_size = 1;
  Parallel<Dropout<double>>::Tape tape;
  const Matrix<double> y = parallel.forward(Matrix<double>::Ones(50, 2), tape, {.size = 2}, {}, {.dropout_seed = 1});
  CHECK(y.col(0) != y.col(1));
}

TEST_CASE("the first shard draws the noise that its samples draw alone", "[parallel]") {
  Parallel<Dropout<double>> parallel(Dropout<double>(0.5), pool_of(1));
  parallel.shard_size = 2;
  Parallel<Dropout<double>>::Tape tape;
  Dropout<double>::Tape alone;
  const Matrix<double> y = parallel.forward(Matrix<double>::Ones(50, 4), tape, {.size = 4}, {}, {.dropout_seed = 1});
  CHECK(y.leftCols(2) ==
        parallel.model.forward(Matrix<double>::Ones(50, 2), alone, {.size = 2}, {}, {.dropout_seed = 1}));
}

TEST_CASE("the first number that is not finite is found in its shard", "[parallel]") {
  Random random(5);
  Parallel<Lstm<float>> parallel(Lstm<float>(2, 3, random), pool_of(2));
  parallel.shard_size = 2;
  Parallel<Lstm<float>>::Tape tape;
  Matrix<float> x = Matrix<float>::Zero(2, 5 * 3);
  x(1, 5 * 1 + 4) = std::numeric_limits<float>::quiet_NaN();
  parallel.forward(x, tape, {.size = 5});
  const auto found = parallel.find_non_finite(tape);
  REQUIRE(found);
  CHECK(found->step == 1);
  CHECK(found->sample == 4);
}

TEST_CASE("a const model on one pool serves two threads, and a parallel model inside another", "[parallel]") {
  Random random(10);
  const Gru<double> layer(3, 40, random);
  const auto in = random_sequence(layer, 5, {.size = 7}, random);
  const auto expected = run(layer, in);
  const auto pool = pool_of(2);
  for (const Index shard_size : {2, 7}) {  // 7: the threads share the units
    Parallel<Gru<double>> parallel(layer, pool);
    parallel.shard_size = shard_size;
    std::atomic<int> same = 0;
    const auto work = [&] {
      for (int again = 0; again < 20; ++again) {
        const auto pass = run(parallel, {in.x, in.batch, in.initial, in.d_y, in.d_final});
        same += pass.y == expected.y && pass.d_x == expected.d_x;
      }
    };
    {
      const std::jthread one(work), another(work);
    }
    CHECK(same == 40);

    Parallel<Parallel<Gru<double>>> outer(parallel, pool);
    outer.shard_size = 4;
    CHECK(run(outer, {in.x, in.batch, in.initial, in.d_y, in.d_final}).d_x == expected.d_x);
  }
}

TEST_CASE("states that do not fit the batch are refused before they are cut", "[parallel]") {
  Random random(6);
  Parallel<Lstm<double>> parallel(Lstm<double>(3, 9, random), pool_of(2));
  parallel.shard_size = 2;
  const auto in = random_sequence(parallel, 4, {.size = 5}, random);
  Parallel<Lstm<double>>::Tape tape;
  auto gradient = zeros_like(parallel);
  parallel.forward(in.x, tape, in.batch, in.initial, in.forward);
  for (const Index columns : {1, 4, 6}) {
    auto wrong = in.d_final;
    wrong.values[1].setOnes(9, columns);
    CHECK_THROWS_WITH(
        parallel.backward(in.x, in.d_y, tape, gradient, {}, wrong),
        "Parallel::backward: a final gradient's state is 9 x " + std::to_string(columns) + ", expected 5 columns");
  }
  auto low = in.d_final;
  low.values[0].setOnes(8, 5);
  CHECK_THROWS_AS(parallel.backward(in.x, in.d_y, tape, gradient, {}, low), std::invalid_argument);
  CHECK(global_norm(gradient) == 0);
  parallel.backward(in.x, in.d_y, tape, gradient, {}, in.d_final);
  check_gradients_agree(gradient.model, run(parallel, in).gradient.model, 0);
}

TEST_CASE("a tape serves models of other sizes, one after the other", "[parallel]") {
  Random random(7);
  Parallel<Lstm<double>>::Tape tape;
  for (const Index hidden : {3, 20, 5}) {
    Parallel<Lstm<double>> parallel(Lstm<double>(3, hidden, random), pool_of(2));
    parallel.shard_size = 2;
    const auto in = random_sequence(parallel, 4, {.size = 5}, random);
    auto gradient = zeros_like(parallel);
    parallel.forward(in.x, tape, in.batch, in.initial, in.forward);
    parallel.backward(in.x, in.d_y, tape, gradient, {}, in.d_final);
    check_gradients_agree(gradient.model, run(parallel, in).gradient.model, 0);
  }
}

TEST_CASE("what a parallel model gave back may be its next argument", "[parallel]") {
  Random random(8);
  const Gru<double> model(9, 9, random);
  Parallel<Gru<double>> parallel(model, pool_of(2));
  for (const Index shard_size : {2, 16}) {
    parallel.shard_size = shard_size;
    Parallel<Gru<double>>::Tape tape;
    Gru<double>::Tape plain;
    auto gradient = zeros_like(parallel);
    const Batch batch{.size = 5};
    const Matrix<double> x = random_matrix<double>(9, 20, random), y = model.forward(x, plain, batch);
    parallel.forward(x, tape, batch);
    const Matrix<double> again = model.forward(y, plain, batch, plain.final_state);
    CHECK(parallel.forward(tape.output(), tape, batch, tape.final_state) == again);
    const Matrix<double> d_x = model.backward(y, again, plain, gradient.model);
    const auto given = parallel.backward(y, tape.output(), tape, gradient);
    CHECK(given == d_x);
    model.forward(y, plain, batch);
    parallel.forward(y, tape, batch);
    const auto d_initial = plain.d_initial;
    const Matrix<double> expected = model.backward(y, d_x, plain, gradient.model, {}, d_initial);
    CHECK(parallel.backward(y, given, tape, gradient, {}, tape.d_initial) == expected);
  }
}

TEST_CASE("a token that one shard refuses leaves no mixture of two passes", "[parallel]") {
  Random random(9);
  Parallel parallel(Sequential{Relu<double>(), Embedding<double>(5, 3, random), Gru<double>(3, 4, random)}, pool_of(2));
  parallel.shard_size = 1;
  decltype(parallel)::Tape tape;
  auto gradient = zeros_like(parallel);
  Matrix<double> x = Matrix<double>::Ones(1, 8);
  const Matrix<double> d_y = random_matrix<double>(4, 8, random);
  parallel.forward(x, tape, {.size = 4});
  x(0, 7) = 9;
  CHECK_THROWS_WITH(parallel.forward(x, tape, {.size = 4}),
                    "Embedding::forward: x holds 9 in column 7, expected a whole number from 0 to 4");
  CHECK_THROWS_AS(parallel.backward(x, d_y, tape, gradient), std::logic_error);
  CHECK(global_norm(gradient) == 0);
}

TEST_CASE("a parallel model names the column of x that holds no token", "[parallel]") {
  Random random(10);
  const Embedding<double> embedding(5, 3, random);
  const auto check = [](auto model) {
    Parallel parallel(std::move(model), pool_of(2));
    parallel.shard_size = 2;
    typename decltype(parallel)::Tape tape;
    const Matrix<double> good = Matrix<double>::Ones(1, 15);
    Matrix<double> x = good;
    x(0, 14) = 9;
    const Matrix<double> y = parallel.forward(good, tape, {.size = 5});
    CHECK_THROWS_WITH(parallel.forward(x, tape, {.size = 5}),
                      "Embedding::forward: x holds 9 in column 14, expected a whole number from 0 to 4");
    auto gradient = zeros_like(parallel);
    parallel.backward(good, y, tape, gradient);  // nothing was changed
  };
  check(embedding);
  check(Sequential{embedding, Gru<double>(3, 4, random)});
  check(Stack<Embedding<double>>(std::vector{embedding}));
  check(Sequential{Branches{Dense<double>(1, 2, random), embedding}, Gru<double>(5, 4, random)});
  check((Residual(Sequential{embedding, Dense<double>(3, 1, random)})));
}

TEST_CASE("a parallel model refuses what the model refuses", "[parallel]") {
  CHECK_THROWS_WITH(Parallel(model_of(1), nullptr), "Parallel: there is no thread pool");
  Parallel<Model> parallel(model_of(1), pool_of(2));
  Parallel<Model>::Tape tape;
  Parallel<Model> gradient = zeros_like(parallel);
  const Matrix<double> x = Matrix<double>::Zero(3, 6), d_y = Matrix<double>::Zero(2, 6);
  CHECK_THROWS_AS(parallel.backward(x, d_y, tape, gradient), std::logic_error);
  CHECK_THROWS_AS(parallel.forward(Matrix<double>::Zero(4, 6), tape), std::invalid_argument);
  parallel.forward(x, tape, {.size = 3});
  CHECK_THROWS_AS(parallel.backward(x, d_y.leftCols(5), tape, gradient), std::invalid_argument);
  CHECK_THROWS_AS(parallel.backward(x.leftCols(3), d_y, tape, gradient), std::invalid_argument);
  parallel.backward(x, d_y, tape, gradient);
  CHECK_THROWS_AS(parallel.backward(x, d_y, tape, gradient), std::logic_error);
  parallel.shard_size = -1;
  CHECK_THROWS_WITH(parallel.forward(x, tape), "Parallel: shard_size is -1, expected at least 0");
}

TEST_CASE("between the passes a parallel model may get another pool, or go", "[parallel]") {
  Random random(11);
  std::optional<Parallel<Lstm<float>>> parallel(std::in_place, Lstm<float>(64, 256, random), pool_of(2));
  const Matrix<float> x = Matrix<float>::Random(64, 32), d_y = Matrix<float>::Random(256, 32);
  Parallel<Lstm<float>>::Tape tape;
  auto expected = zeros_like(*parallel);
  parallel->forward(x, tape, {.size = 4});
  parallel->backward(x, d_y, tape, expected);
  parallel->forward(x, tape, {.size = 4});
  REQUIRE(tape.whole());
  const Parallel<Lstm<float>> other(parallel->model, pool_of(3));
  const std::weak_ptr<ThreadPool> pool = parallel->pool;
  auto gradient = zeros_like(other);
  expected.pool = nullptr;
  parallel.reset();
  REQUIRE(!pool.expired());  // its threads serve the way back
  other.backward(x, d_y, tape, gradient);
  CHECK(flat(gradient) == flat(expected));
}

TEST_CASE("a parallel model whose pool was taken away is refused", "[parallel]") {
  Parallel<Model> parallel(model_of(1), pool_of(2));
  Parallel<Model>::Tape tape;
  const Matrix<double> x = Matrix<double>::Random(3, 68), d_y = Matrix<double>::Random(2, 68);
  parallel.forward(x, tape, {.size = 34});
  auto gradient = zeros_like(parallel);
  parallel.pool = nullptr;
  const auto refused = Catch::Matchers::Message("Parallel: there is no thread pool");
  CHECK_THROWS_MATCHES(parallel.backward(x, d_y, tape, gradient), std::invalid_argument, refused);
  CHECK_THROWS_MATCHES(parallel.forward(x, tape, {.size = 34}), std::invalid_argument, refused);
}

TEST_CASE("thousands of shards lose nothing of their gradients' sum", "[parallel]") {
  Parallel<Dense<float>> parallel(Dense<float>::zeros(1, 1), pool_of(2));
  parallel.shard_size = 1;
  Parallel<Dense<float>>::Tape tape;
  auto gradient = zeros_like(parallel);
  const Matrix<float> x = Matrix<float>::Ones(1, 4096);
  parallel.forward(x, tape, {.size = 4096});
  parallel.backward(x, Matrix<float>::Constant(1, 4096, 0.1f), tape, gradient);
  CHECK(gradient.model.bias[0] == 4096 * 0.1f);
}

TEST_CASE("fit trains a parallel model to the same bits on any number of threads", "[parallel]") {
  const auto trained = [](int threads) {
    Random random(10);
    Parallel model(Lstm<double>(1, 5, random), pool_of(threads));
    model.shard_size = 2;
    TrainingState state(model, Adam(model), random);
    const std::vector<Matrix<double>> x(7, random_matrix<double>(1, 6, random)), y(7, Matrix<double>::Ones(5, 6));
    fit(state, Sequences<double>(x, y, 5), mean_squared_error, {.epochs = 3});
    return flat(state.model);
  };
  const auto expected = trained(1);
  CHECK(trained(2) == expected);
  CHECK(trained(3) == expected);
}

TEST_CASE("a tape that was moved from holds no pass to go back through", "[parallel]") {
  Random random(1);
  const Parallel model(Dense<double>(3, 2, random), std::make_shared<ThreadPool>(1));
  const Matrix<double> x = Matrix<double>::Ones(3, 4), d_y = Matrix<double>::Ones(2, 4);
  Parallel<Dense<double>>::Tape tape;
  model.forward(x, tape);
  const auto moved = std::move(tape);
  auto gradient = zeros_like(model);
  CHECK_THROWS_AS(model.backward(x, d_y, tape, gradient), std::logic_error);
}
