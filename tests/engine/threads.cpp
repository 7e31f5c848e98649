// A const model serves many threads, each with its own tape and gradient.

#include <thread>

#include "passes.hpp"

using namespace engine_test;

namespace {

template <class Model>
bool same_pass(const Pass<Model>& a, const Pass<Model>& b) {
  bool same =
      a.y == b.y && a.d_x == b.d_x && same_bits(a.final_state, b.final_state) && same_bits(a.d_initial, b.d_initial);
  for_each_tensor([&](const std::string&, const auto& x, const auto& y) { same = same && x == y; }, a.gradient,
                  b.gradient);
  return same;
}

template <class Model>
void check_threads(const Model& model) {
  constexpr std::size_t count = 4;
  std::vector<Sequence<Model>> in;
  std::vector<Pass<Model>> expected;
  for (std::size_t k = 0; k < count; ++k) {
    Random random(k);
    const Batch batch{.size = static_cast<Index>(k + 1)};
    in.push_back(random_sequence(model, static_cast<Index>(20 + k), batch, random, {.dropout_seed = k}));
    expected.push_back(run(model, in[k]));
  }
  std::vector<int> different(count, 0);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < count; ++k)
    threads.emplace_back([&, k] {
      for (int again = 0; again < 20; ++again) different[k] += !same_pass(run(model, in[k]), expected[k]);
    });
  for (auto& thread : threads) thread.join();
  CHECK(different == std::vector<int>(count, 0));
}

}  // namespace

TEST_CASE("a const model gives the same bits on four threads as on one", "[threads]") {
  Random random(1);
  check_threads(Sequential{Lstm<float>(3, 17, random), Dropout<float>(0.3), Gru<float>(17, 9, random),
                           Dense<float>(9, 2, random)});
  check_threads(Bidirectional<OriginalGru<double>>(3, 11, random));
  check_threads(Stack<Rnn<double>>(3, 3, 11, random));
}

TEST_CASE("streams of one const model run on four threads", "[threads]") {
  Random random(2);
  const Sequential model{Lstm<float>(1, 17, random), Gru<float>(17, 9, random), Dense<float>(9, 1, random)};
  constexpr std::size_t count = 4;
  const auto stream_alone = [&](Stream<std::remove_const_t<decltype(model)>> stream, std::size_t k) {
    float last = 0;
    for (int t = 0; t < 500; ++t) last = stream.step(static_cast<float>((t + static_cast<int>(k)) % 5) - 2)[0];
    return last;
  };
  const Stream stream(model);
  std::vector<float> together(count), one_by_one;
  for (std::size_t k = 0; k < count; ++k) one_by_one.push_back(stream_alone(stream, k));
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < count; ++k)
    threads.emplace_back([&, k, copy = stream] { together[k] = stream_alone(copy, k); });
  for (auto& thread : threads) thread.join();
  CHECK(together == one_by_one);
}
