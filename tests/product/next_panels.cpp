// What tiles ask for: all of the next row of panels, in shares, and nothing where that does not help.

#include "unroll/product/next_panels.hpp"

#include <vector>

#include "catch.hpp"
#include "unroll/product/blocked_matrix.hpp"

using namespace unroll;
using namespace unroll::detail;

namespace {

constexpr int width = for_every_processor ? 8 : widest<float>;
using P = Pack<float, width>;
constexpr bool asks = TileLimits<P>::asks_for_next;
constexpr int part = 2;

/// Panels of four groups in two parts of `part`, with a gap behind each part.
Panels<float> panels_of(Index count, Index depth) {
  const Index k_stride = part * width, part_stride = depth * k_stride + width;
  return {nullptr, count, 2 * part_stride, part_stride, k_stride, count * width};
}

/// How often each word of a part is asked for by the tiles of a row, panel by panel from data on.
std::vector<int> asked(const Panels<float>& a, Index depth, Range row, Index tiles, bool backwards) {
  std::vector<int> words(static_cast<std::size_t>((a.count + 8) * a.stride));
  NextPanels<P, part> next(a, Columns<float>{nullptr, 6 * tiles, depth, 1, {depth}}, row, tiles, backwards);
  Panels<float> of_tile = a;
  for (Index tile = 0; tile < tiles; ++tile, next.move_on()) {
    next.ask(of_tile);
    for (Index i = 0; i < depth * of_tile.next_step; ++i) ++words[static_cast<std::size_t>(of_tile.next + i)];
  }
  return words;
}

}  // namespace

TEST_CASE("the tiles of a row ask for the next row of panels, once", "[next_panels]") {
  for (const Index depth : {100, 512, 1000})
    for (const Index tiles : {2, 3, 11, 40, 300})
      for (const Index count : {1, 3})
        for (const bool backwards : {false, true}) {
          const Panels<float> a = panels_of(60, depth);
          const std::vector<int> words = asked(a, depth, {30, count}, tiles, backwards);
          CAPTURE(depth, tiles, count, backwards);
          const Index first = backwards ? 30 - count : 30 + count;
          Index missing = 0, elsewhere = 0;
          for (Index word = 0; word < static_cast<Index>(words.size()); ++word) {
            const bool in_row = word / a.stride >= first && word / a.stride < first + count;
            const bool wanted = in_row && word % a.stride < depth * a.k_stride;
            (wanted ? missing : elsewhere) += words[static_cast<std::size_t>(word)] != (wanted ? 1 : 0);
          }
          if (asks) {
            const Index share = depth * ((count * a.k_stride + tiles - 1) / tiles);
            CHECK(missing <= (count - 1) * share);  // a share does not cross the gap between panels
            CHECK(elsewhere <= (count + 1) * share);
          } else {
            CHECK(missing == count * depth * a.k_stride);
            CHECK(elsewhere == 0);
          }
        }
}

TEST_CASE("tiles ask for nothing that they find in the cache or that is not there", "[next_panels]") {
  const auto quiet = [](const Panels<float>& a, Index depth, Range row, Index tiles, bool backwards) {
    for (const int times : asked(a, depth, row, tiles, backwards))
      if (times != 0) return false;
    return true;
  };
  const Panels<float> large = panels_of(60, 512);
  CHECK(quiet(large, 512, {30, 1}, 2, false) == !asks);
  CHECK(quiet(large, 512, {30, 1}, 1, false));   // read once: no tile has time for another panel
  CHECK(quiet(large, 512, {59, 1}, 11, false));  // the last row
  CHECK(quiet(large, 512, {0, 1}, 11, true));
  CHECK(quiet(large, 0, {30, 1}, 11, false));
  CHECK(quiet(panels_of(3, 512), 512, {1, 1}, 11, false));
  Panels<float> gates = large;  // each tile would ask for the groups of all
  gates.k_stride = 4 * width;
  CHECK(quiet(gates, 512, {30, 1}, 11, false));
}
