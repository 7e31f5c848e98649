// The products of gradients against Eigen's, over more columns than one chunk holds.

#include "unroll/product/over_columns.hpp"

#include "catch.hpp"
#include "product/reference.hpp"

using namespace product_test;

namespace {

const Index width = lanes<double>();

/// Some groups as a matrix: groups x units rows.
template <class Scalar>
Matrix<Scalar> rows_of(const BlockedMatrix<Scalar>& buffer, Range run) {
  Matrix<Scalar> rows(run.count * buffer.units(), buffer.columns());
  for (int group = 0; group < static_cast<int>(run.count); ++group)
    for (Index unit = 0; unit < buffer.units(); ++unit)
      for (Index j = 0; j < buffer.columns(); ++j)
        rows(group * buffer.units() + unit, j) = buffer.value(static_cast<int>(run.first) + group, unit, j);
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

TEST_CASE("chunks cover the columns once, in order", "[over_columns]") {
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

TEST_CASE("the products of gradients, chunk by chunk, are the matrix products", "[over_columns]") {
  Random random(3);
  for (const Index units : {1, 7, 24, 37})
    for (const Index inputs : {1, 5, 26, 200, 256})  // 200: packed where there are many panels; 256: 2 KiB apart
      for (const Index columns : {3, 1309}) {
        CAPTURE(units, inputs, columns);
        BlockedMatrix<double> d;
        d.resize(4, units, columns, 1);
        d.set_zero();
        for (Index unit = 0; unit < units; ++unit)
          for (Index j = 0; j < columns; ++j)
            for (Index group = 0; group < 4; ++group)
              d.at(unit / width, j)[group * width + unit % width] = random.uniform() - 0.5;
        constexpr Range run{1, 3};
        const Matrix<double> x = some<double>(inputs, columns, random),
                             weight = some<double>(3 * units, inputs, random);
        const Matrix<double> start = some<double>(3 * units, inputs, random), rows = rows_of(d, run);
        Vector<double> sums = some<double>(4 * units, 1, random);
        const Vector<double> sums_start = sums;
        PackedMatrix<double> packed;
        packed.pack_transposed(weight, units, {0, 3});

        Matrix<double> gradient = start, d_x(inputs, columns);
        Vector<double> packed_x;
        for_each_chunk({0, columns}, [&](Range chunk) {
          add_outer_products<3>(d, chunk, run, 0, x, packed_x, gradient);
          add_column_sums<4>(d, chunk, sums);
          multiply_transposed(packed, d, chunk, run, d_x);
        });
        CHECK(near(gradient, start + rows * x.transpose()));
        add_outer_products<3>(d, {0, columns}, run, 0, x, packed_x, gradient = start);  // all at once
        CHECK(near(gradient, start + rows * x.transpose()));
        CHECK(near(sums, sums_start + Vector<double>(rows_of(d, {0, 4}).rowwise().sum())));
        CHECK(near(d_x, weight.transpose() * rows));
      }
}

TEST_CASE("threads share the packing of x, and get the same bits", "[over_columns]") {
  Random random(5);
  constexpr Index units = 70, columns = 1000;
  BlockedMatrix<float> d;
  d.resize(1, units, columns, 1);
  for (Index panel = 0; panel < d.panels(); ++panel)
    for (Index j = 0; j < columns; ++j)
      for (Index lane = 0; lane < d.lanes(); ++lane) d.at(panel, j)[lane] = static_cast<float>(random.uniform() - 0.5);
  ThreadPool pool(3);
  for (const Index inputs : {7, 301, 512}) {
    CAPTURE(inputs);
    const Matrix<float> x = some<float>(inputs, columns, random);
    Matrix<float> alone = Matrix<float>::Zero(units, inputs), shared = alone;
    Vector<float> packed_x;
    add_outer_products<1>(d, {0, columns}, {0, 1}, 0, x, packed_x, alone);
    run_team(&pool, 3, [&](const Member& member) {
      add_outer_products<1>(d, {0, columns}, {0, 1}, 0, x, packed_x, shared, member);
    });
    CHECK(shared == alone);
    CHECK((alone - Matrix<float>(rows_of(d, {0, 1}) * x.transpose())).norm() <= 1e-5f * alone.norm());
    Matrix<float> first = Matrix<float>::Zero(units, 1);  // of 512 rows: a tile of one column, packed
    add_outer_products<1>(d, {0, columns}, {0, 1}, 0, x.topRows(1), packed_x, first);
    CHECK(first == alone.col(0));
  }
}

TEST_CASE("ten million columns in float have the sums of double", "[over_columns]") {
  Random random(4);
  constexpr Index columns = 10'000'000, chunk = 1000;
  const Matrix<float> x = some<float>(1, chunk, random).array() + 1;
  BlockedMatrix<float> d;  // a chunk's, which comes ten thousand times
  d.resize(1, 1, chunk, 1);
  d.set_zero();
  for (Index j = 0; j < chunk; ++j) d.at(0, j)[0] = 0.1f;
  Vector<double> sum = Vector<double>::Zero(1);
  Vector<float> packed_x;
  One gradient{Matrix<float>::Zero(1, 1)};
  double product = 0;
  for_each_sum({0, columns}, gradient, [&](One& part, Range range) {
    for (Index k = 0; k < range.count; k += chunk) {
      const Range now{0, std::min(chunk, range.count - k)};
      add_outer_products<1>(d, now, {0, 1}, 0, x, packed_x, part.weight);
      add_column_sums<1>(d, now, sum);
      product += static_cast<double>(0.1f) * x.leftCols(now.count).cast<double>().sum();
    }
  });
  CHECK(sum[0] == Approx(static_cast<double>(columns) * static_cast<double>(0.1f)).epsilon(5e-7));
  CHECK(static_cast<double>(gradient.weight(0, 0)) == Approx(product).epsilon(1e-6));
}
