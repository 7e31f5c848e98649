// LSTMs learn the yearly sunspot numbers 1700-1968; the mean of five forecasts each of the 40 years after them from the
// years before it, beside baselines fitted on the same years. Takes a few seconds. Built by `./run demo`, then:
//
//   build/demo/examples/sunspots --seed 2 --plot pictures
//
// Each network learns from 1700-1938 and stops where its forecasts of 1939-1968 get no better. Every setting was chosen
// by the mean error over three earlier ends of the series, --until 1888, 1928 and 1968, where the 40 years before the
// end are held out in the same way; none by the last 40 years. What had been seen of those by then is confessed: the
// errors of an earlier version (five networks are averaged since it), and of this one with 64 copies.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unroll/unroll.hpp>

#include "baselines.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using Eigen::VectorXd;
using unroll::Index, unroll::Matrix, unroll::Lstm, unroll::Dense;
using Model = unroll::Sequential<Lstm<float>, Dense<float>>;
using Unit = unroll::Standardizer<float>;

struct Options {
  std::string data = UNROLL_EXAMPLE_FOLDER "/sunspots.csv", plot;
  int until = 9999;
  std::uint64_t seed = 1;
  Index epochs = 30, hidden = 16, patience = 5, validation = 30, copies = 256;
  int networks = 5;
  bool quick = false;
};

constexpr Index held_out = 40;  // years at the end: forecast, never trained on

struct Series {
  int first_year;
  VectorXd counts;
};

/// Reads the columns YEAR and SUNACTIVITY: consecutive years, of which those up to `last_year` are kept. Throws
/// std::runtime_error or std::invalid_argument that names the file, and the line where one is wrong.
Series read_series(const std::string& path, int last_year) {
  using unroll::detail::text;
  const unroll::Csv csv = unroll::read_csv(path);
  const auto row = [&](const char* name) -> VectorXd {
    if (std::find(csv.names.begin(), csv.names.end(), name) == csv.names.end())
      throw std::runtime_error(path + ":1: no column is named " + name);
    return csv.values.row(csv.row(name));
  };
  const VectorXd years = row("YEAR"), counts = row("SUNACTIVITY");
  Index kept = 0;
  for (Index t = 0; t < years.size(); ++t) {
    const auto fail = [&](double found, const std::string& expected) {
      throw std::runtime_error(text(path, ":", t + 2, ": found ", found, ", expected ", expected));
    };
    const bool is_year = years[t] >= 0 && years[t] <= 9999 && years[t] == std::floor(years[t]);
    if (!is_year || (t > 0 && years[t] != years[t - 1] + 1))
      fail(years[t], t == 0 || !is_year ? "a year" : text("the year ", static_cast<int>(years[t - 1]) + 1));
    if (!(counts[t] >= 0 && counts[t] <= 1e4)) fail(counts[t], "a count from 0 to 10000");
    if (years[t] <= last_year) ++kept;
  }
  if (kept < 100) throw std::runtime_error(text(path, ": found ", kept, " years, expected at least 100"));
  return {static_cast<int>(years[0]), counts.head(kept)};
}

/// Trains a model that sees the years to t and forecasts t+1; roots are 1 x T, those of all years but the held-out
/// ones.
///
/// The training years hold some 24 cycles, each of another height. So the network learns from copies of random heights:
/// the shape of a cycle counts, and one higher than all before is no surprise. The last years are not learned from:
/// training ends where their forecasts get no better, with the weights that were best there.
Model train(const Matrix<float>& roots, const Unit& unit, const Options& o, int network) {
  auto random = unroll::Random::substream(o.seed, static_cast<std::uint64_t>(network));
  const Index learned = roots.cols() - o.validation;
  std::vector<Matrix<float>> x, next;
  for (Index n = 0; n < o.copies; ++n) {
    const Matrix<float> z = unit.apply(static_cast<float>(std::exp(0.2 * random.normal())) * roots.leftCols(learned));
    x.push_back(z.leftCols(learned - 1));
    next.push_back(z.rightCols(learned - 1));
  }
  Model model{Lstm<float>(1, o.hidden, random), Dense<float>(o.hidden, 1, random)};
  unroll::TrainingState state(model, unroll::Adam(model, {.learning_rate = 5e-3}), random);
  unroll::Progress progress;
  unroll::FitOptions options{.epochs = o.epochs, .clip_norm = 1, .observers = {std::ref(progress)}};
  const unroll::Sequences<float> data(std::move(x), std::move(next), 8);
  if (o.validation > 0) {
    const Matrix<float> z = unit.apply(roots);
    Matrix<float> counted = Matrix<float>::Zero(1, z.cols() - 1);  // the years before them only give the state
    counted.rightCols(o.validation).setOnes();
    const unroll::Sequences<float> validation({z.leftCols(z.cols() - 1)}, {z.rightCols(z.cols() - 1)}, 1, {counted});
    options.patience = o.patience;
    options.keep_best = true;
    fit(state, data, validation, unroll::mean_squared_error, options);
  } else {
    fit(state, data, unroll::mean_squared_error, options);
  }
  const auto& losses = o.validation > 0 ? state.history.validation_loss : state.history.loss;
  const auto best = std::min_element(losses.begin(), losses.end());
  std::printf("network %d: %d epochs, the best is epoch %d with a loss of %.4f\n", network,
              static_cast<int>(losses.size()), static_cast<int>(best - losses.begin()) + 1, *best);
  std::fflush(stdout);
  if (!o.plot.empty()) open_csv(o.plot, "training") << unroll::csv_of(state.history);  // the last network's stays
  return state.model;
}

