#include "unroll/layers/states.hpp"

#include <vector>

#include "layers/delay.hpp"
#include "layers/layer_contract.hpp"
#include "layers/skip.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;

namespace {

auto model() {
  Random random(1);
  return Sequential{Stack<Lstm<float>>(2, 3, 4, random), Bidirectional<Gru<float>>(4, 2, random),
                    Dense<float>(4, 1, random)};
}

}  // namespace

TEST_CASE("a model's empty state has a place for each layer", "[states]") {
  const auto state = state_for(model());
  CHECK(std::get<0>(state.layers).layers.size() == 2);
  int matrices = 0;
  for_each_state(
      [&](const auto& value) {
        ++matrices;
        CHECK(value.size() == 0);
      },
      state);
  CHECK(matrices == 2 * 2 + 2);
  CHECK(std::get<0>(state_for(Parallel(model(), std::make_shared<ThreadPool>(1))).layers).layers.size() == 2);
}

TEST_CASE("states are visited by the names of their layers and cells, and take any shape", "[states]") {
  auto from = state_for(model()), to = from;
  std::vector<std::string> names;
  for_each_state([](auto& value) { value.setOnes(3, 2); }, from);
  visit_state(
      [&](const std::string& name, auto& target, const auto& source) {
        names.push_back(name);
        CHECK(source.rows() == 3);
        CHECK(source.cols() == 2);
        CHECK(source.size() == 6);
        CHECK(source.data()[5] == 1);
        target = source;
      },
      "at.", to, std::as_const(from));
  CHECK(names ==
        std::vector<std::string>{"at.0.0.h", "at.0.0.c", "at.0.1.h", "at.0.1.c", "at.1.forward.h", "at.1.reverse.h"});
  for_each_state([](const auto& a, const auto& b) { CHECK(a == b); }, std::as_const(to), std::as_const(from));
}

TEST_CASE("a state of a user's own is checked, walked, cut into shards and streamed", "[states]") {
  const Delay delay{drawn(3, 1)};
  Random random(1);
  const Sequential model{delay, Dense<double>(3, 2, random)};
  const Matrix<double> x = drawn(3, 8);
  auto initial = state_for(model);
  for_each_state([](auto& value) { value = drawn(3, 2); }, initial);
  CHECK(std::get<0>(initial.layers).last == drawn(3, 2));
  for (const auto& report : {testing::check_gradient(delay, x, {.size = 2}),
                             testing::check_gradient(delay, x, {.size = 2}, {}, {drawn(3, 2)}),
                             testing::check_gradient(model, x, {.size = 2}, {}, initial)}) {
    CAPTURE(report.where);
    CHECK(report.worst <= 1e-7);
  }
  std::vector<std::string> names;
  visit_state([&](const std::string& name, const auto&) { names.push_back(name); }, "carried.", initial);
  CHECK(names == std::vector<std::string>{"carried.0.last"});

  Parallel parallel(model, std::make_shared<ThreadPool>(2));
  parallel.shard_size = 1;
  decltype(model)::Tape tape;
  decltype(parallel)::Tape shards;
  CHECK(model.forward(x, tape, {.size = 2}, initial) == parallel.forward(x, shards, {.size = 2}, initial));
  CHECK(std::get<0>(shards.final_state.layers).last == x.rightCols(2));

  check_stream(model, x);
  Stream stream(model), other(model);
  stream.step(x.col(0));
  CHECK(other.restore(stream.save()));
  CHECK(other.step(x.col(1)) == stream.step(x.col(1)));
}

TEST_CASE("a model of a user's own is what it shows", "[states]") {
  Random random(1);
  Sequential model{Skip<Stack<Lstm<double>>>{Stack<Lstm<double>>(2, 3, 3, random)}, Dense<double>(3, 2, random)};
  CHECK(tensor_names(model).front() == "0.inner.0.weight_ih");
  const Matrix<double> x = drawn(3, 8);
  auto initial = state_for(model);
  std::vector<std::string> names;
  visit_state([&](const std::string& name, const auto&) { names.push_back(name); }, "", initial);
  CHECK(names == std::vector<std::string>{"0.0.h", "0.0.c", "0.1.h", "0.1.c"});
  for_each_state([](auto& value) { value = drawn(3, 2); }, initial);
  const auto report = testing::check_gradient(model, x, {.size = 2}, {}, initial);
  CAPTURE(report.where);
  CHECK(report.worst <= 1e-7);

  decltype(model)::Tape tape;
  model.forward(x, tape, {.size = 2});
  CHECK(place(model.find_non_finite(tape)) == "");
  std::get<0>(model.layers).inner.layers[1].bias[0] = std::numeric_limits<double>::quiet_NaN();
  model.forward(x, tape, {.size = 2});
  CHECK(place(model.find_non_finite(tape)) == "0.inner.1.Lstm i 0 0 forward");
}
