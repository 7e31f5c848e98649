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

/// to = from + a b with `units` units of `Gates` gates and `segments` runs of k, held against the chains.
template <int Gates>
void check_product(Index units, Index columns, Index segment, Index segments) {
  CAPTURE(Gates, units, columns, segment, segments);
  constexpr Index lanes = Pack<float>::size;
  const Index blocks = block_count<float>(units), depth = segment * segments;
  const Index segment_stride = segment + 3, stride = segments * segment_stride + 1;
  Random random(1);
  const Vector<float> a = some(blocks * depth * Gates * lanes, random), b = some(columns * stride, random);
  const Vector<float> start = some(Gates * units, random);
  const Index rows = Gates * units + 2;  // a guard behind each column
  Vector<float> to = Vector<float>::Constant(rows * columns, 99);

  std::vector<int> done(static_cast<std::size_t>(blocks * columns));
  multiply<Gates, float>({a.data(), blocks, depth * Gates * lanes, Gates * lanes},
                         {b.data(), columns, stride, 1, segment, segments, segment_stride},
                         {start.data(), lanes, units, 0, units}, {to.data(), lanes, units, rows, units},
                         [&](Index block, Index block_count, Index column, Index column_count) {
                           for (Index i = block; i < block + block_count; ++i)
                             for (Index j = column; j < column + column_count; ++j)
                               ++done[static_cast<std::size_t>(j * blocks + i)];
                         });

  CHECK(std::count(done.begin(), done.end(), 1) == blocks * columns);
  int wrong = 0;
  for (Index j = 0; j < columns; ++j) {
    std::vector<float> x;
    for (Index k = 0; k < depth; ++k) x.push_back(b[j * stride + k / segment * segment_stride + k % segment]);
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
    for (const Index columns : {1, 2, 3, 5, 6, 7, 13}) check_product<Gates>(units, columns, 5, 1);
  check_product<Gates>(24, 7, 3, 4);
  check_product<Gates>(24, 1, 3, 4);
  check_product<Gates>(24, 3, 3, 0);
  check_product<Gates>(24, 0, 3, 1);
}

}  // namespace

TEST_CASE("a product is the chain of its terms, whatever the tile", "[kernel]") {
  check_products<1>();
  check_products<2>();
  check_products<3>();
  check_products<4>();
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
