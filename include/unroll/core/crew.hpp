#pragma once

#include <exception>
#include <functional>
#include <utility>
#include <vector>
#include <version>

#include "unroll/core/error.hpp"
#include "unroll/core/flush_denormals.hpp"
#include "unroll/core/types.hpp"

/// The threads of a pool, and where they wait for one another. Directly below is what replaces them where the standard
/// library has no threads.
#if (defined(__GLIBCXX__) && !defined(_GLIBCXX_HAS_GTHREADS)) || defined(_LIBCPP_HAS_NO_THREADS) || \
    (defined(_LIBCPP_HAS_THREADS) && !_LIBCPP_HAS_THREADS)

namespace unroll::inline UNROLL_TARGET::detail {

inline long process_id() { return 0; }

/// All is done inside one task, because no other thread could take another.
inline constexpr bool at_a_task = true;

struct Mutex {};
struct Lock {
  explicit Lock(Mutex&) {}
};

class Barrier {
 public:
  explicit Barrier(Index) {}

  void wait() {}
  void give_up(std::exception_ptr) {}
};

class Crew {
 public:
  explicit Crew(int) {}

  void run(Index count, const std::function<void(Index)>& task) {
    std::exception_ptr first;
    for (Index i = 0; i < count; ++i)
      if (const auto error = exception_of([&] { task(i); }); error && !first) first = error;
    if (first) std::rethrow_exception(first);
  }

  const long process = process_id();
};

}  // namespace unroll::inline UNROLL_TARGET::detail

#else

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace unroll::inline UNROLL_TARGET::detail {

/// The number of this process, where processes can fork.
inline long process_id() {
#if __has_include(<unistd.h>)
  return static_cast<long>(::getpid());
#else
  return 0;
#endif
}

/// Whether this thread is at a task of some pool.
inline thread_local bool at_a_task = false;

using Mutex = std::mutex;
using Lock = std::lock_guard<Mutex>;

/// Where the members of a team wait for one another. They spin for a moment, because a step is shorter than a sleep.
/// Then they yield the processor to others, who may be members. Then they sleep.
class Barrier {
 public:
  explicit Barrier(Index members) : members_(members) {}

  /// If a member gave up, throws what the first one gave up with.
  void wait() {
    const Index before = arrived_.fetch_add(1);
    const Index all = before - before % members_ + members_;  // arrivals when this round is complete
    if (before + 1 == all) {
      if (asleep_ > 0) wake();  // a member not counted yet will see that all have arrived
      return;
    }
    const auto complete = [&] {
      if (broken_.load(std::memory_order_acquire)) std::rethrow_exception(error_);
      return arrived_.load() >= all;
    };
    for (int look = 0; look < looks; ++look) {
      if (complete()) return;
      if (look >= looks - yields) std::this_thread::yield();
    }
    sleep(complete);
  }
  void give_up(std::exception_ptr error) {
    {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::move(error);
    }
    broken_ = true;
    wake();
  }

 private:
  static constexpr int looks = 1'000, yields = 32;

  template <class Complete>
  void sleep(Complete complete) {
    std::unique_lock lock(mutex_);
    ++asleep_;
    woken_.wait(lock, complete);  // leaving a broken barrier, it stays counted: that only costs a call
    --asleep_;
  }
  void wake() {
    mutex_.lock();  // a member between its last look and its sleep has the lock
    mutex_.unlock();
    woken_.notify_all();
  }

  const Index members_;
  std::atomic<Index> arrived_{0};  // in all rounds
  std::atomic<Index> asleep_{0};
  std::atomic<bool> broken_{false};
  std::exception_ptr error_;  // once broken, nobody writes it
  std::mutex mutex_;
  std::condition_variable woken_;
};

/// The threads of a pool, and the tasks that they work on.
class Crew {
 public:
  explicit Crew(int threads) : Crew() {  // so the destructor stops the others if a thread cannot be made
    for (int i = 1; i < threads; ++i) threads_.emplace_back([this] { serve(); });
  }
  ~Crew() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    begun_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void run(Index count, const std::function<void(Index)>& task) {
    const std::lock_guard turn(turn_);
    std::unique_lock lock(mutex_);
    task_ = &task;
    next_ = 0;
    count_ = left_ = count;
    open_ = count > 0;
    flush_denormals_ = FlushDenormals::on();
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

  const long process = process_id();  ///< the process that the threads belong to

 private:
  Crew() = default;

  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      begun_.wait(lock, [this] { return next_ < count_ || stopped_; });
      if (stopped_) return;
      std::optional<FlushDenormals> as_the_caller;
      if (flush_denormals_) as_the_caller.emplace();
      work(lock);
      lock.unlock();
      linger([this] { return open_ || stopped_; });
      lock.lock();
    }
  }

  /// Waits until ready(), but only for about as long as it takes to wake a thread that sleeps.
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
      const std::exception_ptr error = exception_of([&] { task(mine); });
      lock.lock();
      if (error && !error_) error_ = error;
      if (--left_ == 0) done_.notify_one();
    }
    at_a_task = nested;
  }

  std::mutex turn_;   // held by the caller whose tasks are done now
  std::mutex mutex_;  // guards all below
  std::condition_variable begun_;
  std::condition_variable done_;
  const std::function<void(Index)>* task_ = nullptr;
  Index next_ = 0;                 // the first task that nobody has taken
  Index count_ = 0;                // of tasks
  bool flush_denormals_ = false;   // as the caller's thread does: bits do not hang on who takes a task
  std::atomic<bool> open_{false};  // next_ < count_
  std::atomic<Index> left_{0};     // tasks that are not done
  std::atomic<bool> stopped_{false};
  std::exception_ptr error_;
  std::vector<std::thread> threads_;
};

}  // namespace unroll::inline UNROLL_TARGET::detail

#endif
