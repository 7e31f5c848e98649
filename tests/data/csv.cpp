#include "unroll/data/csv.hpp"

#include "catch.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

Csv read(const std::string& text, const CsvOptions& options = {}) {
  std::istringstream in(text);
  return read_csv(in, "f", options);
}

void refuse(const std::string& text, const std::string& why) {
  CAPTURE(text);
  CHECK_THROWS_MATCHES(read(text), std::runtime_error, Message(why));
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
    CHECK_THROWS_MATCHES(csv.row("e"), std::invalid_argument, Message("Csv: no column is named 'e'"));
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
