#include "unroll/data/csv.hpp"

#include "catch.hpp"
#include "core/german_locale.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

Csv read(const std::string& text, const CsvOptions& options = {}) {
  std::istringstream in(text);
  return read_csv(in, "f", options);
}

void refuse(const std::string& text, const std::string& why, const CsvOptions& options = {}) {
  CAPTURE(text);
  CHECK_THROWS_MATCHES(read(text, options), std::runtime_error, Message(why));
}

/// The file's numbers line by line; NaN is written as 99.
std::vector<double> values(const Csv& csv) {
  std::vector<double> result(csv.values.data(), csv.values.data() + csv.values.size());
  for (double& value : result) value = std::isnan(value) ? 99 : value;
  return result;
}

}  // namespace

TEST_CASE("a table of numbers with names is read", "[csv]") {
  for (const std::string end : {"\n", "\r\n"}) {
    const Csv csv = read("\"a \"\"b\"\",c\",d" + end + "1,-2.5e3" + end + "\"3\",0.25");
    CHECK(csv.names == std::vector<std::string>{"a \"b\",c", "d"});
    Matrix<double> expected(2, 2);
    expected << 1, 3, -2500, 0.25;
    CHECK(csv.values == expected);
    CHECK(csv.row("d") == 1);
    CHECK(csv.rows({"d", "a \"b\",c"}) == expected.colwise().reverse());
    CHECK(csv.rows({}).cols() == 2);
    CHECK_THROWS_MATCHES(csv.row("e"), std::invalid_argument,
                         Message("Csv: no column is named 'e'; there are 'a \"b\",c', 'd'"));
    CHECK_THROWS_MATCHES(csv.rows({"d", "e"}), std::invalid_argument,
                         Message("Csv: no column is named 'e'; there are 'a \"b\",c', 'd'"));
    const Csv twins = read("a,b,a\n1,2,3\n");
    CHECK(twins.row("b") == 1);
    CHECK_THROWS_MATCHES(twins.row("a"), std::invalid_argument, Message("Csv: two columns are named 'a'"));
    CHECK_THROWS_MATCHES(read("a,a\n1,2\n").row("a"), std::invalid_argument, Message("Csv: two columns are named 'a'"));
  }
  CHECK(read("1;2\n3;4\n5;6\n", {.separator = ';', .header = false}).values.cols() == 3);
  CHECK(read("a,b\n").values.cols() == 0);
}

TEST_CASE("anything else is refused with its line and column", "[csv]") {
  refuse("", "f: cannot be read or is empty");
  refuse("a,b\n1,2\n3,x4\n", "f:3:3: found 'x4', expected a number");
  for (const std::string bad : {"", " 1", "1 ", "1x", "nan", "inf", "1e999", "1.2.3", "-", "0x10"})
    refuse("a,b\n1," + bad + "\n", "f:2:3: found '" + bad + "', expected a number");
  refuse("a,b\n1\n", "f:2:1: the line ends after 1 fields, line 1 has 2");
  refuse("a,b\n1,2,3\n", "f:2:3: found more than the 2 fields of line 1");
  refuse("a,b\n1,2\n\n", "f:3:1: found '', expected a number");
  refuse("a,\"b\n1,2\n", "f:1:3: a quote is not closed");
  refuse("a,\"b\"c\n1,2\n", "f:1:3: something follows a closing quote");
  refuse("a,b\"c\n1,2\n", "f:1:3: a quote stands inside a field");
  for (const char* path : {"/no/such/file.csv", "/tmp"})
    CHECK_THROWS_MATCHES(read_csv(path), std::runtime_error,
                         Message(std::string(path) + ": cannot be read or is empty"));
}

TEST_CASE("a mark of UTF-8 and line ends of any system are no part of the fields", "[csv]") {
  for (const std::string mark : {"", "\xEF\xBB\xBF"})
    for (const std::string end : {"\n", "\r\n", "\r"}) {
      const Csv csv = read(mark + "\"a\",b" + end + "1,2" + end + "3,4" + end);
      CHECK(csv.row("a") == 0);
      CHECK(values(csv) == std::vector<double>{1, 2, 3, 4});
      CHECK(values(read(mark + "5,6" + end + "7,8", {.header = false})) == std::vector<double>{5, 6, 7, 8});
    }
  CHECK(values(read("a,b\r\n1,2\n3,4\n")) == std::vector<double>{1, 2, 3, 4});
  refuse("a,b\n1,2\r3,4\n", "f:2:4: a carriage return stands inside the line");
  refuse("a,b\r1,2\n3,4\r", "f:2:4: a line feed stands inside the line");
  refuse("a\rx\ny\r", "f:2:2: a line feed stands inside the line", {.text = {"a"}});
  refuse(
      "a,b\n1,2\n\xEF\xBB\xBF"
      "3,4\n",
      "f:3:1: found '\xEF\xBB\xBF"
      "3', expected a number");
}

TEST_CASE("missing values are NaN where an option says how they are written", "[csv]") {
  const std::string text = "a,b\n1,\nNA,2\n\"NA\",nan\n";
  CHECK(values(read(text, {.missing = {"", "NA", "nan"}})) == std::vector<double>{1, 99, 99, 2, 99, 99});
  refuse(text, "f:2:3: found '', expected a number");
  refuse(text, "f:3:1: found 'NA', expected a number", {.missing = {""}});
  refuse("a\n1\n\n", "f:3:1: found '', expected a number", {.missing = {"NA"}});
}

