#pragma once

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "unroll/core/error.hpp"
#include "unroll/core/parse_number.hpp"
#include "unroll/core/types.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A table of numbers. Each column of the file is a row of `values`, each line a column.
struct Csv {
  std::vector<std::string> names;  ///< I names of the columns of numbers; empty without a header
  Matrix<double> values;           ///< I x T: a row for each column of numbers, a column for each line
  /// The names of the columns of CsvOptions::text, in the file's order.
  std::vector<std::string> text_names;
  /// A text for each line, for each of those columns.
  std::vector<std::vector<std::string>> texts;

  /// The row of that name. Throws std::invalid_argument unless there is one.
  Index row(const std::string& name) const { return static_cast<Index>(place(names, name)); }
  /// The rows of those names, in their order: a row for each, T columns. Throws std::invalid_argument as `row` does.
  Matrix<double> rows(const std::vector<std::string>& wanted) const {
    Matrix<double> result(static_cast<Index>(wanted.size()), values.cols());
    for (Index i = 0; i < result.rows(); ++i) result.row(i) = values.row(row(wanted[static_cast<std::size_t>(i)]));
    return result;
  }
  /// The column of text of that name. Throws std::invalid_argument unless there is one.
  const std::vector<std::string>& text(const std::string& name) const { return texts[place(text_names, name)]; }

 private:
  static std::size_t place(const std::vector<std::string>& names, const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      std::string all;
      for (const std::string& other : names) all += (all.empty() ? "'" : ", '") + other + "'";
      detail::raise<std::invalid_argument>("Csv: no column is named '" + name + "'; there " +
                                           (names.empty() ? "are none with a name" : "are " + all));
    }
    if (std::find(found + 1, names.end(), name) != names.end())
      detail::raise<std::invalid_argument>("Csv: two columns are named '" + name + "'");
    return static_cast<std::size_t>(found - names.begin());
  }
};

/// What read_csv expects of a file beside numbers.
struct CsvOptions {
  char separator = ',';  ///< between fields
  /// Whether the first line holds the columns' names. If this is empty, it does; a first line of numbers alone is then
  /// refused, because it would be lost.
  std::optional<bool> header = {};
  char decimal = '.';                     ///< between a number's whole and its fraction
  bool trim = false;                      ///< blanks and tabs around a field are left out
  bool skip_blank_lines = false;          ///< skips lines that are empty, or with `trim` hold blanks alone
  std::vector<std::string> missing = {};  ///< fields that are read as NaN: {"", "NA", "nan"}
  std::vector<std::string> text = {};     ///< columns kept as text: their names, or without a header "1", "2", ...
  std::vector<std::string> skip = {};     ///< columns left out
};

namespace detail {

/// Reads one line's fields one after the other, by RFC 4180, except that a quoted field ends on its line.
class CsvLine {
 public:
  CsvLine(const std::string& name, std::size_t number, std::string_view line, const CsvOptions& options)
      : name_(name), number_(number), line_(line), options_(options) {}

  bool more() const { return more_; }

  /// Valid until the next is read.
  std::string_view next() {
    skip_blanks();
    start_ = at_;
    const std::string_view field = at_ < line_.size() && line_[at_] == '"' ? quoted() : plain();
    more_ = at_++ < line_.size();
    return field;
  }

  double next_number() {
    const std::string_view field = next();
    if (is_missing(field)) return std::numeric_limits<double>::quiet_NaN();
    const auto number = number_in(field);
    if (!number) fail("found '" + std::string(field.substr(0, 60)) + "', expected a number");
    return *number;
  }

  bool is_missing(std::string_view field) const {
    return std::find(options_.missing.begin(), options_.missing.end(), field) != options_.missing.end();
  }
  std::optional<double> number_in(std::string_view field) {
    return options_.decimal == '.' ? parse_number(field) : parse_number(with_point(field));
  }

