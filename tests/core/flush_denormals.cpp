#include "unroll/core/flush_denormals.hpp"

#include <algorithm>
#include <array>
#include <cfenv>
#include <limits>
#include <thread>

#include "catch.hpp"
#include "unroll/core/thread_pool.hpp"

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

TEST_CASE("the threads of a pool flush where their caller does", "[flush_denormals]") {
  if (!FlushDenormals::works) return;
  unroll::ThreadPool pool(3);
  const auto all = [&] {
    std::array<char, 64> each{};
    pool.run(64, [&](unroll::Index i) {
      volatile double smallest = std::numeric_limits<double>::min();
      const volatile double half = smallest / 2;
      each[static_cast<std::size_t>(i)] = half == 0;
      std::this_thread::yield();  // so that each thread has some
    });
    return std::count(each.begin(), each.end(), 1);
  };
  for (int again = 0; again < 10; ++again) {
    CHECK(all() == 0);
    const FlushDenormals guard;
    CHECK(all() == 64);
  }
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