TEST_CASE("a first line of numbers alone is a header only where the options say so", "[csv]") {
  refuse("1,2\n3,4\n", "f:1:1: found numbers alone, expected the columns' names; say .header = false, or true");
  refuse("\"1\";2,5\n3;4\n", "f:1:1: found numbers alone, expected the columns' names; say .header = false, or true",
         {.separator = ';', .decimal = ','});
  refuse("1,,3\n4,5,6\n", "f:1:1: found numbers alone, expected the columns' names; say .header = false, or true",
         {.missing = {""}});
  CHECK(read("\n3\n", {.missing = {""}}).names == std::vector<std::string>{""});
  CHECK(read("2019,2020\n3,4\n", {.header = true}).names == std::vector<std::string>{"2019", "2020"});
  CHECK(values(read("2019,2020\n3,4\n", {.header = false})) == std::vector<double>{2019, 2020, 3, 4});
  CHECK(read("1,b\n3,4\n").names == std::vector<std::string>{"1", "b"});
}

TEST_CASE("columns of text are kept or left out by name", "[csv]") {
  const std::string text = "day,a,note,b\n2024-01-05,1,\"x, \"\"y\"\"\",2\n2024-01-06,3,,4\n";
  const Csv csv = read(text, {.text = {"day"}, .skip = {"note"}});
  CHECK(csv.names == std::vector<std::string>{"a", "b"});
  CHECK(csv.row("b") == 1);
  CHECK(values(csv) == std::vector<double>{1, 2, 3, 4});
  CHECK(csv.text("day") == std::vector<std::string>{"2024-01-05", "2024-01-06"});
  CHECK_THROWS_MATCHES(csv.text("note"), std::invalid_argument,
                       Message("Csv: no column is named 'note'; there are 'day'"));
  CHECK(read(text, {.text = {"note", "day"}, .skip = {"a"}}).text("note")[0] == "x, \"y\"");
  CHECK(values(read("x,1\ny,2\n", {.header = false, .skip = {"1"}})) == std::vector<double>{1, 2});
  const Csv texts = read("a\nx\ny\n", {.text = {"a"}});
  CHECK(texts.values.rows() == 0);
  CHECK(texts.values.cols() == 2);
  refuse(text, "f:2:1: found '2024-01-05', expected a number", {.skip = {"note"}});
  refuse(text, "f:1:1: no column is named 'Day'", {.text = {"Day"}});
  refuse("x,1\n", "f:1:1: no column is named '3'", {.header = false, .skip = {"3"}});
}

TEST_CASE("decimal commas, blanks around fields and blank lines are read by options", "[csv]") {
  CHECK(values(read("a;b\n1,5;-2,5e1\n", {.separator = ';', .decimal = ','})) == std::vector<double>{1.5, -25});
  CHECK(values(read("a,b\n\"1,5\",2\n", {.decimal = '.', .missing = {"1,5"}})) == std::vector<double>{99, 2});
  refuse("a;b\n1.5;2\n", "f:2:1: found '1.5', expected a number", {.separator = ';', .decimal = ','});
  refuse("a;b\n1,5;2\n", "f:2:1: found '1,5', expected a number", {.separator = ';'});
  CHECK_THROWS_AS(read("a\n1\n", {.decimal = ','}), std::invalid_argument);
  CHECK_THROWS_AS(read("a\n1\n", {.decimal = '5'}), std::invalid_argument);

  const Csv csv = read("a, \"b\" ,c \n 1,\t2 , 3\n", {.trim = true});
  CHECK(csv.names == std::vector<std::string>{"a", "b", "c"});
  CHECK(values(csv) == std::vector<double>{1, 2, 3});
  CHECK(values(read("1\t\t 2\n", {.separator = '\t', .header = false, .trim = true, .missing = {""}})) ==
        std::vector<double>{1, 99, 2});
  refuse("a, b\n1, 2\n", "f:2:3: found ' 2', expected a number");
  refuse("a, b\n1, x\n", "f:2:4: found 'x', expected a number", {.trim = true});

  CHECK(values(read("\na,b\n1,2\n\n3,4\r\n\r\n", {.skip_blank_lines = true})) == std::vector<double>{1, 2, 3, 4});
  CHECK(values(read("a\n1\n  \n", {.trim = true, .skip_blank_lines = true})) == std::vector<double>{1});
  refuse("a\n1\n  \n", "f:3:1: found '  ', expected a number", {.skip_blank_lines = true});
  refuse("\na,b\n1\n", "f:3:1: the line ends after 1 fields, line 2 has 2", {.skip_blank_lines = true});
  refuse("\n\n", "f: cannot be read or is empty", {.skip_blank_lines = true});
}

TEST_CASE("numbers are read as written, whatever the program's locale is", "[csv]") {
  const std::string text = "a\n1234.5\n1e-320\n1e-400\n+7\n.5\n123456789012345678901234567890\n0.1\n";
  const std::vector<double> expected{1234.5, 1e-320, 0, 7, 0.5, 123456789012345678901234567890.0, 0.1};
  CHECK(values(read(text)) == expected);
  const GermanLocale german;
  CHECK(values(read(text)) == expected);
  for (const std::string bad : {"1e400", "-1e400", "+-1", "1e", "1,5", "infinity", "-nan", "--1"})
    refuse("a;b\n1;" + bad + "\n", "f:2:3: found '" + bad + "', expected a number", {.separator = ';'});
}

TEST_CASE("a separator that stands in numbers is refused", "[csv]") {
  for (const char separator : {'0', '5', '+', '-', 'e', 'E', '"', '\r', '\n'}) {
    CAPTURE(separator);
    std::istringstream in("152\n");
    CHECK_THROWS_AS(read_csv(in, "numbers", {.separator = separator, .header = false}), std::invalid_argument);
  }
}