  /// "name:line:column: what", both from 1 on; the column is where the field starts.
  [[noreturn]] void fail(const std::string& what) const { fail(what, start_); }
  [[noreturn]] void fail(const std::string& what, std::size_t at) const {
    raise<std::runtime_error>(text(name_, ":", number_, ":", at + 1, ": ", what));
  }
  /// Whether there is nothing on the line.
  bool blank() const {
    return std::all_of(line_.begin(), line_.end(), [&](char c) { return skips(c); });
  }

 private:
  bool skips(char c) const { return options_.trim && (c == ' ' || c == '\t') && c != options_.separator; }

  void skip_blanks() {
    while (at_ < line_.size() && skips(line_[at_])) ++at_;
  }

  std::string_view plain() {
    const std::size_t end = (std::min)(line_.find(options_.separator, at_), line_.size());
    std::string_view field = line_.substr(at_, end - at_);
    at_ = end;
    if (field.find('"') != field.npos) fail("a quote stands inside a field");
    while (!field.empty() && skips(field.back())) field.remove_suffix(1);
    return field;
  }

  std::string_view quoted() {
    unquoted_.clear();
    for (bool open = true; open;) {
      const std::size_t quote = line_.find('"', ++at_);
      if (quote == line_.npos) fail("a quote is not closed");
      unquoted_ += line_.substr(at_, quote - at_);
      at_ = quote + 1;
      open = at_ < line_.size() && line_[at_] == '"';
      if (open) unquoted_ += '"';
    }
    skip_blanks();
    if (at_ < line_.size() && line_[at_] != options_.separator) fail("something follows a closing quote");
    return unquoted_;
  }

  /// The field with a point in place of the decimal sign. If the field has a point of its own, it is not a number.
  std::string_view with_point(std::string_view field) {
    pointed_ = field;
    for (char& c : pointed_) c = c == options_.decimal ? '.' : c == '.' ? '?' : c;
    return pointed_;
  }

  const std::string& name_;
  std::size_t number_;
  std::string_view line_;
  const CsvOptions& options_;
  std::size_t at_ = 0, start_ = 0;
  bool more_ = true;
  std::string unquoted_, pointed_;
};

/// Reads a table line by line.
class CsvReader {
 public:
  CsvReader(const std::string& name, const CsvOptions& options) : name_(name), options_(options) {
    require(options.decimal == '.' || options.decimal == ',', "CsvOptions: decimal is '",
            std::string(1, options.decimal), "', expected . or ,");
    require(options.decimal != options.separator, "CsvOptions: decimal and separator are the same sign");
    require(std::string_view("0123456789+-eE\"\r\n").find(options.separator) == std::string_view::npos,
            "CsvOptions: the separator is a sign that stands in numbers, around texts or at the end of lines");
  }

  /// Reads a whole file. Its lines end as the first does: "\n" with or without "\r", or "\r".
  Csv read(std::string_view all) {
    if (all.starts_with("\xEF\xBB\xBF")) all.remove_prefix(3);
    const std::size_t first = all.find_first_of("\r\n");
    const char end = first != all.npos && all[first] == '\r' && all.substr(first + 1, 1) != "\n" ? '\r' : '\n';
    while (!all.empty()) {
      ++number_;
      const std::size_t size = (std::min)(all.find(end), all.size());
      read_line(all.substr(0, size), end);
      all.remove_prefix((std::min)(size + 1, all.size()));
    }
    if (kinds_.empty()) raise<std::runtime_error>(name_ + ": cannot be read or is empty");
    const Index rows = std::count(kinds_.begin(), kinds_.end(), Kind::number);
    csv_.values = Matrix<double>::Map(values_.data(), rows, lines_);
    return std::move(csv_);
  }

 private:
  enum class Kind { number, text, skip };

