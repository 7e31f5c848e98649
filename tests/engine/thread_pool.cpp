#include "unroll/engine/thread_pool.hpp"

#include <atomic>
#include <stdexcept>

#include "catch.hpp"

using namespace unroll;

TEST_CASE("a pool calls each task once", "[thread_pool]") {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    CHECK(pool.size() == threads);
    for (int again = 0; again < 200; ++again) {
      std::vector<std::atomic<int>> calls(13);
      pool.run(13, [&](Index i) { ++calls[static_cast<std::size_t>(i)]; });
      for (const auto& count : calls) REQUIRE(count == 1);
    }
    pool.run(0, [](Index) { FAIL("there is no task"); });
  }
}

TEST_CASE("a pool of one works on the caller's thread", "[thread_pool]") {
  ThreadPool pool(1);
  pool.run(3, [caller = std::this_thread::get_id()](Index) { CHECK(std::this_thread::get_id() == caller); });
}

TEST_CASE("a pool of two has a second thread", "[thread_pool]") {
  ThreadPool pool(2);
  std::atomic<int> arrived = 0;
  pool.run(2, [&](Index) {  // each waits for the other
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
  });
  CHECK(arrived == 2);
}

TEST_CASE("the first exception comes back when all tasks are done, and the pool goes on", "[thread_pool]") {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    std::atomic<int> calls = 0;
    CHECK_THROWS_WITH(pool.run(9,
                               [&](Index i) {
                                 ++calls;
                                 if (i == 4) throw std::runtime_error("task 4");
                               }),
                      "task 4");
    CHECK(calls == 9);
    pool.run(2, [&](Index) { ++calls; });
    CHECK(calls == 11);
  }
}

TEST_CASE("a pool needs a thread", "[thread_pool]") {
  CHECK_THROWS_WITH(ThreadPool(0), "ThreadPool: 0 threads, expected at least 1");
}
