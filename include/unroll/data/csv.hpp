#pragma once

#include <fstream>
#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "unroll/core/error.hpp"
#include "unroll/core/types.hpp"

namespace unroll {

/// A table of numbers: a name and a row of `values` for each column of the file, a column of `values` for each line.
struct Csv {
  std::vector<std::string> names;  // I; without a header empty
  Matrix<double> values;           // I x T

  /// The row of that name. Throws std::invalid_argument where there is none.
  Index row(const std::string& name) const {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == name) return static_cast<Index>(i);
    throw std::invalid_argument("Csv: no column is named '" + name + "'");
  }
};

struct CsvOptions {
  char separator = ',';
  bool header = true;
};

namespace detail {

/// One line's fields one after the other, as RFC 4180 has them but that a quoted field ends on its line.
class CsvLine {
 public:
  CsvLine(const std::string& name, std::size_t number, const std::string& line, char separator)
      : name_(name), number_(number), line_(line), separator_(separator) {}

  bool more() const { return more_; }

  std::string next() {
    start_ = at_;
    std::string field;
    if (at_ < line_.size() && line_[at_] == '"') {
      for (++at_;; ++at_) {
        if (at_ >= line_.size()) fail("a quote is not closed");
        if (line_[at_] != '"')
          field += line_[at_];
        else if (at_ + 1 < line_.size() && line_[at_ + 1] == '"')
          field += line_[at_++];
        else
          break;
      }
      ++at_;
      if (at_ < line_.size() && line_[at_] != separator_) fail("something follows a closing quote");
    } else {
      while (at_ < line_.size() && line_[at_] != separator_) {
        if (line_[at_] == '"') fail("a quote stands inside a field");
        field += line_[at_++];
      }
    }
    more_ = at_++ < line_.size();
    return field;
  }

  double next_number() {
    const std::string field = next();
    std::istringstream in(field);
    in.imbue(std::locale::classic());
    double value = 0;
    in >> std::noskipws >> value;
    if (in.fail() || in.peek() != std::istringstream::traits_type::eof())
      fail("found '" + field.substr(0, 60) + "', expected a number");
    return value;
  }

  /// "name:line:column: what", both from 1 on; the column is where the field starts.
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(text(name_, ":", number_, ":", start_ + 1, ": ", what));
  }

 private:
  const std::string& name_;
  std::size_t number_;
  const std::string& line_;
  char separator_;
  std::size_t at_ = 0, start_ = 0;
  bool more_ = true;
};

}  // namespace detail

/// Reads lines of numbers, each as many as the first line has fields. `name` is for the errors.
///
/// Throws std::runtime_error with line and column for anything else, an empty field or line too. A number out of
/// double's range is no number. Line ends may be those of Windows.
inline Csv read_csv(std::istream& in, const std::string& name, const CsvOptions& options = {}) {
  Csv csv;
  std::vector<double> values;
  std::string line;
  std::size_t fields = 0, number = 0;
  while (std::getline(in, line)) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    detail::CsvLine row(name, number, line, options.separator);
    std::size_t count = 0;
    for (; row.more(); ++count) {
      if (number > 1 && count == fields) row.fail(detail::text("found more than the ", fields, " fields of line 1"));
      if (number == 1 && options.header)
        csv.names.push_back(row.next());
      else
        values.push_back(row.next_number());
    }
    if (number == 1) fields = count;
    if (count < fields) row.fail(detail::text("the line ends after ", count, " fields, line 1 has ", fields));
  }
  if (in.bad() || number == 0) throw std::runtime_error(name + ": cannot be read or is empty");
  const Index rows = static_cast<Index>(fields);
  csv.values = Matrix<double>::Map(values.data(), rows, static_cast<Index>(values.size()) / rows);
  return csv;
}

inline Csv read_csv(const std::string& path, const CsvOptions& options = {}) {
  std::ifstream in(path);
  return read_csv(in, path, options);
}

}  // namespace unroll
