// The register kernel against plain loops: every shape of tile, tails of units and columns, gaps along k.

#include "unroll/engine/kernel.hpp"

#include <vector>

#include "catch.hpp"
#include "unroll/core/random.hpp"
#include "unroll/engine/gate_buffer.hpp"

using namespace unroll;
using namespace unroll::detail;

namespace {

Vector<float> some(Index size, Random& random) {
  Vector<float> values(size);
  for (Index i = 0; i < size; ++i) values[i] = static_cast<float>(random.uniform()) - 0.5f;
  return values;
}

/// One sum as the kernel must make it: a chain in the order of k.
float chain(float sum, const std::vector<float>& a, const std::vector<float>& b) {
  Pack<float> s(sum);
  for (std::size_t k = 0; k < a.size(); ++k) s = multiply_add(Pack<float>(a[k]), Pack<float>(b[k]), s);
  float result;
  s.store(&result, 1);
  return result;
}

/// Where the steps of k lie in a column.
std::vector<Index> places_of(const Runs& runs, const Runs& last) {
  std::vector<Index> places;
  Index start = 0;
  for (const Runs& of : {runs, last})
    for (Index i = 0; i < of.count; ++i, start += of.stride)
      for (Index k = 0; k < of.length; ++k) places.push_back(start + k);
  return places;
}

/// to = from + a b with `units` units of `Gates` gates and k in such runs, held against the chains.
template <int Gates>
void check_product(Index units, Index columns, Runs runs, Runs last = {0, 0}) {
  CAPTURE(Gates, units, columns, runs.length, runs.count, last.length, last.count);
  constexpr Index lanes = Pack<float>::size;
  const std::vector<Index> places = places_of(runs, last);
  const Index blocks = block_count<float>(units), depth = static_cast<Index>(places.size());
  const Index stride = (depth == 0 ? 0 : places.back()) + 2;
  Random random(1);
  const Vector<float> a = some(blocks * depth * Gates * lanes, random), b = some(columns * stride, random);
  const Vector<float> start = some(Gates * units, random);
  const Index rows = Gates * units + 2;  // a guard behind each column
  Vector<float> to = Vector<float>::Constant(rows * columns, 99);

  std::vector<int> done(static_cast<std::size_t>(blocks * columns));
  multiply<Gates, float>({a.data(), blocks, depth * Gates * lanes, Gates * lanes, units},
                         {b.data(), columns, stride, 1, runs, last}, {start.data(), lanes, units, 0, units},
                         {to.data(), lanes, units, rows, units},
                         [&](Index block, Index block_count, Index column, Index column_count) {
                           for (Index i = block; i < block + block_count; ++i)
                             for (Index j = column; j < column + column_count; ++j)
                               ++done[static_cast<std::size_t>(j * blocks + i)];
                         });

  CHECK(std::count(done.begin(), done.end(), 1) == blocks * columns);
  int wrong = 0;
  for (Index j = 0; j < columns; ++j) {
    std::vector<float> x;
    for (const Index place : places) x.push_back(b[j * stride + place]);
    for (Index gate = 0; gate < Gates; ++gate)
      for (Index unit = 0; unit < units; ++unit) {
        std::vector<float> w;
        for (Index k = 0; k < depth; ++k)
          w.push_back(a[((unit / lanes * depth + k) * Gates + gate) * lanes + unit % lanes]);
        wrong += to[j * rows + gate * units + unit] != chain(start[gate * units + unit], w, x);
      }
    wrong += to[j * rows + rows - 1] != 99 || to[j * rows + rows - 2] != 99;
  }
  CHECK(wrong == 0);
}

template <int Gates>
void check_products() {
  for (const Index units : {1, 7, 16, 24, 37, 100, 144})
    for (const Index columns : {1, 2, 3, 5, 6, 7, 12, 13}) check_product<Gates>(units, columns, {5});
  for (const Index columns : {1, 7}) {
    check_product<Gates>(24, columns, {3, 4, 6});
    check_product<Gates>(24, columns, {3, 4, 6}, {2, 3, 5});
    check_product<Gates>(24, columns, {3, 0, 6}, {2, 3, 5});
  }
  check_product<Gates>(24, 3, {3, 0});
  check_product<Gates>(24, 0, {3});
}

}  // namespace

TEST_CASE("a product is the chain of its terms, whatever the tile", "[kernel]") {
  check_products<1>();
  check_products<2>();
  check_products<3>();
  check_products<4>();
}

TEST_CASE("lanes behind the last unit go from sums to sums", "[kernel]") {
  for (const Index units : {7, 16, 20, 28})
    for (const Index columns : {1, 2, 13}) {
      CAPTURE(units, columns);
      constexpr Index depth = 3;
      Random random(1);
      GateBuffer<float> bias, gates;
      bias.set_column(2, units, some(2 * units, random));
      gates.resize(2, units, columns, 1);
      for (Index block = 0; block < gates.blocks(); ++block)
        std::fill_n(gates.at(block, 0), columns * 2 * gates.lanes, 99.0f);
      const Vector<float> a = Vector<float>::Zero(gates.blocks() * depth * 2 * gates.lanes), b = some(columns, random);
      Sums<const float> from = std::as_const(bias).sums(0, 0);
      from.column_stride = 0;
      multiply<2, float>({a.data(), gates.blocks(), depth * 2 * gates.lanes, 2 * gates.lanes, units},
                         {b.data(), columns, 1, 0, {depth}}, from, gates.sums(0, 0), [](Index, Index, Index, Index) {});
      int wrong = 0;
      for (Index block = 0; block < gates.blocks(); ++block)
        for (Index j = 0; j < columns; ++j)
          for (Index lane = 0; lane < 2 * gates.lanes; ++lane)
            wrong += gates.at(block, j)[lane] != bias.at(block, 0)[lane];
      CHECK(wrong == 0);
    }
}

TEST_CASE("parts cover a range as equally as can be", "[kernel]") {
  const auto parts = [](Index count, Index most) {
    std::vector<Index> sizes;
    Index next = 0;
    for_each_part(count, most, [&](Index first, Index size) {
      CHECK(first == next);
      next += size;
      sizes.push_back(size);
    });
    CHECK(next == count);
    return sizes;
  };
  CHECK(parts(0, 6).empty());
  CHECK(parts(5, 6) == std::vector<Index>{5});
  CHECK(parts(7, 6) == std::vector<Index>{4, 3});
  CHECK(parts(20, 6) == std::vector<Index>{5, 5, 5, 5});
}
