// Packed weights place by place, and the products of gradients against Eigen's, over more columns than one chunk holds.

#include "unroll/engine/panels.hpp"

#include "catch.hpp"
#include "unroll/core/random.hpp"

using namespace unroll;
using namespace unroll::detail;

namespace {

Matrix<double> some(Index rows, Index cols, Random& random) {
  Matrix<double> values(rows, cols);
  for (Index i = 0; i < values.size(); ++i) values.data()[i] = random.uniform() - 0.5;
  return values;
}

constexpr Index lanes = Pack<double>::size;
constexpr Index sizes[] = {1, 7, 16, 33};

/// The gates of `run` as a matrix: its gates x units rows.
Matrix<double> rows_of(const GateBuffer<double>& buffer, GateRun run) {
  Matrix<double> rows(run.count * buffer.units(), buffer.columns());
  for (int gate = 0; gate < run.count; ++gate)
    for (Index unit = 0; unit < buffer.units(); ++unit)
      for (Index j = 0; j < buffer.columns(); ++j)
        rows(gate * buffer.units() + unit, j) = buffer.value(run.first + gate, unit, j);
  return rows;
}

struct One {
  Matrix<float> weight;

  template <class F, class... Ones>
  static void visit(F&& f, const std::string& prefix, Ones&... ones) {
    f(prefix + "weight", ones.weight...);
  }
};

bool near(const Matrix<double>& given, const Matrix<double>& expected) {
  return (given - expected).norm() <= 1e-13 * (1 + expected.norm());
}

}  // namespace

TEST_CASE("panels hold a block's gates side by side, zeros behind the last unit", "[panels]") {
  Random random(1);
  for (const Index units : sizes)
    for (const Index depth : {1, 2, 9, 40}) {
      CAPTURE(units, depth);
      const Matrix<double> weight = some(4 * units, depth, random);
      Panels<double> panels;
      panels.pack_rows(weight, units, 1, 3);
      const Blocks<double> blocks = panels.blocks();
      CHECK(panels.depth() == depth);
      CHECK(blocks.count == block_count<double>(units));
      int wrong = 0;
      for (Index block = 0; block < blocks.count; ++block)
        for (Index k = 0; k < depth; ++k)
          for (Index gate = 0; gate < 3; ++gate)
            for (Index lane = 0; lane < lanes; ++lane) {
              const Index unit = block * lanes + lane;
              const double expected = unit < units ? weight((1 + gate) * units + unit, k) : 0;
              wrong +=
                  blocks.data[block * blocks.stride + k * blocks.k_stride + gate * lanes + lane] == expected ? 0 : 1;
            }
      CHECK(wrong == 0);
    }
}

TEST_CASE("transposed panels walk along k as a gate buffer's rows lie", "[panels]") {
  Random random(2);
  for (const Index units : sizes)
    for (const Index columns : sizes) {
      CAPTURE(units, columns);
      const Matrix<double> weight = some(4 * units, columns, random);
      Panels<double> panels;
      panels.pack_rows(some(200, 200, random), 50, 0, 4);  // what was there before must not show
      panels.pack_transposed(weight, units, 1, 2);
      const Blocks<double> blocks = panels.blocks();
      CHECK(panels.depth() == 2 * units);
      int wrong = 0;
      for (Index column = 0; column < blocks.count * lanes; ++column)
        for (Index k = 0; k < panels.depth(); ++k) {
          const Index block = k / (2 * lanes), here = std::min(lanes, units - block * lanes);  // its units
          const Index unit = block * lanes + k % (2 * lanes) % here, gate = 1 + k % (2 * lanes) / here;
          const double expected = column < columns ? weight(gate * units + unit, column) : 0;
          wrong +=
              blocks.data[column / lanes * blocks.stride + k * blocks.k_stride + column % lanes] == expected ? 0 : 1;
        }
      CHECK(wrong == 0);
    }
}

