// Threads that share the units of a step: the bits of one thread, whatever the layer and the batch.

#include "unroll/core/team.hpp"

#include <chrono>
#include <ctime>
#include <stdexcept>

#include "engine/passes.hpp"

using namespace engine_test;

namespace {

/// Batches of every kind, and the seed of their noise; a step of them has work enough for a team.
std::vector<std::pair<Batch, ForwardOptions>> passes(Index steps, Index size) {
  Batch ragged{.size = size}, episodes{.size = size};
  for (Index b = 0; b < size; ++b) ragged.lengths.push_back((7 * b + 3) % (steps + 1));
  for (Index j = 0; j < steps * size; ++j) episodes.resets.push_back(j % 11 == 4);
  return {{{.size = size}, {}}, {ragged, {}}, {episodes, {}}, {{.size = size}, {.dropout_seed = 4}}};
}

template <class Model>
bool same(const Pass<Model>& a, const Pass<Model>& b) {
  bool gradients = true;
  for_each_tensor([&](const std::string&, const auto& x, const auto& y) { gradients = gradients && x == y; },
                  a.gradient, b.gradient);
  return gradients && a.y == b.y && a.d_x == b.d_x && same_bits(a.final_state, b.final_state) &&
         same_bits(a.d_initial, b.d_initial);
}

template <class Model>
void check_team(const Model& model, Index size, const BackwardOptions& options = {}) {
  for (const auto& [batch, forward] : passes(6, size)) {
    Random random(2);
    Sequence<Model> in = random_sequence(model, 6, batch, random, forward);
    const auto expected = run(model, in, options);
    for (const int threads : {2, 3, 8}) {
      CAPTURE(threads, in.batch.lengths.size(), in.batch.resets.size(), in.forward.dropout_seed.has_value());
      ThreadPool pool(threads);
      in.forward.pool = &pool;
      CHECK(same(run(model, in, options), expected));
      in.forward.record = false;
      typename Model::Tape tape;
      CHECK(model.forward(in.x, tape, in.batch, in.initial, in.forward) == expected.y);
      in.forward.record = true;
    }
  }
}

}  // namespace

TEST_CASE("members have parts that make a whole", "[team]") {
  for (const Index members : {1, 2, 3, 8})
    for (const Index count : {0, 1, 7, 24, 100}) {
      Index next = 0;
      for (Index i = 0; i < members; ++i) {
        const detail::Range part = detail::Member(i, members, nullptr).part(count);
        CHECK(part.first == next);
        CHECK(std::abs(part.count * members - count) < members);
        next += part.count;
      }
      CHECK(next == count);
    }
}

