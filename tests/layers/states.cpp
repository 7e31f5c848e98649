#include "unroll/layers/states.hpp"

#include <vector>

#include "catch.hpp"
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
