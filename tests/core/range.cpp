// Parts of a range.

#include "unroll/core/range.hpp"

#include <vector>

#include "catch.hpp"

using namespace unroll;
using namespace unroll::detail;

TEST_CASE("parts cover a range as equally as can be, from either end", "[range]") {
  const auto parts = [](Index count, Index most, bool backwards = false) {
    std::vector<Index> sizes;
    Index next = backwards ? count : 0;
    for_each_part(
        count, most,
        [&](Range part) {
          CHECK((backwards ? part.end() : part.first) == next);
          next = backwards ? part.first : part.end();
          sizes.push_back(part.count);
        },
        backwards);
    CHECK(next == (backwards ? 0 : count));
    return sizes;
  };
  CHECK(parts(0, 6).empty());
  CHECK(parts(5, 6) == std::vector<Index>{5});
  CHECK(parts(7, 6) == std::vector<Index>{4, 3});
  CHECK(parts(7, 6, true) == std::vector<Index>{3, 4});
  CHECK(parts(20, 6) == std::vector<Index>{5, 5, 5, 5});
}

TEST_CASE("after a part comes as much again, before the range's end", "[range]") {
  const auto next = [](Range part, bool backwards) {
    const Range found = next_part(part, {2, 10}, backwards);
    return std::vector<Index>{found.first, found.count};
  };
  CHECK(next({4, 3}, false) == std::vector<Index>{7, 3});
  CHECK(next({8, 3}, false) == std::vector<Index>{11, 1});
  CHECK(next({9, 3}, false) == std::vector<Index>{12, 0});
  CHECK(next({6, 3}, true) == std::vector<Index>{3, 3});
  CHECK(next({4, 3}, true) == std::vector<Index>{2, 2});
  CHECK(next({2, 3}, true) == std::vector<Index>{2, 0});
}