TEST_CASE("a team is no larger than the pool, the blocks and the work", "[team]") {
  ThreadPool pool(3);
  CHECK(detail::team_size(nullptr, 100, 1'000'000) == 1);
  CHECK(detail::team_size(&pool, 100, 1'000'000) == 3);
  CHECK(detail::team_size(&pool, 2, 1'000'000) == 2);
  CHECK(detail::team_size(&pool, 0, 0) == 1);
  CHECK(detail::team_size(&pool, 100, 1'000) == 1);
}

TEST_CASE("members wait for one another", "[team]") {
  ThreadPool pool(3);
  std::array<int, 3> step = {};
  int sum = 0;
  detail::run_team(&pool, 3, [&](const detail::Member& member) {
    const auto mine = static_cast<std::size_t>(member.part(3).first);
    for (int s = 1; s <= 1'000; ++s) {
      step[mine] = s;
      member.wait();
      member.single([&] { sum += step[0] + step[1] + step[2]; });
    }
  });
  CHECK(sum == 3 * 1'000 * 1'001 / 2);
}

TEST_CASE("members who wait for long sleep, and are woken by the last and by one who gives up", "[team]") {
  ThreadPool pool(4);
  const auto pause = [] { std::this_thread::sleep_for(std::chrono::milliseconds(100)); };
  std::atomic<int> through = 0;
  const std::clock_t begun = std::clock();
  detail::run_team(&pool, 4, [&](const detail::Member& member) {
    for (int again = 0; again < 3; ++again) {
      member.single(pause);
      ++through;
    }
  });
  CHECK(through == 12);
  CHECK_THROWS_WITH(detail::run_team(&pool, 4,
                                     [&](const detail::Member& member) {
                                       member.single([&] {
                                         pause();
                                         throw std::runtime_error("no memory, say");
                                       });
                                     }),
                    "no memory, say");
#if __has_include(<unistd.h>)  // where clock() is the processor's time
  CHECK(static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC < 0.1);
#endif
}

TEST_CASE("inside a task a team is of one", "[team]") {
  ThreadPool pool(2);
  std::atomic<int> whole = 0;
  pool.run(2, [&](Index) {
    detail::run_team(&pool, 2, [&](const detail::Member& member) {
      member.wait();
      whole += member.part(7).count == 7;
    });
  });
  CHECK(whole == 2);
}

TEST_CASE("what a member throws comes back, and the others stop waiting", "[team]") {
  ThreadPool pool(3);
  for (int again = 0; again < 20; ++again)
    CHECK_THROWS_WITH(detail::run_team(&pool, 3,
                                       [&](const detail::Member& member) {
                                         member.single([] { throw std::runtime_error("no memory, say"); });
                                         member.wait();
                                       }),
                      "no memory, say");
}

TEMPLATE_LIST_TEST_CASE("a team gives the bits of one thread", "[team]", AllCells) {
  for (const Direction direction : directions) {
    Random random(1);
    const auto noise = noise_of<TestType>({.direction = direction, .recurrent_dropout = 0.3, .zoneout = 0.2});
    const LayerOf<TestType> layer = with_biases(LayerOf<TestType>(7, 100, random, noise), random);
    check_team(layer, 5);
    check_team(layer, 5, {.clip = 0.01});
    check_team(layer, 5, {.truncation = {.window = 3, .stride = 2}});
  }
}

TEST_CASE("one sample of a large layer is shared", "[team]") {
  Random random(1);
  check_team(Lstm<float>(300, 200, random), 1);
}

TEST_CASE("norms and clipping report the same numbers from a team", "[team]") {
  Random random(1);
  const Lstm<double> layer(7, 100, random);
  Sequence<Lstm<double>> in = random_sequence(layer, 6, {.size = 5}, random);
  const auto report = [&] {
    Lstm<double>::Tape tape;
    Lstm<double> gradient = zeros_like(layer);
    layer.forward(in.x, tape, in.batch, in.initial, in.forward);
    layer.backward(in.x, in.d_y, tape, gradient, {.clip = 0.01, .record_norms = true}, in.d_final);
    return std::tuple(tape.d_h_norms, tape.clip_report.norm, tape.clip_report.clipped);
  };
  const auto expected = report();
  ThreadPool pool(3);
  in.forward.pool = &pool;
  CHECK(report() == expected);
}

TEST_CASE("a model's other layers share their units too", "[team]") {
  Random random(1);
  check_team(LayerNormLstm<double>(7, 100, random), 5);
  check_team(LayerNormLstm<double>(7, 100, random), 5, {.clip = 0.01});
  check_team(LayerNormLstm<double>(7, 100, random, {.recurrent_dropout = 0.3, .zoneout = 0.2}), 5,
             {.truncation = {.window = 3, .stride = 2}});
  check_team(ProjectedLstm<double>(7, 100, 30, random), 5, {.clip = 0.01});
  check_team(ProjectedLstm<double>(7, 100, 30, random, {.recurrent_dropout = 0.3, .zoneout = 0.2}), 5,
             {.truncation = {.window = 3, .stride = 2}});
  check_team(
      Sequential{Dropout<double>(0.3), Bidirectional<Gru<double>>(7, 100, random), Dense<double>(200, 90, random)}, 5);
}

TEST_CASE("steps are shared where the units of a minimal cell are too few", "[team]") {
  Random random(1);
  for (const Direction direction : directions) {
    check_team(MinGru<double>(40, 3, random, {.direction = direction, .zoneout = 0.2}), 60);
    check_team(MinLstm<double>(40, 5, random, {.direction = direction}), 60, {.clip = 0.01});
    check_team(MinGru<double>(2500, 3, random, {.direction = direction}), 1);
  }
}
