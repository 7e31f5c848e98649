#pragma once

#include <unroll/unroll.hpp>

/// A corridor of unknown length with a fork at its end (the T-maze of Bakker 2002). A sign at its start says at which
/// side of the fork the treasure lies; one step on, it is out of sight.
class Maze {
 public:
  enum Action { left, right, ahead };
  static constexpr unroll::Index actions = 3;
  static constexpr unroll::Index sights = 3;  // a sign to the left, a sign to the right, the fork

  /// Corridors have from 1 to `longest` steps, drawn anew for every episode.
  Maze(unroll::Index longest, unroll::Random random) : longest_(longest), random_(random) { enter(); }

  /// Whether an episode begins.
  bool begins() const { return begins_; }

  unroll::Vector<float> sees() const {
    unroll::Vector<float> x = unroll::Vector<float>::Zero(sights);
    if (walked_ == 0) x[treasure_] = 1;
    if (walked_ == length_) x[2] = 1;
    return x;
  }

  /// Returns the reward: 1 for the treasure and -1 for the other side, where the episode ends; -0.1 for a wall.
  double act(unroll::Index action) {
    begins_ = false;
    if ((walked_ == length_) == (action == ahead)) return -0.1;
    if (action == ahead) {
      ++walked_;
      return 0;
    }
    const bool found = action == treasure_;
    enter();
    return found ? 1 : -1;
  }

 private:
  void enter() {
    begins_ = true;
    walked_ = 0;
    length_ = 1 + static_cast<unroll::Index>(random_.uniform() * static_cast<double>(longest_));
    treasure_ = random_.uniform() < 0.5 ? left : right;
  }

  unroll::Index longest_, length_ = 1, walked_ = 0, treasure_ = left;
  bool begins_ = true;
  unroll::Random random_;
};
