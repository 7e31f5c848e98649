#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

#include "unroll/core/error.hpp"
#include "unroll/core/types.hpp"

namespace unroll {

namespace detail {

/// Which process this is, where one can fork.
inline long process_id() {
#if __has_include(<unistd.h>)
  return static_cast<long>(::getpid());
#else
  return 0;
#endif
}

/// Whether this thread is at a task of some pool.
inline thread_local bool at_a_task = false;

/// The threads of a pool, and the tasks that they are at.
class Crew {
 public:
  explicit Crew(int threads) {
    for (int i = 1; i < threads; ++i) threads_.emplace_back([this](std::stop_token stop) { serve(stop); });
  }

  void run(Index count, const std::function<void(Index)>& task) {
    const std::lock_guard turn(turn_);
    std::unique_lock lock(mutex_);
    task_ = &task;
    next_ = 0;
    count_ = left_ = count;
    open_ = count > 0;
    begun_.notify_all();
    work(lock);
    if (left_ != 0) {
      lock.unlock();
      linger([this] { return left_ == 0; });
      lock.lock();
    }
    done_.wait(lock, [this] { return left_ == 0; });
    task_ = nullptr;
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

  const long process = process_id();  ///< that the threads belong to

 private:
  void serve(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (begun_.wait(lock, stop, [this] { return next_ < count_; })) {
      work(lock);
      lock.unlock();
      linger([this, &stop] { return open_ || stop.stop_requested(); });
      lock.lock();
    }
  }

  /// Waits for what may come soon, for about as long as it takes to wake a thread that sleeps.
  template <class Ready>
  static void linger(Ready ready) {
    for (int i = 0; i < 200 && !ready(); ++i) std::this_thread::yield();
  }

  void work(std::unique_lock<std::mutex>& lock) {
    const bool nested = std::exchange(at_a_task, true);
    while (next_ < count_) {
      const Index mine = next_++;
      open_ = next_ < count_;
      const std::function<void(Index)>& task = *task_;
      lock.unlock();
      std::exception_ptr error;
      try {
        task(mine);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (error && !error_) error_ = error;
      if (--left_ == 0) done_.notify_one();
    }
    at_a_task = nested;
  }

  std::mutex turn_;   // the caller's whose tasks are done
  std::mutex mutex_;  // of all below
  std::condition_variable_any begun_;
  std::condition_variable_any done_;
  const std::function<void(Index)>* task_ = nullptr;
  Index next_ = 0;                 // the first task that nobody has taken
  Index count_ = 0;                // of tasks
  std::atomic<bool> open_{false};  // next_ < count_
  std::atomic<Index> left_{0};     // tasks that are not done
  std::exception_ptr error_;
  std::vector<std::jthread> threads_;  // last: they stop before the rest goes
};

}  // namespace detail

/// A plain pool of threads, as many as the user says: those who ask for none get none.
///
/// The caller of `run` works too, so a pool of one has no thread of its own. Any number of threads may call it: they
/// take turns. After a fork the child's pool starts threads of its own.
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
    // After a fork the threads are the parent's, and nobody would ever answer: what they waited on is left alone.
    if (crew_.load()->process == detail::process_id()) delete crew_.load();
  }

  /// How many threads work on a task, the caller among them.
  int size() const { return size_; }

  /// Calls task(0), ..., task(count - 1), each once, in any order, and returns when all are done. A task that calls
  /// `run`, of any pool, does all of it itself. Rethrows the first exception, when all tasks are done.
  void run(Index count, const std::function<void(Index)>& task) {
    if (detail::at_a_task)
      detail::Crew(1).run(count, task);
    else
      crew().run(count, task);
  }

 private:
  /// This process's.
  detail::Crew& crew() {
    detail::Crew* crew = crew_;
    while (crew->process != detail::process_id()) {
      auto own = std::make_unique<detail::Crew>(size_);
      if (crew_.compare_exchange_strong(crew, own.get())) return *own.release();
    }
    return *crew;
  }

  int size_;
  std::atomic<detail::Crew*> crew_;
};

}  // namespace unroll
