#include "unroll/core/thread_pool.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#if __has_include(<sys/wait.h>)
#include <sys/wait.h>
#endif

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

TEST_CASE("callers take turns", "[thread_pool]") {
  ThreadPool pool(2);
  std::atomic<int> together = 0, most = 0, calls = 0;
  const auto call = [&] {
    for (int again = 0; again < 200; ++again) {
      std::atomic<int> own = 0;
      pool.run(3, [&](Index) {
        most = std::max(most.load(), ++together);
        ++own;
        --together;
      });
      if (own == 3) ++calls;
    }
  };
  std::vector<std::jthread> callers;
  for (int i = 0; i < 3; ++i) callers.emplace_back(call);
  callers.clear();
  CHECK(calls == 600);
  CHECK(most <= 2);
}

TEST_CASE("a task that runs tasks does all of them itself", "[thread_pool]") {
  ThreadPool pool(2), other(2);
  std::atomic<int> calls = 0;
  pool.run(4, [&](Index) {
    for (ThreadPool* inner : {&pool, &other}) {
      const auto id = std::this_thread::get_id();
      inner->run(3, [&](Index) { calls += std::this_thread::get_id() == id; });
    }
  });
  CHECK(calls == 24);
  CHECK_THROWS_WITH(pool.run(1,
                             [&](Index) {
                               pool.run(3, [&](Index i) {
                                 ++calls;
                                 if (i == 0) throw std::runtime_error("inner task 0");
                               });
                             }),
                    "inner task 0");
  CHECK(calls == 27);
}

#if __has_include(<sys/wait.h>)
TEST_CASE("after a fork the child's pool has threads of its own", "[thread_pool]") {
  ThreadPool pool(2);
  const auto meet = [&] {  // each task waits for the other
    std::atomic<int> arrived = 0;
    pool.run(2, [&](Index) {
      ++arrived;
      while (arrived < 2) std::this_thread::yield();
    });
    return arrived == 2;
  };
  CHECK(meet());
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);  // which ends a child that hangs
    _exit(meet() && meet() ? 42 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
  CHECK(meet());
}

TEST_CASE("a pool that a child does not use ends with it", "[thread_pool]") {
  auto pool = std::make_unique<ThreadPool>(3);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    pool.reset();
    _exit(42);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
}
#endif

TEST_CASE("a pool has no more threads than it was asked for", "[thread_pool]") {
  ThreadPool pool(2);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  pool.run(20, [&](Index) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  CHECK(threads.size() <= 2);
}

TEST_CASE("of two exceptions the first comes back, and it is forgotten", "[thread_pool]") {
  ThreadPool pool(1);
  const auto fail = [](Index i) {
    if (i >= 2) throw std::runtime_error("task " + std::to_string(i));
  };
  CHECK_THROWS_WITH(pool.run(5, fail), "task 2");
  CHECK_NOTHROW(pool.run(2, fail));
}

TEST_CASE("a caller that fell asleep is woken", "[thread_pool]") {
  ThreadPool pool(2);
  const auto caller = std::this_thread::get_id();
  for (int again = 0; again < 3; ++again) {
    std::atomic<int> begun = 0;
    std::atomic<bool> done = false;
    pool.run(2, [&](Index) {
      ++begun;
      while (begun < 2) std::this_thread::yield();  // so that each thread has one
      if (std::this_thread::get_id() == caller) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      done = true;
    });
    CHECK(done);
  }
}

TEST_CASE("a pool needs a thread", "[thread_pool]") {
  CHECK_THROWS_WITH(ThreadPool(0), "ThreadPool: 0 threads, expected at least 1");
}
