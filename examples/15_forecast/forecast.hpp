#pragma once

#include <string>
#include <unroll/unroll.hpp>
#include <vector>

constexpr unroll::Index horizon = 24;  // hours
inline const std::vector<double> levels{0.1, 0.5, 0.9};

/// The load of a town and two series from outside, hour by hour. Of those tomorrow is known: a forecast of the weather,
/// a calendar.
struct Load {
  std::vector<std::string> hours;
  unroll::Matrix<float> series;  // load, temperature, workday: 3 x T, gaps filled from the past
  unroll::Matrix<float> known;   // 0 where there was a gap
};

/// Throws std::runtime_error or std::invalid_argument for a file that is no such table.
inline Load read_load(const std::string& path) {
  const auto csv = unroll::read_csv(path, {.missing = {""}, .text = {"hour"}});
  Load load{csv.text("hour"), csv.rows({"load", "temperature", "workday"}).cast<float>(), {}};
  load.known = unroll::fill_gaps(load.series);
  return load;
}

/// A network, the unit of its numbers and the hours that it reads: all that a forecast needs, and what is saved.
struct Forecaster {
  using Network = unroll::Sequential<unroll::Dropout<float>, unroll::Gru<float>, unroll::Dense<float>>;

  unroll::Index past;
  unroll::Standardizer<float> unit;
  Network network;

  static Network make_network(unroll::Index hidden, double dropout, unroll::Random& random) {
    const unroll::Index inputs = 3 + 2 * horizon, outputs = static_cast<unroll::Index>(levels.size()) * horizon;
    return Network{unroll::Dropout<float>(dropout),
                   unroll::Gru<float>(inputs, hidden, random, {.readout = unroll::Readout::last}),
                   unroll::Dense<float>(hidden, outputs, random)};
  }

  /// Windows of the hours, each `stride` behind the one before. A gap in a target does not count.
  unroll::ForecastWindows<float> windows(const Load& load, unroll::Index stride = 1) const {
    return {{unit.apply(load.series)},
            32,
            {.past = past, .horizon = horizon, .stride = stride, .targets = {0}, .known_ahead = {1, 2}},
            {load.known}};
  }
  /// The quantiles of windows in the load's own unit, of each level a day below the other: 72 x B.
  unroll::Matrix<float> say(const unroll::Example<float>& e) const {
    return (unroll::Predictor(network)(e.x, e.batch) * unit.scale[0]).array() + unit.mean[0];
  }

  template <class F, class... T>
  static void children(F&& f, const std::string& prefix, T&... values) {
    f(prefix + "network.", values.network...);
  }
  template <class F, class... T>
  static void visit(F&& f, const std::string& prefix, T&... values) {
    children(unroll::visit_of_each(f), prefix, values...);
    unroll::Standardizer<float>::visit(f, prefix + "unit.", values.unit...);
    f(prefix + "past", values.past...);
  }
};
