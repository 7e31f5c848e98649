// Forecasts the last 24 hours of a file, whose load nobody knows yet, by the network that forecast_search found and
// saved. Built by `./run demo`, then:
//
//   build/demo/examples/forecast_search --save load.safetensors
//   build/demo/examples/forecast_serve load.safetensors

#include <cstdio>
#include <string>
#include <unroll/io/save.hpp>
#include <unroll/unroll.hpp>

#include "forecast.hpp"
#include "support/program.hpp"

using unroll::Index, unroll::Matrix;

/// The file tells how many units the network has.
Forecaster load_forecaster(const std::string& path) {
  unroll::Random random(1);
  const auto layers = unroll::describe(path).layers;
  const Index hidden = layers.size() == 3 ? layers[1].output_size : 1;  // what is no such network, load refuses
  Forecaster result{0, unroll::Standardizer<float>::identity(3), Forecaster::make_network(hidden, 0, random)};
  unroll::load(result, path);
  return result;
}

int main(int argc, char** argv) {
  std::string model, data = UNROLL_EXAMPLE_FOLDER "/load.csv";
  CLI::App app("Forecasts the last 24 hours of a file: three quantiles of the load.", "forecast_serve");
  app.add_option("model", model, "file that forecast_search saved")->required();
  app.add_option("--data", data, "file of hours, load, temperature and workdays")->capture_default_str();
  return run_program(app, argc, argv, [&] {
    const Forecaster forecaster = load_forecaster(model);
    const Load load = read_load(data);
    const auto windows = forecaster.windows(load);
    const auto last = windows.example(windows.batches() - 1, windows.order({}));
    const Matrix<float> y = forecaster.say(last).rightCols(1);
    std::printf("hour          10%%    50%%    90%%\n");
    for (Index h = 0; h < horizon; ++h)
      std::printf("%-10s %6.0f %6.0f %6.0f\n",
                  load.hours[load.hours.size() - horizon + static_cast<std::size_t>(h)].c_str(), y(h), y(horizon + h),
                  y(2 * horizon + h));
  });
}