/// Streams the years through the model and keeps its forecasts of the held-out ones, each from the true years before.
VectorXd forecast(const Model& model, const Matrix<float>& z) {
  unroll::Stream stream(model);
  Matrix<float> next(1, z.cols() - 1);
  for (Index t = 0; t < next.cols(); ++t) next(0, t) = stream.step(z(0, t))[0];
  return next.rightCols(held_out).transpose().cast<double>();
}

void write_forecasts(std::ostream& out, int first_year, const VectorXd& truth, const VectorXd& lstm,
                     const VectorXd& linear) {
  out << "year,truth,LSTM,linear\n";
  for (Index t = 0; t < held_out; ++t)
    out << first_year + t << ',' << truth[t] << ',' << lstm[t] << ',' << linear[t] << '\n';
}

void run(const Options& o) {
  const auto [first_year, counts] = read_series(o.data, o.until);
  const Index training = counts.size() - held_out;
  const int split = first_year + static_cast<int>(training), last = first_year + static_cast<int>(counts.size()) - 1;

  // Counts vary the more the larger they are, their roots evenly.
  const VectorXd roots = counts.cwiseSqrt();
  const Matrix<float> all_roots = roots.transpose().cast<float>();
  const auto known = all_roots.leftCols(training);
  if (known.minCoeff() == known.maxCoeff())
    throw std::runtime_error(o.data + ": the training years all have the same count");
  const Unit unit(known.leftCols(training - o.validation));
  const auto square = [](const VectorXd& root) -> VectorXd { return root.cwiseMax(0).cwiseAbs2(); };

  std::printf("Sunspots: training on %d-%d, of which the last %d years choose the epoch\n", first_year, split - 1,
              static_cast<int>(o.validation));
  std::fflush(stdout);
  VectorXd sum = VectorXd::Zero(held_out);
  for (int network = 1; network <= o.networks; ++network)
    sum += forecast(train(known, unit, o, network), unit.apply(all_roots));
  const VectorXd mean = sum / o.networks;
  const VectorXd lstm = square((mean * static_cast<double>(unit.scale[0])).array() + static_cast<double>(unit.mean[0]));

  std::printf("\nForecasts of %d-%d, one year ahead: root mean square error in sunspot numbers\n", split, last);
  const VectorXd truth = counts.tail(held_out), linear = square(autoregression(roots, held_out));
  const auto show = [&](const char* name, const VectorXd& y) {
    const double error = std::sqrt((y - truth).squaredNorm() / static_cast<double>(held_out));
    std::printf("  %-44s %5.1f\n", name, error);
    return error;
  };
  const double error = show("LSTM, the mean of the networks", lstm);
  const double best = std::min({show("the last value", last_value(counts, held_out)),
                                show("linear autoregression, order 9", autoregression(counts, held_out)),
                                show("linear autoregression of the square roots", linear)});
  std::printf("The LSTM %s the best baseline.\n\n", error < best ? "beats" : "does not beat");

  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  const auto csv = std::filesystem::temp_directory_path() / ("sunspots_" + std::to_string(now) + ".csv");
  {
    std::ofstream file(csv);
    write_forecasts(file, split, truth, lstm, linear);
  }
  draw_text(csv, UNROLL_EXAMPLE_FOLDER "/sunspots.gp");
  std::filesystem::remove(csv);
  if (o.plot.empty()) return;
  {
    std::ofstream file = open_csv(o.plot, "sunspots");
    write_forecasts(file, split, truth, lstm, linear);
  }
  draw(o.plot, "sunspots", UNROLL_EXAMPLE_FOLDER "/sunspots.gp", std::cout);
  if (o.validation > 0) draw(o.plot, "training", UNROLL_EXAMPLE_FOLDER "/../support/history.gp", std::cout);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("An LSTM forecasts sunspot numbers one year ahead, beside a naive and a linear baseline.", "sunspots");
  app.add_option("--data", o.data, "file of years and counts")->capture_default_str();
  app.add_option("--until", o.until, "the last year to use, as if the series ended there");
  app.add_option("--seed", o.seed, "of weights and training")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--epochs", o.epochs, "at most")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app.add_option("--patience", o.patience, "epochs without a better forecast of the validation years")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--validation", o.validation, "training years at the end that choose the epoch; 0: none")
      ->check(CLI::Range(0, 50))
      ->capture_default_str();
  app.add_option("--copies", o.copies, "of the training years, each of another height")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--hidden", o.hidden, "LSTM units")->check(CLI::Range(1, 4096))->capture_default_str();
  app.add_option("--networks", o.networks, "whose forecasts are averaged")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--plot", o.plot, "folder for the numbers and pictures of the forecasts and the training");
  app.add_flag("--quick", o.quick, "2 epochs, too few to learn much")->excludes("--epochs");
  return run_program(app, argc, argv, [&] {
    if (o.quick) o.epochs = 2;
    run(o);
  });
}
