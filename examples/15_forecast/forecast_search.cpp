// What will the load be tomorrow, hour by hour, and how sure is that? Networks learn three quantiles of the next 24
// hours from the load so far, the weather and the calendar; the data have gaps. Eight configurations are searched on
// two threads, the best by the validation hours is judged on the test hours and saved; forecast_serve.cpp is the
// program that uses it. Built by `./run demo`, then:
//
//   build/demo/examples/forecast_search --save load.safetensors --plot pictures
//   build/demo/examples/forecast_serve load.safetensors
//
// Takes about 15 s on one core, half of that on two.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <unroll/io/save.hpp>
#include <unroll/unroll.hpp>
#include <vector>

#include "forecast.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using unroll::Index, unroll::Matrix;
using Windows = unroll::ForecastWindows<float>;

const unroll::Quantile pinball(levels);

struct Options {
  std::string data = UNROLL_EXAMPLE_FOLDER "/load.csv", save, plot;
  std::uint64_t seed = 1;
  Index epochs = 10;
  int threads = 2;
};

struct Trial {
  Index past, hidden;
  double dropout, loss = 0;
};

/// Training, validation and test.
auto split(const Windows& windows) { return unroll::split_by_time(windows, 0.15, 0.15); }

/// Trains the network of one configuration, and notes the validation loss in it.
Forecaster learn(Trial& trial, const Load& load, unroll::Random random, Index epochs) {
  const unroll::Standardizer<float> unit(unroll::split_by_time(load.series, 0.15, 0.15).training);
  Forecaster result{trial.past, unit, Forecaster::make_network(trial.hidden, trial.dropout, random)};
  const auto [training, validation, test] = split(result.windows(load));
  unroll::TrainingState state(result.network, unroll::Adam(result.network), random);
  unroll::fit(state, training, validation, pinball,
              {.epochs = epochs, .clip_norm = 1, .keep_best = true, .schedule = unroll::CosineRate{1e-2, epochs}});
  result.network = state.model;
  trial.loss = state.best_loss;
  return result;
}

/// The baseline: the load of the day before, as if it came again, and how far it was off that in the training hours.
class DayBefore {
 public:
  explicit DayBefore(const Windows& training) {
    std::vector<float> off;
    for (Index k = 0; k < training.batches(); ++k) {
      const auto e = training.example(k, training.order({}));
      const Matrix<float> difference = e.target - day_before(e);
      for (Index i = 0; i < difference.size(); ++i)
        if (e.weights[static_cast<std::size_t>(i)] > 0) off.push_back(difference(i));
    }
    std::sort(off.begin(), off.end());
    for (const double level : levels)
      off_.push_back(off[static_cast<std::size_t>(level * static_cast<double>(off.size()))]);
  }

  Matrix<float> operator()(const unroll::Example<float>& e) const {
    const Matrix<float> again = day_before(e);
    Matrix<float> y(again.rows() * static_cast<Index>(off_.size()), again.cols());
    for (std::size_t q = 0; q < off_.size(); ++q)
      y.middleRows(static_cast<Index>(q) * again.rows(), again.rows()) = again.array() + off_[q];
    return y;
  }

 private:
  static Matrix<float> day_before(const unroll::Example<float>& e) {
    return e.x.row(0).rightCols(horizon * e.batch.size).reshaped(e.batch.size, horizon).transpose();
  }

  std::vector<float> off_;  // of each level
};

/// Prints the pinball loss of forecasts, `say` of windows, and how many hours lie between the lowest and the highest.
template <class Say>
void judge(const char* name, const Windows& windows, double unit, Say say) {
  double loss = 0, count = 0, within = 0, hours = 0;
  Matrix<float> d_y;
  for (Index k = 0; k < windows.batches(); ++k) {
    const auto e = windows.example(k, windows.order({}));
    const Matrix<float> y = say(e);
    const double counts = pinball.count(e.target, e.batch, e.weights);
    loss += counts * pinball(y, e.target, d_y, e.batch, e.weights);
    count += counts;
    const auto known = Eigen::Map<const Matrix<double>>(e.weights.data(), horizon, y.cols()).array() > 0;
    const auto inside =
        y.topRows(horizon).array() <= e.target.array() && e.target.array() <= y.bottomRows(horizon).array();
    within += static_cast<double>((known && inside).count());
    hours += static_cast<double>(known.count());
  }
  std::printf("%-32s %6.2f %10.0f%%\n", name, unit * loss / count, 100 * within / hours);
}

/// Draws forecasts of the test hours, one each day.
void draw_days(const Forecaster& best, const Load& load, const std::string& folder) {
  const auto days = split(best.windows(load, horizon)).test;
  {
    auto file = open_csv(folder, "forecast");
    file << "hour,load,low,median,high\n";
    for (Index k = 0, day = 0; k < days.batches(); ++k) {
      const auto e = days.example(k, days.order({}));
      const auto y = best.say(e);
      for (Index b = 0; b < y.cols(); ++b, ++day)
        for (Index h = 0; h < horizon; ++h) {
          const Index t = days.windows()[static_cast<std::size_t>(day)].target + h;
          const float truth = load.known(0, t) > 0 ? load.series(0, t) : std::numeric_limits<float>::quiet_NaN();
          file << load.hours[static_cast<std::size_t>(t)] << ',' << truth << ',' << y(h, b) << ',' << y(horizon + h, b)
               << ',' << y(2 * horizon + h, b) << '\n';
        }
    }
  }
  draw(folder, "forecast", UNROLL_EXAMPLE_FOLDER "/forecast.gp", std::cout);
}

void run(const Options& o) {
  const Load load = read_load(o.data);
  std::vector<Trial> trials;
  for (const Index past : {24, 48})
    for (const Index hidden : {16, 32})
      for (const double dropout : {0.1, 0.3}) trials.push_back({past, hidden, dropout});
  std::vector<std::optional<Forecaster>> found(trials.size());
  unroll::ThreadPool(o.threads).run(static_cast<Index>(trials.size()), [&](Index k) {
    const auto at = static_cast<std::size_t>(k);
    found[at] = learn(trials[at], load, unroll::Random::substream(o.seed, at), o.epochs);
  });

  std::printf("hours read  units  dropout  validation loss\n");
  for (const Trial& t : trials) std::printf("%10td %6td %8g %16.4f\n", t.past, t.hidden, t.dropout, t.loss);
  const auto least = std::min_element(trials.begin(), trials.end(), [](auto& a, auto& b) { return a.loss < b.loss; });
  const Forecaster& best = *found[static_cast<std::size_t>(least - trials.begin())];

  const auto [training, validation, test] = split(best.windows(load));
  std::printf("\nof the test hours                  loss  within 10-90%%\n");
  judge("as the day before", test, best.unit.scale[0], DayBefore(training));
  unroll::Predictor predict(best.network);
  judge("the best network", test, best.unit.scale[0], [&](const auto& e) { return predict(e.x, e.batch); });
  if (!o.save.empty()) unroll::save(best, o.save);
  if (!o.plot.empty()) draw_days(best, load, o.plot);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Searches a network that forecasts three quantiles of the next 24 hours.", "forecast_search");
  app.add_option("--data", o.data, "file of hours, load, temperature and workdays")->capture_default_str();
  app.add_option("--save", o.save, "file for the best network");
  app.add_option("--plot", o.plot, "folder for the numbers and the picture of the test hours");
  app.add_option("--seed", o.seed, "of weights and training")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--epochs", o.epochs, "of every network")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--threads", o.threads, "that train networks side by side; the numbers stay the same")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  return run_program(app, argc, argv, [&] { run(o); });
}