  void read_line(std::string_view line, char end) {
    if (end == '\n' && line.ends_with('\r')) line.remove_suffix(1);
    CsvLine row(name_, number_, line, options_);
    if (options_.skip_blank_lines && row.blank()) return;
    if (const std::size_t at = line.find(end == '\n' ? '\r' : '\n'); at != line.npos)
      row.fail(end == '\n' ? "a carriage return stands inside the line" : "a line feed stands inside the line", at);
    if (kinds_.empty()) {
      first_ = number_;
      read_columns(line);
      if (has_header()) return;
    }
    std::size_t count = 0, text = 0;
    for (; row.more(); ++count) {
      if (count == kinds_.size()) row.fail(detail::text("found more than the ", count, " fields of line ", first_));
      if (kinds_[count] == Kind::number)
        values_.push_back(row.next_number());
      else if (const std::string_view field = row.next(); kinds_[count] == Kind::text)
        csv_.texts[text++].emplace_back(field);
    }
    if (count < kinds_.size())
      row.fail(detail::text("the line ends after ", count, " fields, line ", first_, " has ", kinds_.size()));
    ++lines_;
  }

  bool has_header() const { return options_.header.value_or(true); }

  /// What the columns are, from the first line.
  void read_columns(std::string_view line) {
    std::vector<std::string> names;
    bool numbers = !options_.header, any = false;
    CsvLine row(name_, number_, line, options_);
    while (row.more()) {
      const std::string_view field = row.next();
      const bool number = row.number_in(field).has_value();
      numbers = numbers && (number || row.is_missing(field));
      any = any || number;
      names.push_back(has_header() ? std::string(field) : std::to_string(names.size() + 1));
      const auto& name = names.back();
      const auto named = [&](const auto& list) { return std::find(list.begin(), list.end(), name) != list.end(); };
      kinds_.push_back(named(options_.skip) ? Kind::skip : named(options_.text) ? Kind::text : Kind::number);
      if (kinds_.back() == Kind::text) csv_.text_names.push_back(name);
      if (kinds_.back() == Kind::number && has_header()) csv_.names.push_back(name);
    }
    if (numbers && any) row.fail("found numbers alone, expected the columns' names; say .header = false, or true", 0);
    csv_.texts.resize(csv_.text_names.size());
    for (const auto* list : {&options_.skip, &options_.text})
      for (const std::string& name : *list)
        if (std::find(names.begin(), names.end(), name) == names.end())
          raise<std::runtime_error>(text(name_, ":", number_, ":1: no column is named '", name, "'"));
  }

  const std::string& name_;
  const CsvOptions& options_;
  std::size_t number_ = 0, first_ = 0;  // of the line, and of the first line that was not skipped
  Index lines_ = 0;                     // with numbers
  std::vector<Kind> kinds_;             // of the columns
  std::vector<double> values_;
  Csv csv_;
};

}  // namespace detail

/// Reads lines of numbers; each must have as many fields as the first line. `name` is for the errors.
///
/// Throws std::runtime_error with line and column for anything else, also for an empty field or line, unless an option
/// allows it. A number out of double's range is refused. A byte order mark of UTF-8 at the beginning is skipped; line
/// ends may be those of Windows or of old Macs. Throws std::invalid_argument for options that contradict each other.
inline Csv read_csv(std::istream& in, const std::string& name, const CsvOptions& options = {}) {
  detail::CsvReader reader(name, options);
  std::string all;
  std::vector<char> chunk(1 << 16);
  do {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    all.append(chunk.data(), static_cast<std::size_t>(in.gcount()));
  } while (in);
  return reader.read(in.bad() ? std::string_view() : all);
}

/// The same for the file at `path`. A file that cannot be opened is a std::runtime_error too.
inline Csv read_csv(const std::string& path, const CsvOptions& options = {}) {
  std::ifstream in(path);
  return read_csv(in, path, options);
}

/// Refused: an option that does not exist.
template <class no_such_option = void>
Csv read_csv(std::istream&,  // no such option, or options out of order: see CsvOptions
             const std::string&, ...) = delete;
/// Refused: the same for a path.
template <class no_such_option = void>
Csv read_csv(const std::string&, ...) = delete;  // no such option, or options out of order: see CsvOptions

}  // namespace unroll::inline UNROLL_TARGET
