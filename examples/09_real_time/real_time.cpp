// A small LSTM learns to sound like an overdrive pedal from what goes into it and what comes out, and then plays in
// real time: sample by sample, without an allocation. Built by `./run demo`, then (25 seconds, most of it training):
//
//   build/demo/examples/real_time
//   build/demo/examples/real_time --save pedal.safetensors --export pedal.hpp --plot .
//   build/demo/examples/real_time --load pedal.safetensors
//
// The effect, in support/pedal.hpp, is ours, so as much sound as one likes can be made; a real pedal would be recorded.
// The recording is one long series: it is learned by truncated back-propagation through windows, each of which starts
// from the state that the one before left (unroll::StreamWindows).

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>
#include <unroll/io/export_header.hpp>
#include <unroll/io/save.hpp>
#include <unroll/testing/allocations.hpp>
#include <unroll/unroll.hpp>
#include <vector>

#include "support/pedal.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using unroll::Index, unroll::Matrix;
constexpr int lstm_units = 16;
using Lstm =
    unroll::Lstm<float, 1, lstm_units>;  // sizes at compile time: an exported header's model is of the same type
using Dense = unroll::Dense<float, lstm_units, 1>;
using Model = unroll::Sequential<Lstm, Dense>;

struct Options {
  std::uint64_t seed = 1;
  double seconds = 20;
  Index epochs = 60;
  bool quick = false;
  std::string load, save, header, plot;
};

Model train(Model model, const Options& o) {
  const Recording training = record(o.seconds, unroll::Random::substream(o.seed, 1));
  const Recording validation = record(o.seconds / 5, unroll::Random::substream(o.seed, 2));
  const unroll::StreamWindows<float> data(training.dry, training.wet, 16, 128);
  const unroll::StreamWindows<float> check(validation.dry, validation.wet, 1, 4096);

  unroll::TrainingState state(std::move(model), unroll::Adam(model), unroll::Random(o.seed));
  unroll::Progress progress(stdout);
  unroll::fit(state, data, check, unroll::mean_squared_error,
              {.epochs = o.epochs,
               .clip_norm = 1,
               .keep_best = true,
               .schedule = unroll::CosineRate{5e-3, o.epochs, 0, 2e-4},
               .observers = {std::ref(progress)}});
  return state.model;
}

constexpr Index block_size = 64;  // samples that an audio driver asks for at a time

struct Played {
  Matrix<float> y;                       // 1 x samples
  std::vector<double> nanoseconds = {};  // a sample, by block
  long allocations = 0;
};

/// As an audio thread would: everything is made before the first sample.
Played play(const Model& model, const Matrix<float>& dry) {
  using Clock = std::chrono::steady_clock;
  Played played{Matrix<float>(1, dry.cols())};
  played.nanoseconds.reserve(static_cast<std::size_t>(dry.cols() / block_size));
  unroll::Stream stream(model);
  const unroll::FlushDenormals guard;  // as a note dies away, so does the state
  const long before = unroll::testing::allocations();
  for (Index t = 0; t + block_size <= dry.cols(); t += block_size) {
    const auto begin = Clock::now();
    for (Index i = t; i < t + block_size; ++i) played.y(0, i) = stream.step(dry(0, i))[0];
    played.nanoseconds.push_back(std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / block_size);
  }
  played.allocations = unroll::testing::allocations() - before;
  return played;
}

void print_speed(Played played) {
  std::vector<double>& times = played.nanoseconds;
  std::sort(times.begin(), times.end());
  constexpr double budget = 1e9 / sample_rate;
  const auto show = [](const char* name, double ns) {
    std::printf("  %-28s %8.0f ns a sample, %6.2f%% of the %.1f us that 48 kHz leave\n", name, ns, 100 * ns / budget,
                budget / 1000);
  };
  std::printf("Streamed %td samples in blocks of %td:\n", played.y.cols(), block_size);
  show("median block", times[times.size() / 2]);
  show("worst block", times.back());
  if (unroll::testing::counts_allocations)
    std::printf("  allocations: %ld\n", played.allocations);
  else
    std::printf("  allocations: not counted on this system\n");
}

/// The first 20 ms, with all digits: what a stream of the exported model must give to the same input.
void plot(const std::string& folder, const Recording& r, const Matrix<float>& y) {
  auto csv = open_csv(folder, "real_time");
  csv.precision(std::numeric_limits<float>::max_digits10);
  csv << "milliseconds,dry,effect,network\n";
  for (Index t = 0; t < sample_rate / 50; ++t)
    csv << 1000.0f * static_cast<float>(t) / sample_rate << ',' << r.dry(0, t) << ',' << r.wet(0, t) << ',' << y(0, t)
        << '\n';
  csv.close();
  draw(folder, "real_time", UNROLL_EXAMPLE_FOLDER "/real_time.gp", std::cout);
}

void run(const Options& o) {
  unroll::Random random(o.seed);
  Model model{Lstm(random), Dense(random)};
  if (!o.load.empty()) unroll::load(model, o.load);
  std::printf("An LSTM of %d units and a head, %td weights\n", lstm_units, unroll::parameter_count(model));
  if (o.load.empty()) model = train(std::move(model), o);
  if (!o.save.empty()) unroll::save(model, o.save, {{"trained on", "the overdrive of examples/09_real_time"}});
  if (!o.header.empty()) unroll::export_header(model, "pedal", std::filesystem::path(o.header));

  const Index samples = Index(o.quick ? sample_rate / 2 : 4 * sample_rate) / block_size * block_size;
  const Recording held_out = record(static_cast<double>(samples) / sample_rate, unroll::Random::substream(o.seed, 3));
  const Played played = play(model, held_out.dry);
  std::printf("\nError to signal on sound it never heard: %.1f dB (the dry signal itself: %.1f dB)\n",
              error_to_signal(played.y, held_out.wet), error_to_signal(held_out.dry, held_out.wet));
  print_speed(played);
  if (!o.plot.empty()) plot(o.plot, held_out, played.y);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("An LSTM learns an overdrive pedal and plays it in real time.", "real_time");
  app.add_option("--seed", o.seed, "of weights and sounds")->check(CLI::NonNegativeNumber)->capture_default_str();
  auto* seconds = app.add_option("--seconds", o.seconds, "of sound to learn from")
                      ->check(CLI::Range(0.5, 600.0))
                      ->capture_default_str();
  auto* epochs =
      app.add_option("--epochs", o.epochs, "passes over it")->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_flag("--quick", o.quick, "two passes over one second")->excludes(seconds)->excludes(epochs);
  app.add_option("--load", o.load, "model to play instead of training one");
  app.add_option("--save", o.save, "file for the model");
  app.add_option("--export", o.header, "file for the model as a C++ header");
  app.add_option("--plot", o.plot, "folder for real_time.csv and real_time.svg");
  return run_program(app, argc, argv, [&] {
    if (o.quick) {
      o.seconds = 1;
      o.epochs = 2;
    }
    run(o);
  });
}
