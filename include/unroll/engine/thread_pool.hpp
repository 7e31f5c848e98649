#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "unroll/core/error.hpp"
#include "unroll/core/types.hpp"

namespace unroll {

/// A plain pool of threads, as many as the user says: those who ask for none get none.
///
/// The caller of `run` works too, so a pool of one has no thread of its own.
class ThreadPool {
 public:
  /// Throws std::invalid_argument unless threads >= 1.
  explicit ThreadPool(int threads) {
    detail::require(threads >= 1, "ThreadPool: ", threads, " threads, expected at least 1");
    for (int i = 1; i < threads; ++i) threads_.emplace_back([this](std::stop_token stop) { serve(stop); });
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(threads_.size()) + 1; }

  /// Calls task(0), ..., task(count - 1), each once, in any order, and returns when all are done. One `run` at a time;
  /// a task must not call `run`. Rethrows the first exception, when all tasks are done.
  void run(Index count, const std::function<void(Index)>& task) {
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
  }

  std::mutex mutex_;
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

}  // namespace unroll
