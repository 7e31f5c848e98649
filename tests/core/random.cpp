#include "unroll/core/random.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <set>

#include "catch.hpp"

using unroll::Random;

namespace {

/// What a seed gives; made by reference/random_numbers.py, which knows nothing of this library.
struct Known {
  std::uint64_t seed;
  std::array<std::uint64_t, 4> bits;       // the first four words
  double uniform, uniform_to_0_3, normal;  // drawn after them, in this order
  std::uint64_t fifth_substream;           // its first word
};

constexpr Known known[] = {
    {0x0u,
     {0x99ec5f36cb75f2b4u, 0xbf6e1f784956452au, 0x1a5f849d4933e6e0u, 0x6aa594f1262d2d2cu},
     0x1.774b5a943f085p-1,
     0x1.330ba1e7a49c4p-2,
     -0x1.474204d800000p-1,
     0x87abcecf531d0f18u},
    {0x1u,
     {0xb3f2af6d0fc710c5u, 0x853b559647364ceau, 0x92f89756082a4514u, 0x642e1c7bc266a3a7u},
     0x1.64f491c534466p-1,
     -0x1.b5fa8adab33e9p-3,
     0x1.6ccfa96d00000p+0,
     0x4f10829fb7689a02u},
    {0x2au,
     {0x15780b2e0c2ec716u, 0x6104d9866d113a7eu, 0xae17533239e499a1u, 0xecb8ad4703b360a1u},
     0x1.fbcdb8ffc5d8bp-1,
     0x1.4b74b284d3dfep-3,
     0x1.0887340400000p+1,
     0x42fdae87a60f1c3au},
    {0xffffffffffffffffu,
     {0x8f5520d52a7ead08u, 0xc476a018caa1802du, 0x81de31c0d260469eu, 0xbf658d7e065f3c2fu},
     0x1.226b27fb43794p-1,
     0x1.1cc35f912d516p-3,
     -0x1.d866225000000p-2,
     0x5790a4a8c508bf90u},
};

constexpr int draws = 200000;

/// The means of x, x^2, x^3 and x^4 over many draws of a seed.
template <class Draw>
std::array<double, 4> moments(Draw draw) {
  Random random(7);
  std::array<double, 4> sums{};
  for (int i = 0; i < draws; ++i) {
    const double x = draw(random);
    double power = 1;
    for (double& sum : sums) sum += power *= x;
  }
  for (double& sum : sums) sum /= draws;
  return sums;
}

/// That means over many draws are what they should be, to five standard errors.
void check_moments(const std::array<double, 4>& found, const std::array<double, 4>& expected,
                   const std::array<double, 4>& deviation) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i + 1);
    CHECK(std::abs(found[i] - expected[i]) <= 5 * deviation[i] / std::sqrt(draws));
  }
}

}  // namespace

TEST_CASE("a seed gives the same numbers on every platform", "[random]") {
  for (const Known& expected : known) {
    CAPTURE(expected.seed);
    Random random(expected.seed);
    for (const std::uint64_t word : expected.bits) CHECK(random.bits() == word);
    CHECK(random.uniform() == expected.uniform);
    CHECK(random.uniform(0.3) == expected.uniform_to_0_3);
    CHECK(random.normal() == expected.normal);
    CHECK(Random::substream(expected.seed, 5).bits() == expected.fifth_substream);
  }
}

TEST_CASE("uniform numbers lie between 0 and 1, or within the limit", "[random]") {
  Random random(1);
  double lowest = 1, highest = -1;
  for (int i = 0; i < draws; ++i) {
    const double u = random.uniform(), scaled = std::ldexp(u, 53);
    if (!(u >= 0 && u < 1 && scaled == std::floor(scaled))) FAIL("uniform() gave " << u);
    const double limited = random.uniform(0.25);
    if (!(limited >= -0.25 && limited < 0.25)) FAIL("uniform(0.25) gave " << limited);
    lowest = std::min(lowest, limited);
    highest = std::max(highest, limited);
  }
  CHECK(lowest < -0.2499);
  CHECK(highest > 0.2499);
  CHECK(random.uniform(0) == 0);
}

TEST_CASE("uniform numbers have the moments of the uniform distribution", "[random]") {
  // Variance of x^k: 1 / (2k + 1) - 1 / (k + 1)^2.
  check_moments(moments([](Random& random) { return random.uniform(); }), {1.0 / 2, 1.0 / 3, 1.0 / 4, 1.0 / 5},
                {0.289, 0.299, 0.284, 0.267});
}

TEST_CASE("normal numbers have the moments of twelve uniforms less six, and lie within six", "[random]") {
  // The fourth moment is 3 - 6 / (5 * 12); the deviations are a standard normal's, which are a little larger.
  check_moments(moments([](Random& random) { return random.normal(); }), {0, 1, 0, 2.9}, {1, 1.415, 3.88, 9.8});
  const auto outside = moments([](Random& random) { return std::abs(random.normal()) <= 6 ? 0 : 1; });
  CHECK(outside[0] == 0);
  const auto above_two = moments([](Random& random) { return random.normal() > 2 ? 1 : 0; });
  CHECK(above_two[0] == Approx(0.0225).margin(0.002));
}

TEST_CASE("substreams differ from one another, from other seeds' and from the plain generator", "[random]") {
  std::set<std::uint64_t> words;
  std::size_t drawn = 0;
  const auto draw = [&](Random random) {
    for (int i = 0; i < 100; ++i, ++drawn) words.insert(random.bits());
  };
  for (const std::uint64_t seed : {0u, 1u, 2u}) {
    draw(Random(seed));
    for (std::uint64_t index = 0; index < 50; ++index) draw(Random::substream(seed, index));
    draw(Random::substream(seed, ~std::uint64_t{0}));
  }
  CHECK(words.size() == drawn);
  CHECK(Random::substream(3, 4) == Random::substream(3, 4));
}

TEST_CASE("neighbouring seeds and substreams do not draw alike", "[random]") {
  double seeds = 0, substreams = 0;
  for (std::uint64_t i = 0; i < 10000; ++i) {
    seeds += Random(i).uniform(1) * Random(i + 1).uniform(1);
    substreams += Random::substream(9, i).uniform(1) * Random::substream(9, i + 1).uniform(1);
  }
  // Each product has variance 1/9: five standard errors of the sum.
  CHECK(std::abs(seeds) < 5 * 100 / 3.0);
  CHECK(std::abs(substreams) < 5 * 100 / 3.0);
}

TEST_CASE("a copy of a generator goes on from the same place", "[random]") {
  Random random(11);
  random.normal();
  Random copy = random;
  CHECK(copy == random);
  const double next = random.uniform();
  CHECK_FALSE(copy == random);
  CHECK(copy.uniform() == next);
  CHECK(copy == random);
  CHECK_FALSE(Random(11) == Random(12));
}

TEST_CASE("a generator goes on from the place that another one tells", "[random]") {
  Random random(11), other(12);
  random.normal();
  other.restore(random.state());
  CHECK(other == random);
  CHECK(other.bits() == random.bits());
  const Random before = other;
  CHECK_THROWS_WITH(other.restore({}), "Random::restore: the state is all zero, which it never is");
  CHECK(other == before);
}
