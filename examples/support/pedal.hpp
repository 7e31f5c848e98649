#pragma once

#include <cmath>
#include <unroll/unroll.hpp>
#include <vector>

/// The effect that is imitated, and something to play through it. All at 48 kHz, numbers from -1 to 1.

inline constexpr int sample_rate = 48'000;
inline constexpr double pi = 3.14159265358979323846;

/// The share of the way to a new level that a one-pole filter covers in one sample.
inline double share(double seconds) { return 1 - std::exp(-1 / (seconds * sample_rate)); }
inline double share_at(double hertz) { return share(1 / (2 * pi * hertz)); }

/// An overdrive: bass is cut, tanh clips, treble is cut. The louder it was lately, the further a bias shifts the signal
/// to one side of tanh, so that the same input sounds otherwise after a loud note: the effect has a memory, of 30 ms.
class Overdrive {
 public:
  explicit Overdrive(double drive = 6) : drive_(drive) {}

  double step(double x) {
    bass_ += cut_bass_ * (x - bass_);
    const double tight = x - bass_, loudness = std::abs(tight);
    envelope_ += (loudness > envelope_ ? attack_ : release_) * (loudness - envelope_);
    const double bias = 2 * envelope_;
    treble_ += cut_treble_ * (std::tanh(drive_ * tight + bias) - std::tanh(bias) - treble_);
    return 0.5 * treble_;
  }

 private:
  double drive_;
  double cut_bass_ = share_at(120), cut_treble_ = share_at(4000), attack_ = share(0.001), release_ = share(0.030);
  double bass_ = 0, envelope_ = 0, treble_ = 0;
};

/// What goes into the effect and what comes out, each 1 x samples.
struct Recording {
  unroll::Matrix<float> dry, wet;
};

/// Quarter seconds of plucked strings (Karplus & Strong 1983) of all pitches and strengths, every fourth a sweep or a
/// burst of noise instead, and the effect's answer.
inline Recording record(double seconds, unroll::Random random, Overdrive effect = Overdrive()) {
  const auto between = [&](double low, double high) { return low * std::pow(high / low, random.uniform()); };
  const unroll::Index samples = std::lround(seconds * sample_rate), note = sample_rate / 4;
  Recording r{unroll::Matrix<float>(1, samples), unroll::Matrix<float>(1, samples)};
  std::vector<double> string;
  double strength = 0, low = 0, high = 0;
  for (unroll::Index t = 0; t < samples; ++t) {
    const unroll::Index since = t % note, kind = t / note % 8;
    const auto n = static_cast<std::size_t>(since);
    if (since == 0) {
      strength = between(0.05, 1);
      low = between(40, 400);
      high = between(2000, 10'000);
      string.assign(static_cast<std::size_t>(sample_rate / between(80, 800)), 0);
      for (double& place : string) place = random.uniform(1);
    }
    double x = 0;
    if (kind == 3) {  // a sweep: its frequency rises evenly on a logarithmic scale
      const double rate = std::log(high / low) / 0.25, time = static_cast<double>(since) / sample_rate;
      x = std::sin(2 * pi * low * std::expm1(rate * time) / rate);
    } else if (kind == 7) {
      x = random.uniform(1) * std::exp(-10.0 * static_cast<double>(since) / sample_rate);
    } else {
      double& place = string[n % string.size()];
      x = place;
      place = 0.498 * (place + string[(n + 1) % string.size()]);
    }
    r.dry(0, t) = static_cast<float>(strength * x);
    r.wet(0, t) = static_cast<float>(effect.step(static_cast<double>(r.dry(0, t))));
  }
  return r;
}

/// The energy of the difference over that of the signal, in decibels: 0 is no better than silence.
inline double error_to_signal(const unroll::Input<float>& y, const unroll::Matrix<float>& signal) {
  const double error = (y - signal).cast<double>().squaredNorm(), energy = signal.cast<double>().squaredNorm();
  return 10 * std::log10(error / energy);
}
