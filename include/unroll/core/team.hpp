#pragma once

#include <algorithm>
#include <functional>

#include "unroll/core/range.hpp"
#include "unroll/core/thread_pool.hpp"

/// Threads that go through one pass side by side: each has its part of the units in every step.
namespace unroll::inline UNROLL_TARGET::detail {

/// One thread of a team; by default, of a team of one.
class Member {
 public:
  Member() = default;
  Member(Index index, Index members, Barrier* barrier) : index_(index), members_(members), barrier_(barrier) {}

  Index index() const { return index_; }
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
  /// Its part of the panels of a product's left factor.
  template <class Panels>
  Panels part_of(Panels panels) const {
    const Range mine = part(panels.count);
    panels.first = mine.first;
    panels.count = mine.count;
    return panels;
  }

  /// Waits until all members are here; then all see what each of them wrote.
  void wait() const {
    if (members_ > 1) barrier_->wait();
  }
  /// Calls f() on one member, and lets the others wait for it.
  template <class F>
  void single(F f) const {
    if (index_ == 0) f();
    wait();
  }

 private:
  Index index_ = 0;
  Index members_ = 1;
  Barrier* barrier_ = nullptr;
};

/// How many threads of a pool, or 1 without one, share `blocks` blocks of units whose step takes `products`
/// multiply-adds. Each should work for longer than they wait for one another.
inline Index team_size(const ThreadPool* pool, Index blocks, Index products) {
  return pool == nullptr ? 1 : std::clamp<Index>((std::min)(blocks, products / 16'384), 1, pool->size());
}

/// Calls f(member) for each member of a team, on threads of the pool at once. Inside a task of a pool, which has one
/// thread, the team has one member. Rethrows what one of them throws.
template <class F>
void run_team(ThreadPool* pool, Index members, const F& f) {
  if (members == 1 || at_a_task) return f(Member());
  Barrier barrier(members);
  const auto join = [&](Index index) {
    if (const auto error = exception_of([&] { f(Member(index, members, &barrier)); })) {
      barrier.give_up(error);
      std::rethrow_exception(error);
    }
  };
  pool->run(members, std::ref(join));  // too large for std::function's own room
}

}  // namespace unroll::inline UNROLL_TARGET::detail
