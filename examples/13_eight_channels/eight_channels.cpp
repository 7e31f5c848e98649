// Two small networks learn to sound like a pedal at a low and at a high drive. Then eight channels play through the
// first at once, as an audio driver asks for them, in blocks of 64 samples, until the second takes over: without a
// click, and without an allocation on the audio thread. Built by `./run demo`, then (12 seconds, nearly all of it
// training):
//
//   build/demo/examples/eight_channels --plot .
//
// The network is a GRU of 8 units with a way around it: it learns only what the pedal adds to the dry signal. Its loss
// is the usual one for effects, the error's energy over the signal's, both with the treble raised as an ear hears it.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unroll/testing/allocations.hpp>
#include <unroll/unroll.hpp>
#include <vector>

#include "board.hpp"
#include "support/pedal.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using unroll::Index, unroll::Matrix, unroll::Random;
using Net = unroll::Sequential<unroll::Gru<float, 1, 8>, unroll::Dense<float, 8, 1>>;
using Model = unroll::Residual<Net>;

constexpr Index block = 64, samples = 750 * block, swap_at = 450 * block;  // one second; the swap is amid a note

struct Options {
  std::uint64_t seed = 1;
  double seconds = 20;
  Index epochs = 10;
  std::string plot;
};

Model train(const char* name, double drive, const Options& o) {
  const Recording heard = record(o.seconds, Random::substream(o.seed, 1), Overdrive(drive));
  const unroll::StreamWindows<float> data(heard.dry, heard.wet, 8, 64);
  Random random(o.seed);
  const Model model(Net{unroll::Gru<float, 1, 8>(random), unroll::Dense<float, 8, 1>(random)});
  unroll::TrainingState state(model, unroll::Adam(model), random);
  unroll::fit(state, data, unroll::ErrorToSignal(),
              {.epochs = o.epochs, .clip_norm = 1, .schedule = unroll::CosineRate{5e-3, o.epochs, 0, 2e-4}});

  const Recording other = record(4, Random::substream(o.seed, 2), Overdrive(drive));
  std::printf("%-8s %8td %16.1f dB %14.1f dB\n", name, unroll::parameter_count(model),
              error_to_signal(unroll::Predictor(state.model)(other.dry), other.wet),
              error_to_signal(other.dry, other.wet));
  std::fflush(stdout);
  return state.model;
}

/// What one model makes of all channels: channels x samples are a batch as they lie.
Matrix<float> alone(const Model& model, const Matrix<float>& dry) {
  return unroll::Predictor(model)(dry.reshaped(1, dry.size()), {.size = channels}).reshaped(channels, samples);
}

/// The sharpest corner of the curves while the models change: the largest change of slope from sample to sample.
float corner(const Matrix<float>& y) {
  const auto part = y.middleCols(swap_at - 2, fade + 4);
  const Matrix<float> slope = part.rightCols(fade + 3) - part.leftCols(fade + 3);
  return (slope.rightCols(fade + 2) - slope.leftCols(fade + 2)).cwiseAbs().maxCoeff();
}

/// As an audio thread would: everything is made before the first block, or by another thread.
Matrix<float> play(const Model& first, const Model& second, const Matrix<float>& dry) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> percent;
  long allocations = 0;
  Board board(first);
  Matrix<float> y(channels, block), all(channels, samples);
  const unroll::FlushDenormals guard;
  for (Index t = 0; t < samples; t += block) {
    if (t == swap_at) board.swap_to(second);
    const auto begin = Clock::now();
    const long before = unroll::testing::allocations();
    board.process(dry.middleCols(t, block), y);
    allocations += unroll::testing::allocations() - before;
    percent.push_back(100 * std::chrono::duration<double>(Clock::now() - begin).count() * sample_rate / block);
    all.middleCols(t, block) = y;
  }
  const auto median = [&](Index from, Index to) {
    std::vector<double> part(percent.begin() + from / block, percent.begin() + to / block);
    std::sort(part.begin(), part.end());
    return part[part.size() / 2];
  };
  std::printf("\n%td channels in blocks of %td samples: of the time that 48 kHz leave\n", channels, block);
  std::printf("  the median block took %.1f%%, amid the swap %.1f%%; the longest %.1f%%\n", median(0, samples),
              median(swap_at, swap_at + fade), *std::max_element(percent.begin(), percent.end()));
  std::printf("  allocations on the audio thread: %ld%s\n", allocations,
              unroll::testing::counts_allocations ? "" : " (not counted on this system)");
  return all;
}

/// The first channel around the swap.
void plot(const std::string& folder, const Matrix<float>& faded, const Matrix<float>& at_once) {
  auto csv = open_csv(folder, "eight_channels");
  csv << "milliseconds,with a fade,at once\n";
  for (Index t = swap_at - fade / 4; t < swap_at + fade * 5 / 4; ++t)
    csv << 1000.0 * static_cast<double>(t - swap_at) / sample_rate << ',' << faded(0, t) << ',' << at_once(0, t)
        << '\n';
  csv.close();
  draw(folder, "eight_channels", UNROLL_EXAMPLE_FOLDER "/eight_channels.gp", std::cout);
}

void run(const Options& o) {
  std::printf("%-8s %8s %19s %17s\n", "drive", "weights", "error to signal", "of the dry sound");
  const Model low = train("low", 3, o), high = train("high", 12, o);

  Matrix<float> dry(channels, samples), at_once(channels, samples);
  for (Index c = 0; c < channels; ++c)
    dry.row(c) = record(1, Random::substream(o.seed, 3 + static_cast<std::uint64_t>(c))).dry;
  const Matrix<float> y = play(low, high, dry), by_low = alone(low, dry), by_high = alone(high, dry);
  at_once << by_low.leftCols(swap_at), by_high.rightCols(samples - swap_at);
  std::printf("  sharpest corner: %.3f with the fade, %.3f at once, %.3f and %.3f without a swap\n", corner(y),
              corner(at_once), corner(by_low), corner(by_high));
  if (!o.plot.empty()) plot(o.plot, y, at_once);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Eight channels through a pedal that a GRU has learnt, and a swap without a click.", "eight_channels");
  app.add_option("--seed", o.seed, "of weights and sounds")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--seconds", o.seconds, "of sound to learn from")
      ->check(CLI::Range(0.5, 600.0))
      ->capture_default_str();
  app.add_option("--epochs", o.epochs, "passes over it")->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--plot", o.plot, "folder for eight_channels.csv and eight_channels.svg");
  return run_program(app, argc, argv, [&] { run(o); });
}
