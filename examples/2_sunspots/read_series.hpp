#pragma once

#include <Eigen/Core>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

struct Series {
  int first_year;
  Eigen::VectorXd counts;
};

/// Reads the lines YEAR,COUNT of consecutive years up to `last_year`, below the header "YEAR","SUNACTIVITY".
///
/// Throws std::runtime_error that names the file, the line, what was found there and what was expected.
inline Series read_series(const std::string& path, int last_year) {
  const auto fail = [&](std::size_t number, const std::string& found, const std::string& expected) {
    throw std::runtime_error(path + ":" + std::to_string(number) + ": found '" + found.substr(0, 60) + "', expected " +
                             expected);
  };
  std::ifstream in(path);
  std::string line;
  const auto next_line = [&] {
    if (!std::getline(in, line)) return false;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return true;
  };

  const std::string header = R"("YEAR","SUNACTIVITY")";
  if (!next_line()) throw std::runtime_error(path + ": cannot be read or is empty");
  if (line != header) fail(1, line, header);

  std::vector<int> years;
  std::vector<double> counts;
  while (next_line()) {
    int year = 0;
    char comma = 0;
    double count = 0;
    std::istringstream fields(line);
    fields >> std::noskipws >> year >> comma >> count;
    const bool is_row = !fields.fail() && fields.eof() && comma == ',' && year <= 9999 && count >= 0 && count <= 1e4;
    if (!is_row || (!years.empty() && year != years.back() + 1))
      fail(years.size() + 2, line,
           (years.empty() ? "YEAR" : std::to_string(years.back() + 1)) + ",COUNT with a count from 0 to 10000");
    years.push_back(year);
    counts.push_back(count);
  }
  while (!years.empty() && years.back() > last_year) years.pop_back();
  if (years.size() < 100)
    throw std::runtime_error(path + ": found " + std::to_string(years.size()) + " years, expected at least 100");
  return {years.front(), Eigen::VectorXd::Map(counts.data(), static_cast<Eigen::Index>(years.size()))};
}
