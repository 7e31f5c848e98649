// Runs the class of docs/plug_in.md as a host does.
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "io/files.hpp"
#include "plug_in_page.hpp"
#include "unroll/testing/allocations.hpp"

using namespace unroll;

namespace {

constexpr int block = 64;

/// The page's class with the page's model, between buffers of two channels.
struct Host {
  Folder folder{"plug_in"};
  std::filesystem::path file = folder / "pedal.safetensors";
  std::array<std::vector<float>, 2> from{std::vector<float>(block), std::vector<float>(block)}, to = from;
  page::Pedal pedal{file};

  Host() { save(page::model, file); }

  void process() {
    const std::array<const float*, 2> in{from[0].data(), from[1].data()};
    const std::array<float*, 2> out{to[0].data(), to[1].data()};
    pedal.process(in.data(), out.data(), block);
  }
  void play(Random& random) {
    for (auto& channel : from)
      for (float& x : channel) x = static_cast<float>(random.uniform(1));
    process();
  }
};

/// What a stream of its own makes of a channel.
std::vector<float> alone(Stream<page::Model>& stream, const std::vector<float>& x) {
  std::vector<float> y;
  for (const float number : x) y.push_back(stream.step(number)[0]);
  return y;
}

const std::vector<float> silence(block, 0.0f);

}  // namespace

TEST_CASE("two channels are two streams, in other buffers and in place", "[plug_in]") {
  Host host;
  host.pedal.prepare(48000, block, 2);
  Stream left(page::model), right = left;
  Random random(3);
  for (int k = 0; k < 5; ++k) {
    host.play(random);
    CHECK(host.to[0] == alone(left, host.from[0]));
    CHECK(host.to[1] == alone(right, host.from[1]));
  }
  const auto in = host.from;
  const std::array<float*, 2> buffers{host.from[0].data(), host.from[1].data()};
  host.pedal.process(buffers.data(), buffers.data(), block);
  CHECK(host.from[0] == alone(left, in[0]));
  CHECK(host.from[1] == alone(right, in[1]));
}

TEST_CASE("silence gives finite numbers", "[plug_in]") {
  Host host;
  host.pedal.prepare(48000, block, 2);
  Random random(3);
  host.play(random);
  for (auto& channel : host.from) channel = silence;
  for (int k = 0; k < 2000; ++k) host.process();
  for (const float y : host.to[1]) CHECK(std::isfinite(y));
}

TEST_CASE("a block with a NaN is silent, and the next one starts anew", "[plug_in]") {
  Host host;
  host.pedal.prepare(48000, block, 2);
  Random random(3);
  host.play(random);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    host.from[1][7] = bad;
    host.process();
    CHECK(host.to[0] == silence);
    CHECK(host.to[1] == silence);
    Stream left(page::model), right = left;
    host.play(random);
    CHECK(host.to[0] == alone(left, host.from[0]));
    CHECK(host.to[1] == alone(right, host.from[1]));
  }
}

TEST_CASE("process allocates nothing", "[plug_in]") {
  Host host;
  host.pedal.prepare(48000, block, 2);
  const long before = testing::allocations();
  host.process();
  host.from[0][0] = std::numeric_limits<float>::quiet_NaN();
  host.process();
  host.pedal.reset();
  CHECK(testing::allocations() == before);
}

TEST_CASE("a pedal that was refused what it needs is silent", "[plug_in]") {
  Host host;
  host.pedal.prepare(48000, block, 2);
  Random random(3);
  host.play(random);
  SECTION("another sample rate") { CHECK_THROWS_AS(host.pedal.prepare(44100, block, 2), std::invalid_argument); }
  SECTION("no file") {
    std::filesystem::remove(host.file);
    CHECK_THROWS_AS(host.pedal.prepare(48000, block, 2), std::system_error);
  }
  host.play(random);
  CHECK(host.to[0] == silence);
  CHECK(host.to[1] == silence);
}

TEST_CASE("a NaN stays in the state of its channel until reset", "[plug_in]") {
  Stream both(page::model, {.samples = 2});
  Stream right(page::model);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float x : {0.1f, nan, 0.2f, 0.3f}) {
    const auto y = both.step(std::array{x, 0.5f});
    CHECK(std::isnan(y[0]) == (x != 0.1f));
    CHECK(y[1] == right.step(0.5f)[0]);
  }
  both.reset();
  CHECK(std::isfinite(both.step(std::array{0.1f, 0.5f})[0]));
}

TEST_CASE("a result is a view, until the next step", "[plug_in]") {
  Stream stream(page::model);
  const auto a = stream.step(0.1f);
  const float first = a[0];
  const auto b = stream.step(0.9f);
  CHECK(a[0] == b[0]);
  CHECK(a[0] != first);
}
