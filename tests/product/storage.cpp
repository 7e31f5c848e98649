// Storages: what they make of numbers, and products whose left factor is kept in them.

#include "unroll/product/storage.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "product/reference.hpp"
#include "unroll/product/packed_matrix.hpp"

using namespace product_test;

namespace {

/// The number that a storage makes of one, as each of the steps of a word.
template <class Storage>
float kept(float value) {
  using P = Pack<float>;
  constexpr int bits = 32 / Storage::per_word;
  Vector<float> results(Storage::per_word);
  unrolled<Storage::per_word>([&]<int j>() {
    const Vector<std::uint32_t> words = Vector<std::uint32_t>::Constant(
        P::size, Storage::encode(value) << j * bits | Storage::encode(-1.0f) << (j + 1) % Storage::per_word * bits);
    Storage::template decode<j, P>(words.data()).store(&results[j], 1);
  });
  CHECK((results.array() == results[0]).all());
  return results[0];
}

/// A product with such a left factor is that with the matrix that it keeps.
template <class Storage>
void check_product() {
  for (const Index units : {1, 7, 16, 24, 37})
    for (const Index depth : {1, 2, 3, 4, 5, 9, 2051})
      for (const Index columns : {1, 2, 5, 13}) {
        CAPTURE(units, depth, columns);
        Random random(1);
        const Matrix<float> a = some<float>(3 * units, depth, random), b = some<float>(depth, columns, random);
        const Vector<float> scales = scales_of<Storage>(a.bottomRows(2 * units).cwiseAbs().rowwise().maxCoeff());
        Matrix<float> kept_a = a.bottomRows(2 * units);
        for (Index k = 0; k < depth; ++k)
          for (Index row = 0; row < 2 * units; ++row) kept_a(row, k) = kept<Storage>(kept_a(row, k) / scales[row]);
        Matrix<float> expected = Matrix<float>::Zero(2 * units, columns), sums = expected;
        reference_product(kept_a, b, expected);
        PackedMatrix<float, Storage> packed;
        packed.pack(a, units, {1, 2}, scales);
        multiply<2, float>(packed.panels(), {b.data(), columns, depth, 1, {depth}}, no_sums<float>(),
                           {sums.data(), lanes<float>(), units, 2 * units, units}, nothing_more);
        CHECK(sums == expected);
      }
}

constexpr float largest_float = std::numeric_limits<float>::max();

}  // namespace

TEST_CASE("bfloat16 and float16 round to the nearest, ties to even", "[storage]") {
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const float value = static_cast<float>((random.uniform() - 0.5) * std::exp2(20 * random.uniform() - 10));
    CAPTURE(value);
    CHECK(kept<Bfloat16>(value) == static_cast<float>(Eigen::bfloat16(value)));
    const float half = static_cast<float>(Eigen::half(value));
    CHECK(kept<Float16>(value) == (std::abs(half) < 0x1p-14f ? 0 : half));
  }
  for (const float tie : {1.00390625f, 1.01171875f, -1.00390625f, 1.00048828125f, 1.00146484375f}) {
    CAPTURE(tie);
    CHECK(kept<Bfloat16>(tie) == static_cast<float>(Eigen::bfloat16(tie)));
    CHECK(kept<Float16>(tie) == static_cast<float>(Eigen::half(tie)));
  }
  CHECK(kept<Float16>(65504) == 65504);
  CHECK(kept<Float16>(0x1p-14f) == 0x1p-14f);
  CHECK(kept<Float16>(0x1.ffcp-15f) == 0);  // less than the least normal number
  CHECK(kept<Float16>(0x1.fffp-15f) == 0x1p-14f);
  CHECK(kept<Float16>(0) == 0);
  CHECK(kept<Bfloat16>(Bfloat16::largest) == Bfloat16::largest);
}

TEST_CASE("int8 keeps every whole number that it has", "[storage]") {
  for (int value = -127; value <= 127; ++value) {
    CHECK(kept<Int8>(static_cast<float>(value)) == static_cast<float>(value));
    CHECK(kept<Int8>(static_cast<float>(value) + 0.4f) == static_cast<float>(value));
  }
  CHECK(scales_of<Int8>(Vector<float>::Constant(1, 254))[0] == 2);
  CHECK(scales_of<Int8>(Vector<float>::Zero(1))[0] == 1);
  CHECK(scales_of<Int8>(Vector<float>::Constant(1, std::numeric_limits<float>::denorm_min()))[0] == 1);
  CHECK(scales_of<Int8>(Vector<float>::Constant(1, 127 * 0x1p-90f))[0] == 1);
  CHECK(scales_of<Int8>(Vector<float>::Constant(1, 127 * 0x1p-89f))[0] == 0x1p-89f);
  CHECK(scales_of<Bfloat16>(Vector<float>::Constant(1, 254))[0] == 1);
}

TEST_CASE("a product in fewer bits is that of the numbers kept", "[storage]") {
  check_product<Bfloat16>();
  check_product<Float16>();
  check_product<Int8>();
}

TEST_CASE("numbers that a storage cannot keep are refused", "[storage]") {
  const auto pack = [](auto storage, float weight) {
    Matrix<float> matrix = Matrix<float>::Ones(3, 2);
    matrix(2, 1) = weight;
    PackedMatrix<float, decltype(storage)> packed;
    packed.pack(matrix, 3, {0, 1}, scales_of<decltype(storage)>(matrix.cwiseAbs().rowwise().maxCoeff()));
  };
  CHECK_THROWS_WITH(pack(Float16(), 65505), "Float16: a weight is 65505, expected a number that fits");
  CHECK_THROWS_WITH(pack(Float16(), -1e6f), contains_text("Float16: a weight is -1e+06"));
  CHECK_THROWS_WITH(pack(Bfloat16(), largest_float), contains_text("Bfloat16: a weight is 3.40282"));
  CHECK_THROWS_WITH(pack(Bfloat16(), std::nanf("")), "Bfloat16: a weight is nan, expected a number that fits");
  CHECK_THROWS_WITH(pack(Int8(), std::nanf("")), "Int8: a weight is nan, expected a number that fits");
  CHECK_THROWS_WITH(pack(Int8(), std::numeric_limits<float>::infinity()), contains_text("Int8: a weight is inf"));
  CHECK_NOTHROW(pack(Int8(), largest_float));
  CHECK_NOTHROW(pack(Int8(), 1e-44f));
}
