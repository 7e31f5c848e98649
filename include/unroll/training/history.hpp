#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "unroll/core/error.hpp"
#include "unroll/core/target.hpp"

namespace unroll::inline UNROLL_TARGET {

/// What happened so far: an entry for each epoch that is done.
struct History {
  std::vector<double> loss;             ///< the mean over the epoch, taken while the weights moved
  std::vector<double> validation_loss;  ///< empty, or an entry an epoch: NaN where nothing was held out
  std::vector<double> learning_rate;    ///< of the epoch's last step
  std::vector<double> clipped;          ///< steps whose gradient was clipped
  std::vector<double> skipped;          ///< steps whose loss or gradient was not finite
  std::map<std::string, std::vector<double>> metrics = {};  ///< by name; NaN for epochs that were not measured

  /// Adds an epoch that is done; FitProgress tells all of it.
  template <class Progress>
  void add(const Progress& epoch) {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    const std::size_t before = loss.size();
    loss.push_back(epoch.loss);
    learning_rate.push_back(epoch.learning_rate);
    clipped.push_back(static_cast<double>(epoch.clipped));
    skipped.push_back(static_cast<double>(epoch.skipped));
    if (epoch.validation_loss || !validation_loss.empty()) {
      validation_loss.insert(validation_loss.begin(), before - validation_loss.size(), none);
      validation_loss.push_back(epoch.validation_loss.value_or(none));
    }
    for (const auto& [name, value] : epoch.metrics) metrics[name];
    for (auto& [name, column] : metrics) {
      column.resize(loss.size(), none);
      if (const auto found = epoch.metrics.find(name); found != epoch.metrics.end()) column.back() = found->second;
    }
  }
};

/// The history as CSV: the names of the columns, then a line an epoch. Each number is the shortest text that reads back
/// as the same number; a field is empty where there is none.
inline std::string csv_of(const History& history) {
  std::vector<std::pair<std::string, const std::vector<double>*>> columns{{"loss", &history.loss},
                                                                          {"validation_loss", &history.validation_loss},
                                                                          {"learning_rate", &history.learning_rate},
                                                                          {"clipped", &history.clipped},
                                                                          {"skipped", &history.skipped}};
  for (const auto& [name, column] : history.metrics) columns.emplace_back(name, &column);
  std::erase_if(columns, [](const auto& column) { return column.second->empty(); });
  std::string result = "epoch";
  for (const auto& [name, column] : columns) result += "," + name;
  const std::size_t epochs = history.loss.size();
  for (std::size_t k = 0; k < epochs; ++k) {
    result += detail::text("\n", k + 1);
    for (const auto& [name, column] : columns) {
      const std::size_t before = epochs - column->size();
      const bool known = k >= before && !std::isnan((*column)[k - before]);
      result += ',';
      if (known) result += detail::shortest_text((*column)[k - before]);
    }
  }
  return result + "\n";
}

}  // namespace unroll::inline UNROLL_TARGET
