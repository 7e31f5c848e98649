// The swap of models of examples/13_eight_channels.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "board.hpp"
#include "catch.hpp"
#include "unroll/testing/allocations.hpp"

using namespace unroll;

namespace {

constexpr Index block = 64, blocks_of_a_fade = fade / block;

/// A model of a constant gain, so that one number tells what is heard.
Dense<float> gain(float g) {
  Dense<float> model = Dense<float>::zeros(1, 1);
  model.weight(0, 0) = g;
  return model;
}

/// A board and what an audio thread has for it.
struct Audio {
  Board<Dense<float>> board{gain(1)};
  Matrix<float> x = Matrix<float>::Ones(channels, block), y = Matrix<float>::Zero(channels, block);

  /// The gain at the end of so many blocks.
  float heard_after(Index blocks) {
    for (Index k = 0; k < blocks; ++k) board.process(x, y);
    return y(channels - 1, block - 1);
  }
};

}  // namespace

TEST_CASE("of two swaps within one fade the last is heard within two fades", "[eight_channels]") {
  Audio audio;
  CHECK(audio.heard_after(1) == 1);
  audio.board.swap_to(gain(2));
  CHECK(audio.heard_after(10) == 1.3125f);
  audio.board.swap_to(gain(3));
  CHECK(audio.heard_after(2 * blocks_of_a_fade - 10) == 3);
  audio.board.swap_to(gain(4));
  CHECK(audio.heard_after(blocks_of_a_fade) == 4);
}

TEST_CASE("a swap is heard wherever in or after a fade the one before came", "[eight_channels]") {
  for (Index after = 0; after <= blocks_of_a_fade + 1; ++after) {
    CAPTURE(after);
    Audio audio;
    audio.board.swap_to(gain(2));
    audio.heard_after(after);
    audio.board.swap_to(gain(3));
    CHECK(audio.heard_after(2 * blocks_of_a_fade) == 3);
  }
}

TEST_CASE("of many swaps within one fade those between are never heard", "[eight_channels]") {
  Audio audio;
  audio.board.swap_to(gain(2));
  audio.heard_after(1);
  for (const float g : {100.0f, 200.0f, 300.0f, 3.0f}) audio.board.swap_to(gain(g));
  float loudest = 0;
  for (Index k = 1; k < 2 * blocks_of_a_fade; ++k) {
    audio.heard_after(1);
    loudest = std::max(loudest, audio.y.maxCoeff());
  }
  CHECK(loudest == 3);
}

TEST_CASE("the audio thread allocates and frees nothing, and every stream is freed once", "[eight_channels]") {
  if (!testing::counts_allocations) return;  // with AddressSanitizer the other cases say the same
  const long before = testing::live_allocations();
  {
    Audio audio;
    const long of_one = testing::live_allocations();
    long calls = 0, most = 0;
    for (Index k = 0; k < 40 * blocks_of_a_fade; ++k) {
      if (k % 7 == 0 && k % 100 < 70) audio.board.swap_to(gain(static_cast<float>(k)));
      most = std::max(most, testing::live_allocations());
      const long allocated = testing::allocations(), freed = testing::allocations_freed;
      audio.heard_after(1);
      calls += testing::allocations() - allocated + testing::allocations_freed - freed;
    }
    CHECK(calls == 0);
    CHECK(most - before < 6 * (of_one - before));
  }
  CHECK(testing::live_allocations() == before);
}

TEST_CASE("another thread swaps while the audio thread plays", "[eight_channels]") {
  Audio audio;
  std::atomic<bool> done = false;
  std::thread other([&] {
    for (int g = 2; g <= 200; ++g) {
      audio.board.swap_to(gain(static_cast<float>(g)));
      if (g % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // fades end between swaps, too
    }
    done = true;
  });
  bool whole = true;
  while (!done) whole = audio.heard_after(1) >= 1 && audio.y.allFinite() && whole;
  other.join();
  CHECK(whole);
  CHECK(audio.heard_after(2 * blocks_of_a_fade) == 200);
}
