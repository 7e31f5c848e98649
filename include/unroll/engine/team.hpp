#pragma once

#include <algorithm>
#include <atomic>
#include <functional>

#include "unroll/engine/thread_pool.hpp"

/// Threads that go through one pass side by side: each has its part of the units in every step.
namespace unroll::detail {

/// `count` things in a row.
struct Range {
  Index first;
  Index count;
};

/// Where the members of a team wait for one another. They spin, for a step is shorter than a sleep.
class Barrier {
 public:
  /// What `wait` throws where a member has given up.
  struct Broken {};

  explicit Barrier(Index members) : members_(members) {}

  void wait() {
    const Index round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins) {
      if (broken_.load(std::memory_order_relaxed)) throw Broken();
      if (spins > 10'000) std::this_thread::yield();  // more threads than processors, perhaps
    }
  }
  void give_up() { broken_ = true; }

 private:
  const Index members_;
  std::atomic<Index> arrived_{0};
  std::atomic<Index> round_{0};
  std::atomic<bool> broken_{false};
};

/// One thread of a team; a team of one, where nothing else is said.
class Member {
 public:
  Member() = default;
  Member(Index index, Index members, Barrier* barrier) : index_(index), members_(members), barrier_(barrier) {}

  Index members() const { return members_; }

  /// Its part of `count` things.
  Range part(Index count) const {
    if (members_ == 1) return {0, count};  // divisions cost as much as a small product
    const Index first = count * index_ / members_;
    return {first, count * (index_ + 1) / members_ - first};
  }
  /// Its part of `count` units that lie in blocks of `block`: those of its part of the blocks.
  Range units(Index count, Index block) const {
    const Range blocks = part((count + block - 1) / block);
    const Index first = (std::min)(blocks.first * block, count);
    return {first, (std::min)((blocks.first + blocks.count) * block, count) - first};
  }
  /// Its part of the blocks of a product's left factor.
  template <class Blocks>
  Blocks part_of(Blocks blocks) const {
    const Range mine = part(blocks.count);
    blocks.first = mine.first;
    blocks.count = mine.count;
    return blocks;
  }

  /// Until all members are here; what they wrote is seen by all.
  void wait() const {
    if (members_ > 1) barrier_->wait();
  }
  /// Calls f() on one member, and lets the others wait for it.
  template <class F>
  void alone(F f) const {
    if (index_ == 0) f();
    wait();
  }

 private:
  Index index_ = 0;
  Index members_ = 1;
  Barrier* barrier_ = nullptr;
};

/// How many threads of a pool, if there is one, shall share `blocks` blocks of units whose step takes `products`
/// multiply-adds: each should have work for longer than they wait for one another.
inline Index team_size(const ThreadPool* pool, Index blocks, Index products) {
  return pool == nullptr ? 1 : std::clamp<Index>((std::min)(blocks, products / 16'384), 1, pool->size());
}

/// Calls f(member) for each member of a team of threads of the pool at once; inside a pool's task, which has one
/// thread, for a team of one. Rethrows what one of them throws.
template <class F>
void run_team(ThreadPool* pool, Index members, const F& f) {
  if (at_a_task) members = 1;
  Barrier barrier(members);
  const auto join = [&](Index index) {
    try {
      f(Member(index, members, &barrier));
    } catch (const Barrier::Broken&) {  // the one who gave up says why
    } catch (...) {
      barrier.give_up();
      throw;
    }
  };
  if (members == 1)
    join(0);
  else
    pool->run(members, std::ref(join));  // too large for std::function's own room
}

}  // namespace unroll::detail