TEST_CASE("panels know the weight that they were packed from, transposed ones know none", "[panels]") {
  Random random(4);
  const Matrix<double> weight = some(8, 8, random), other = weight;
  Panels<double> panels;
  CHECK_FALSE(panels.packed_from(weight));
  panels.pack_rows(weight, 8, 0, 1);
  CHECK(panels.packed_from(weight));
  CHECK_FALSE(panels.packed_from(other));
  panels.pack_transposed(weight, 8, 0, 1);
  CHECK_FALSE(panels.packed_from(weight));
}

TEST_CASE("chunks cover the columns once, in order", "[panels]") {
  for (const Index columns : {0, 1, 1023, 1024, 1025, 1309, 5000}) {
    CAPTURE(columns);
    Index next = 3;
    for_each_chunk({3, columns}, [&](Range chunk) {
      CHECK(chunk.first == next);
      CHECK(chunk.count >= 1);
      CHECK(chunk.count <= 1024);
      next += chunk.count;
    });
    CHECK(next == 3 + columns);
  }
}

TEST_CASE("the products of gradients, chunk by chunk, are the matrix products", "[panels]") {
  Random random(3);
  for (const Index units : {1, 7, 24})
    for (const Index inputs : {1, 5, 26, 256})  // 256: columns of x 2 KiB apart
      for (const Index columns : {3, 1309}) {
        CAPTURE(units, inputs, columns);
        GateBuffer<double> d;
        d.resize(4, units, columns, 1);
        d.set_zero();
        for (Index unit = 0; unit < units; ++unit)
          for (Index j = 0; j < columns; ++j)
            for (Index gate = 0; gate < 4; ++gate)
              d.at(unit / lanes, j)[gate * lanes + unit % lanes] = random.uniform() - 0.5;
        constexpr GateRun run{1, 3};
        const Matrix<double> x = some(inputs, columns, random), weight = some(3 * units, inputs, random);
        const Matrix<double> start = some(3 * units, inputs, random), rows = rows_of(d, run);
        Vector<double> sums = some(4 * units, 1, random);
        const Vector<double> sums_start = sums;
        Panels<double> panels;
        panels.pack_transposed(weight, units, 0, 3);

        Matrix<double> gradient = start, d_x(inputs, columns);
        Vector<double> spread;
        for_each_chunk({0, columns}, [&](Range chunk) {
          add_outer_products<3>(d, chunk, run, 0, across(x.data(), inputs, inputs, chunk, spread), gradient);
          add_column_sums<4>(d, chunk, sums);
          multiply_transposed(panels, d, chunk, run, d_x);
        });
        CHECK(near(gradient, start + rows * x.transpose()));
        CHECK(near(sums, sums_start + Vector<double>(rows_of(d, {0, 4}).rowwise().sum())));
        CHECK(near(d_x, weight.transpose() * rows));
      }
}

TEST_CASE("ten million columns in float have the sums of double", "[panels]") {
  Random random(4);
  constexpr Index columns = 10'000'000, chunk = 1000;
  const Matrix<float> x = some(1, chunk, random).cast<float>().array() + 1;
  GateBuffer<float> d;  // a chunk's, which comes ten thousand times
  d.resize(1, 1, chunk, 1);
  d.set_zero();
  for (Index j = 0; j < chunk; ++j) d.at(0, j)[0] = 0.1f;
  Vector<double> sum = Vector<double>::Zero(1);
  One gradient{Matrix<float>::Zero(1, 1)};
  double product = 0;
  for_each_sum({0, columns}, gradient, [&](One& part, Range range) {
    for (Index k = 0; k < range.count; k += chunk) {
      const Range now{0, std::min(chunk, range.count - k)};
      add_outer_products<1>(d, now, {0, 1}, 0, {x.data(), 1, 1, 1, {now.count}}, part.weight);
      add_column_sums<1>(d, now, sum);
      product += static_cast<double>(0.1f) * x.leftCols(now.count).cast<double>().sum();
    }
  });
  CHECK(sum[0] == Approx(static_cast<double>(columns) * static_cast<double>(0.1f)).epsilon(5e-7));
  CHECK(static_cast<double>(gradient.weight(0, 0)) == Approx(product).epsilon(1e-6));
}
