#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "unroll/core/crew.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A plain pool of threads, as many as the user says. Without a pool the library starts none.
///
/// The caller of `run` works too, so a pool of one has no thread of its own. Any number of threads may call it: they
/// take turns. After a fork the child's pool starts threads of its own. Where the standard library has no threads, the
/// caller does all of the work.
class ThreadPool {
 public:
  /// Throws std::invalid_argument unless threads >= 1.
  explicit ThreadPool(int threads) : size_(threads) {
    detail::require(threads >= 1, "ThreadPool: ", threads, " threads, expected at least 1");
    crew_ = new detail::Crew(threads);
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() {
    // After a fork the threads are the parent's and would never answer, so what they waited on is left alone.
    if (crew_.load()->process == detail::process_id()) delete crew_.load();
  }

  /// How many threads work on a task, the caller among them.
  int size() const { return size_; }

  /// Calls task(0), ..., task(count - 1), each once, in any order, and returns when all are done. If a task calls `run`
  /// of any pool, its thread does all of that work. Rethrows the first exception, when all tasks are done.
  void run(Index count, const std::function<void(Index)>& task) {
    if (detail::at_a_task)
      detail::Crew(1).run(count, task);
    else
      crew().run(count, task);
  }

 private:
  /// The crew of this process.
  detail::Crew& crew() {
    detail::Crew* crew = crew_;
    while (crew->process != detail::process_id()) {  // not covered: only in a forked process, whose counts are lost
      auto own = std::make_unique<detail::Crew>(size_);
      if (crew_.compare_exchange_strong(crew, own.get())) return *own.release();
    }
    return *crew;
  }

  int size_;
  std::atomic<detail::Crew*> crew_;
};

}  // namespace unroll::inline UNROLL_TARGET
