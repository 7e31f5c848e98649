// The micro-tiles against the reference product: every shape of tile, tails of units and columns, gaps along k.

#include "unroll/product/multiply.hpp"

#include <vector>

#include "catch.hpp"
#include "product/reference.hpp"
#include "unroll/product/blocked_matrix.hpp"

using namespace product_test;

namespace {

/// Where the steps of k lie in a column.
std::vector<Index> places_of(const Stretches& stretches, const Stretches& last) {
  std::vector<Index> places;
  Index start = 0;
  for (const Stretches& of : {stretches, last})
    for (Index i = 0; i < of.count; ++i, start += of.stride)
      for (Index k = 0; k < of.length; ++k) places.push_back(start + k);
  return places;
}

/// How the parts of a panel lie: one behind the other, as weights do, or in one another at each k, as gates do.
enum class Parts { apart, mixed };

/// to = from + a b with `units` units in each of `Packs` groups and k in such stretches, held against the reference.
template <int Packs>
void check_product(Parts parts, Index units, Index columns, Stretches stretches, Stretches last) {
  CAPTURE(Packs, parts == Parts::apart, units, columns, stretches.length, stretches.count, last.length, last.count);
  const Index width = lanes<float>();
  const std::vector<Index> places = places_of(stretches, last);
  const Index panels = panel_count<float>(units), depth = static_cast<Index>(places.size());
  const Index stride = (depth == 0 ? 0 : places.back()) + 2;
  Random random(1);
  const Index part = part_of_groups<float>(Packs), k_stride = (parts == Parts::apart ? part : Packs) * width;
  const Index part_stride = parts == Parts::apart ? depth * k_stride : part * width;
  const Matrix<float> a = some<float>(panels * depth * Packs * width, 1, random),
                      b = some<float>(stride, columns, random);
  const Matrix<float> start = some<float>(Packs * units, 1, random);
  const Index rows = Packs * units + 2;  // a guard behind each column
  Matrix<float> to = Matrix<float>::Constant(rows, columns, 99);

  std::vector<int> done(static_cast<std::size_t>(panels * columns));
  multiply<Packs, float>(Panels<float>{a.data(), panels, depth * Packs * width, part_stride, k_stride, units},
                         {b.data(), columns, stride, 1, stretches, last}, {start.data(), width, units, 0, units},
                         {to.data(), width, units, rows, units}, [&](const Tile& tile) {
                           for (Index i = tile.panels.first; i < tile.panels.end(); ++i)
                             for (Index j = tile.columns.first; j < tile.columns.end(); ++j)
                               ++done[static_cast<std::size_t>(j * panels + i)];
                         });

  CHECK(std::count(done.begin(), done.end(), 1) == panels * columns);
  Matrix<float> left(Packs * units, depth), right(depth, columns);
  for (Index k = 0; k < depth; ++k) {
    for (Index row = 0; row < left.rows(); ++row) {
      const Index group = row / units, unit = row % units;
      const Index panel = unit / width * depth * Packs * width;
      left(row, k) = a(panel + group / part * part_stride + k * k_stride + group % part * width + unit % width, 0);
    }
    for (Index j = 0; j < columns; ++j) right(k, j) = b(places[static_cast<std::size_t>(k)], j);
  }
  Matrix<float> expected = Matrix<float>::Constant(rows, columns, 99);
  expected.topRows(Packs * units) = start.replicate(1, columns);
  Matrix<float> sums = expected.topRows(Packs * units);
  reference_product(left, right, sums);
  expected.topRows(Packs * units) = sums;
  CHECK(to == expected);
}

template <int Packs>
void check_product(Index units, Index columns, Stretches stretches, Stretches last = {0, 0}) {
  for (const Parts parts : {Parts::apart, Parts::mixed}) check_product<Packs>(parts, units, columns, stretches, last);
}

template <int Packs>
void check_products() {
  for (const Index units : {1, 7, 16, 24, 37, 100, 144})
    for (const Index columns : {1, 2, 3, 5, 6, 7, 12, 13}) check_product<Packs>(units, columns, {5});
  for (const Index columns : {1, 7}) {
    check_product<Packs>(24, columns, {3, 4, 6});
    check_product<Packs>(24, columns, {3, 4, 6}, {2, 3, 5});
    check_product<Packs>(24, columns, {3, 0, 6}, {2, 3, 5});
  }
  for (const Index columns : {1, 7}) {  // which are cut
    check_product<Packs>(24, columns, {2500});
    check_product<Packs>(24, columns, {64, 33, 70});
    check_product<Packs>(24, columns, {64, 33, 70}, {2, 3, 5});
    check_product<Packs>(3, columns, {1030, 2, 1031}, {1, 1, 5});
    check_product<Packs>(3, columns, {2000, 1, 2001}, {3, 2, 5});
  }
  check_product<Packs>(264, 13, {100, 2, 101}, {1, 1, 3});  // more than 256 KiB, so tiles ask for the next panels
  check_product<Packs>(24, 3, {3, 0});
  check_product<Packs>(24, 0, {3});
}

}  // namespace

TEST_CASE("a product is the chain of its terms, whatever the tile", "[multiply]") {
  check_products<1>();
  check_products<2>();
  check_products<3>();
  check_products<4>();
  check_products<6>();
}

TEST_CASE("lanes behind the last unit go from sums to sums", "[multiply]") {
  for (const Index units : {7, 16, 20, 28})
    for (const Index columns : {1, 2, 13}) {
      CAPTURE(units, columns);
      constexpr Index depth = 3;
      Random random(1);
      BlockedMatrix<float> bias, sums;
      bias.set_column(2, units, some<float>(2 * units, 1, random));
      sums.resize(2, units, columns, 1);
      for (Index panel = 0; panel < sums.panels(); ++panel)
        std::fill_n(sums.at(panel, 0), columns * 2 * sums.lanes(), 99.0f);
      const Vector<float> a = Vector<float>::Zero(sums.panels() * depth * 2 * sums.lanes());
      const Matrix<float> b = some<float>(columns, 1, random);
      Sums<const float> from = std::as_const(bias).sums(0, 0);
      from.column_stride = 0;
      const Index k_stride = 2 * sums.lanes();
      multiply<2, float>(Panels<float>{a.data(), sums.panels(), depth * k_stride, 0, k_stride, units},
                         {b.data(), columns, 1, 0, {depth}}, from, sums.sums(0, 0), [](const Tile&) {});
      int wrong = 0;
      for (Index panel = 0; panel < sums.panels(); ++panel)
        for (Index j = 0; j < columns; ++j)
          for (Index lane = 0; lane < 2 * sums.lanes(); ++lane)
            wrong += sums.at(panel, j)[lane] != bias.at(panel, 0)[lane];
      CHECK(wrong == 0);
    }
}
