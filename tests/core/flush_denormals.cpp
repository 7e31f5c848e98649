#include "unroll/core/flush_denormals.hpp"

#include <cfenv>
#include <limits>

#include "catch.hpp"

using unroll::FlushDenormals;

namespace {

/// volatile, so that the processor computes it, here and now.
template <class Scalar>
bool flushes() {
  volatile Scalar smallest = std::numeric_limits<Scalar>::min();
  const volatile Scalar result = smallest / 2;
  volatile Scalar denormal = std::numeric_limits<Scalar>::denorm_min();
  const volatile Scalar sum = denormal + denormal;
  CHECK((result == 0) == (sum == 0));
  return result == 0;
}

}  // namespace

TEMPLATE_TEST_CASE("denormals are flushed while the guard lives, and no longer", "[flush_denormals]", float, double) {
  if (!FlushDenormals::works) {
    WARN("SKIPPED: there is no way to flush denormals on this processor");
    return;
  }
  CHECK_FALSE(flushes<TestType>());
  {
    FlushDenormals guard;
    CHECK(flushes<TestType>());
    {
      FlushDenormals inner;
      CHECK(flushes<TestType>());
    }
    CHECK(flushes<TestType>());
  }
  CHECK_FALSE(flushes<TestType>());
}

TEST_CASE("the guard gives back what it changed, and nothing else", "[flush_denormals]") {
  std::feclearexcept(FE_ALL_EXCEPT);
  {
    FlushDenormals guard;
    volatile double zero = 0;
    const volatile double raises = 1 / zero;
    CHECK(raises > 0);
  }
  CHECK(std::fetestexcept(FE_DIVBYZERO) != 0);
  std::feclearexcept(FE_ALL_EXCEPT);
}
