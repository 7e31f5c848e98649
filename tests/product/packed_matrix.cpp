// Packed matrices place by place.

#include "unroll/product/packed_matrix.hpp"

#include "catch.hpp"
#include "product/reference.hpp"

using namespace product_test;

namespace {

const Index width = lanes<double>();
constexpr Index sizes[] = {1, 7, 16, 33};

/// The panels of `groups` of four groups, place by place.
void check_panels(Range groups) {
  Random random(1);
  const Index part = part_of_groups<double>(groups.count);
  for (const Index units : sizes)
    for (const Index depth : {1, 2, 9, 40}) {
      CAPTURE(units, depth);
      const Matrix<double> weight = some<double>(4 * units, depth, random);
      PackedMatrix<double> packed;
      packed.pack(weight, units, groups);
      const Panels<double> panels = packed.panels();
      CHECK(packed.depth() == depth);
      CHECK(panels.count == panel_count<double>(units));
      int wrong = 0;
      for (Index panel = 0; panel < panels.count; ++panel)
        for (Index k = 0; k < depth; ++k)
          for (Index group = 0; group < groups.count; ++group)
            for (Index lane = 0; lane < width; ++lane) {
              const Index unit = panel * width + lane;
              const Index place = panel * panels.stride + group / part * panels.part_stride + k * panels.k_stride +
                                  group % part * width + lane;
              const double expected = unit < units ? weight((groups.first + group) * units + unit, k) : 0;
              wrong += panels.data[place] == expected ? 0 : 1;
            }
      CHECK(wrong == 0);
    }
}

}  // namespace

TEST_CASE("panels hold the groups of their units in parts, zeros behind the last unit", "[packed_matrix]") {
  check_panels({1, 3});
  check_panels({0, 4});
}

TEST_CASE("a blocked matrix takes columns over, zeros behind the last unit", "[packed_matrix]") {
  Random random(3);
  for (const Index units : sizes) {
    const Matrix<double> from = some<double>(units, 6, random);
    BlockedMatrix<double> blocked;
    blocked.resize(1, units, 3, 2);
    blocked.set_columns({0, 6}, from.data(), units, {}, [](Index j) { return j != 4; });
    int wrong = 0;
    for (Index j = 0; j < 6; ++j)
      for (Index unit = 0; unit < blocked.panels() * width; ++unit)
        wrong += blocked.value(0, unit, j) == (unit < units && j != 4 ? from(unit, j) : 0) ? 0 : 1;
    CHECK(wrong == 0);
  }
}

TEST_CASE("transposed panels walk along k as a blocked matrix's rows lie", "[packed_matrix]") {
  Random random(2);
  for (const Index units : sizes)
    for (const Index columns : sizes) {
      CAPTURE(units, columns);
      const Matrix<double> weight = some<double>(4 * units, columns, random);
      PackedMatrix<double> packed;
      packed.pack(some<double>(200, 200, random), 50, {0, 4});  // what was there before must not show
      packed.pack_transposed(weight, units, {1, 2});
      const Panels<double> panels = packed.panels();
      CHECK(packed.depth() == 2 * units);
      int wrong = 0;
      for (Index column = 0; column < panels.count * width; ++column)
        for (Index k = 0; k < packed.depth(); ++k) {
          const Index panel = k / (2 * width), here = std::min(width, units - panel * width);  // its units
          const Index unit = panel * width + k % (2 * width) % here, group = 1 + k % (2 * width) / here;
          const double expected = column < columns ? weight(group * units + unit, column) : 0;
          wrong +=
              panels.data[column / width * panels.stride + k * panels.k_stride + column % width] == expected ? 0 : 1;
        }
      CHECK(wrong == 0);
    }
}
