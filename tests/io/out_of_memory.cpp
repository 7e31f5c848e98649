// Memory that runs out: the first, second, third ... allocation fails, through all that a program does. Always
// std::bad_alloc, no leak, nothing freed twice (the C library would end the program), and what there was stays whole.

#include "catch.hpp"
#include "core/flat.hpp"
#include "io/files.hpp"
#include "unroll/io/checkpoints.hpp"
#include "unroll/testing/allocations.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;
using namespace unroll::testing;

namespace {

/// For each n: make(), the thing that act(thing) works on while its n-th allocation fails, then check(thing, whether
/// act threw). Fails where an exception is another one or none, or memory is lost; returns how many allocations act
/// makes.
template <class Make, class Act, class Check>
long run_out(Make make, Act act, Check check) {
  long swallowed = 0, others = 0, leaks = 0, n = 0;
  for (bool reached = true; reached;) {
    ++n;
    const long live = live_allocations();
    {
      auto thing = make();
      bool threw = false;
      const long made = allocations();
      fail_allocation(n);
      try {
        act(thing);
      } catch (const std::bad_alloc&) {
        threw = true;
      } catch (...) {
        ++others;
      }
      reached = allocations() - made >= n;
      fail_allocation(0);
      swallowed += reached && !threw;
      check(thing, threw);
    }
    leaks += live_allocations() != live;
  }
  CHECK(swallowed == 0);
  CHECK(others == 0);
  CHECK(leaks == 0);
  return n - 1;
}

/// Says so where no allocation can fail.
bool can_fail() {
  if (!counts_allocations) WARN("SKIPPED: a sanitizer, or a C library other than glibc, keeps malloc for itself");
  return counts_allocations;
}

constexpr auto nothing = [] { return 0; };
constexpr auto no_check = [](auto&, bool) {};

using Model = Sequential<Embedding<float>, Conv1d<float>, Bidirectional<Lstm<float>>, OriginalGru<float>,
                         Dropout<float>, LayerNormLstm<float>, Dense<float>>;
Model build() {
  Random random(1);
  const Unrolling noisy{.readout = Readout::all, .recurrent_dropout = 0.3, .zoneout = 0.2};
  return Model{Embedding<float>(5, 3, random),
               Conv1d<float>(3, 8, 2, random, {.dilation = 2}),
               Bidirectional<Lstm<float>>(8, 4, random),
               OriginalGru<float>(8, 6, random, noisy),
               Dropout<float>(0.5),
               LayerNormLstm<float>(6, 5, random),
               Dense<float>(5, 2, random)};
}

/// One pass's arguments: tokens, targets, and a ragged batch with resets.
struct Arguments {
  Matrix<float> x, d_y;
  Batch batch;
};
Arguments arguments(Index steps, Index size) {
  Arguments result{Matrix<float>(1, steps * size), Matrix<float>::Ones(2, steps * size), {.size = size}};
  for (Index j = 0; j < steps * size; ++j) result.x(0, j) = static_cast<float>(j % 5);
  for (Index b = 0; b < size; ++b) result.batch.lengths.push_back(steps - b % 3);
  result.batch.resets.assign(static_cast<std::size_t>(steps * size), false);
  result.batch.resets[3] = true;
  return result;
}

/// Forward and backward passes, a small one before a large one, of the model or a parallel one.
template <class M>
void check_passes(const M& model) {
  const Arguments small = arguments(3, 2), large = arguments(6, 5);
  const auto go = [&](const Arguments& with, typename M::Tape& tape) {
    M gradient = zeros_like(model);
    model.forward(with.x, tape, with.batch, {}, {.dropout_seed = 7});
    model.backward(with.x, with.d_y, tape, gradient, {.truncation = {2, 1}, .record_norms = true});
    return flat(gradient);
  };
  typename M::Tape fresh;
  const Flat weights = flat(model), expected = go(large, fresh);
  long wrong = 0;
  const auto used = [&] {
    typename M::Tape tape;
    go(small, tape);
    model.forward(small.x, tape, small.batch);
    return tape;
  };
  const auto check = [&](auto& tape, bool) {
    wrong += flat(model) != weights;
    M gradient = zeros_like(model);
    try {  // the pass before, or none: but no mixture
      model.backward(small.x, small.d_y, tape, gradient);
    } catch (const std::logic_error&) {
      wrong += global_norm(gradient) != 0;
    }
    model.find_non_finite(tape);
    wrong += go(large, tape) != expected;
  };
  CHECK(run_out([] { return typename M::Tape(); }, [&](auto& tape) { go(large, tape); }, check) > 50);
  CHECK(run_out(used, [&](auto& tape) { model.forward(large.x, tape, large.batch); }, check) > 20);
  const auto recorded = [&] {
    auto tape = used();
    model.forward(large.x, tape, large.batch);
    return tape;
  };
  const auto back = [&](auto& tape) {
    M gradient = zeros_like(model);
    model.backward(large.x, large.d_y, tape, gradient);
  };
  CHECK(run_out(recorded, back, check) > 20);
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("memory runs out while a model is built, copied, streamed or predicts", "[out_of_memory]") {
  if (!can_fail()) return;
  build();
  CHECK(run_out(nothing, [](int) { build(); }, no_check) > 30);
  const Model model = build();
  CHECK(run_out(nothing, [&](int) { const Model copy = model; }, no_check) > 10);
  const Sequential streamed{std::get<1>(model.layers), std::get<3>(model.layers), std::get<5>(model.layers)};
  CHECK(run_out(nothing, [&](int) { Stream(streamed).save(); }, no_check) > 10);
  CHECK(run_out(nothing, [&](int) { Stream(streamed, Int8()).save(); }, no_check) > 10);
  const Arguments small = arguments(3, 2), large = arguments(6, 5);
  Predictor expected(model);
  const Matrix<float> y = expected(large.x, large.batch);
  long wrong = 0;
  CHECK(run_out([&] { return Predictor(model); }, [&](auto& predict) { predict(large.x, large.batch); },
                [&](auto& predict, bool) { wrong += predict(large.x, large.batch) != y; }) > 20);
  CHECK(wrong == 0);
}

TEST_CASE("memory runs out in a pass, and no tape is left half of one and half of another", "[out_of_memory]") {
  if (!can_fail()) return;
  check_passes(build());
  Parallel<Model> parallel(build(), std::make_shared<ThreadPool>(1));
  parallel.shard_size = 2;
  check_passes(parallel);
}

TEST_CASE("memory runs out in training and in files: model and file stay whole", "[out_of_memory]") {
  if (!can_fail()) return;
  using Small = Sequential<Embedding<float>, Lstm<float>, Dense<float>>;
  using State = TrainingState<Small, Adam<Small>>;
  Random random(1);
  const Small model{Embedding<float>(5, 3, random), Lstm<float>(3, 4, random), Dense<float>(4, 2, random)};
  const State start(model, Adam(model), Random(3));
  const Matrix<float> x = arguments(4, 1).x, target = Matrix<float>::Ones(1, 4);
  const Sequences<float> data({x, x.leftCols(3), x}, {target, target.leftCols(3), target}, 2);
  const FitOptions options{.epochs = 2, .clip_norm = 1};
  const auto go_on = [&](State& state) { fit(state, data, data, softmax_cross_entropy, options); };
  State done = start;
  go_on(done);
  long wrong = 0;
  CHECK(run_out([&] { return start; }, go_on,
                [&](State& state, bool) {
                  go_on(state);
                  wrong += flat(state.model) != flat(done.model);
                }) > 100);

  const Folder folder("out_of_memory");
  const auto path = folder / "training.safetensors";
  const auto holds = [&](const State& expected) {
    State loaded = start;
    load(loaded, path);
    return flat(loaded.model) == flat(expected.model) && loaded.epoch == expected.epoch;
  };
  const auto make_file = [&] {
    save(start, path);
    return 0;
  };
  CHECK(run_out(
            make_file, [&](int) { save(done, path); },
            [&](int, bool threw) { wrong += !holds(threw ? start : done) || folder.count() != 1; }) > 50);
  save(done, path);
  CHECK(run_out([&] { return start; }, [&](State& state) { load(state, path); },
                [&](State& state, bool threw) { wrong += flat(state.model) != flat((threw ? start : done).model); }) >
        50);
  CHECK(run_out(nothing, [&](int) { describe(path).text(); }, no_check) > 20);
  CHECK(wrong == 0);
}
