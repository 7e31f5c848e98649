#include "unroll/io/safetensors.hpp"

#include <cmath>
#include <sstream>

#include "catch.hpp"
#include "io/files.hpp"

using namespace unroll;
using Shape = std::vector<std::uint64_t>;

namespace {

TensorFile parsed(const std::string& bytes) {
  std::istringstream in(bytes);
  return read_safetensors(in, "f");
}

/// The refusal of a file; FAILs where there is none.
format_error refusal(const std::string& bytes) {
  try {
    parsed(bytes);
  } catch (const format_error& error) {
    return error;
  }
  FAIL("accepted: " << bytes);
  throw;
}

std::string refused(const std::string& header, const std::string& data = "") {
  return refusal(file_of(header, data)).what();
}

/// The header of one tensor `a`, 8 bytes.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets = "[0,8]") {
  return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

const std::string eight = "12345678";

TensorFile example() {
  TensorFile file;
  file.metadata = {{"format", "pt"}, {"note", "\"quoted\" \xc3\xa4"}};
  Matrix<float> weight(2, 3);
  weight << 1, 2, 3, 4, 5, 6;
  file.tensors["weight"] = detail::store(weight);
  file.tensors["bias"] = detail::store(Vector<double>(Vector<double>::LinSpaced(3, -1, 1)));
  file.tensors["step"] = detail::store(41);
  file.tensors["empty"] = detail::store(Vector<float>(0));
  return file;
}

}  // namespace

TEST_CASE("what was written is read", "[safetensors]") {
  const Folder folder("safetensors");
  const TensorFile written = example();
  write_safetensors(written, folder / "a");
  const TensorFile file = read_safetensors(folder / "a");
  CHECK(file.metadata == written.metadata);
  REQUIRE(file.tensors.size() == 4);
  for (const auto& [name, tensor] : written.tensors) {
    INFO(name);
    const StoredTensor& found = file.tensors.at(name);
    CHECK(found.dtype == tensor.dtype);
    CHECK(found.shape == tensor.shape);
    CHECK(found.bytes == tensor.bytes);
    CHECK(found.offset % detail::dtype_size(found.dtype) == 0);
    CHECK(read_bytes(folder / "a").substr(found.offset, found.bytes.size()) == tensor.bytes);
  }
  CHECK(file.tensors.at("weight").shape == Shape{2, 3});
  CHECK(detail::numbers<float>(file.tensors.at("weight")) == std::vector<float>{1, 2, 3, 4, 5, 6});  // row by row
  CHECK(file.tensors.at("step").shape.empty());

  write_safetensors({}, folder / "nothing");
  CHECK(read_safetensors(folder / "nothing").tensors.empty());
}

TEST_CASE("the checksum is CRC-64/XZ of all numbers in the order of their names", "[safetensors]") {
  const auto crc = [](const std::string& first, const std::string& second) {
    detail::Checksum checksum;
    checksum.add(first);
    checksum.add(second);
    return checksum.value();
  };
  CHECK(crc("", "") == 0);
  CHECK(crc("123456789", "") == 0x995dc9bbdf1939fa);  // as published
  for (std::size_t cut = 0; cut < 43; ++cut) {
    const std::string text = "The quick brown fox jumps over the lazy dog";
    REQUIRE(crc(text.substr(0, cut), text.substr(cut)) == 0x5b5eb8c2e54aa1c4);  // as `xz --check=crc64` has it
  }
  const Folder folder("checksum");
  TensorFile file;
  file.tensors["b"] = {"U8", {5}, "56789", 0};
  file.tensors["a"] = {"I32", {1}, "1234", 0};
  write_safetensors(file, folder / "a");
  CHECK_THAT(read_bytes(folder / "a"), contains_text(R"("unroll.crc64":"995dc9bbdf1939fa")"));
  CHECK(read_safetensors(folder / "a").metadata.empty());
  std::string bytes = read_bytes(folder / "a");
  bytes.back() = '8';
  CHECK_THAT(refusal(bytes).what(), contains_text(", expected 995dc9bbdf1939fa: they are damaged"));
}

TEST_CASE("no flipped bit of the header is read as another text or name", "[safetensors]") {
  const Folder folder("header_bits");
  TensorFile file = example();
  file.tensors["history.metrics.mae"] = detail::store(std::vector<double>{0.5, 0.25});
  write_safetensors(file, folder / "a");
  const std::string valid = read_bytes(folder / "a");
  const TensorFile written = read_safetensors(folder / "a");
  const std::string key = "unroll.header.crc64";
  const std::size_t data = written.tensors.at("bias").offset, own = valid.find(key);  // the first, the checksum's name
  REQUIRE(own < data);
  int refusals = 0;
  for (std::size_t bit = 8 * 8; bit < 8 * data; ++bit) {
    if (bit / 8 >= own && bit / 8 < own + key.size()) continue;  // then it is a text among others, none is changed
    std::string flipped = valid;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    try {
      const TensorFile read = parsed(flipped);
      CAPTURE(flipped.substr(8, data - 8));
      REQUIRE(read.metadata == written.metadata);
      REQUIRE(read.tensors.size() == written.tensors.size());
      for (const auto& [name, tensor] : read.tensors) {
        REQUIRE(tensor.dtype == written.tensors.at(name).dtype);
        REQUIRE(tensor.shape == written.tensors.at(name).shape);
      }
    } catch (const format_error&) {
      ++refusals;
    }
  }
  CHECK(refusals > 3000);
  std::string other = valid;
  other.replace(other.find("metrics.mae"), 11, "metrics.mse");
  CHECK_THAT(refusal(other).what(),
             contains_text("byte 8: the texts and names have the checksum ") &&
                 contains_text("they are damaged (or were changed by a program that kept " + key));
  other.replace(other.find(key), key.size(), "something.else.text");  // as before there was one
  CHECK(parsed(other).tensors.count("history.metrics.mse") == 1);
}

TEST_CASE("the length of the header is checked against the file before it is used", "[safetensors]") {
  CHECK_THAT(refusal("").what(), contains_text("f: byte 0: has 0 bytes, expected a header's length of 8"));
  CHECK_THAT(refusal("1234567").what(), contains_text("has 7 bytes"));
  CHECK_THAT(refusal(std::string("\3\0\0\0\0\0\0\0{}", 10)).what(),
             contains_text("length is 3, the file has 2 after it"));
  CHECK_THAT(refusal(std::string(8, '\xff') + "{}").what(),
             contains_text("length is 18446744073709551615, the file has 2"));
  CHECK_THAT(refusal(file_of(std::string(100'000'001, ' '))).what(), contains_text("expected at most 100000000"));
}

TEST_CASE("a file of torch.save is told from one of safetensors", "[safetensors]") {
  CHECK_THAT(refusal("PK\3\4and more").what(), contains_text("expected one of safetensors.torch.save_file"));
}

TEST_CASE("a message holds the beginning of a long text", "[safetensors]") {
  CHECK(detail::shortened("abc", 3) == "abc");
  CHECK(detail::shortened("abcd", 3) == "abc...");
}

TEST_CASE("a file that cannot be read to its end is refused where it stops", "[safetensors]") {
  struct Failing : std::stringbuf {
    std::streamoff readable;
    Failing(const std::string& bytes, std::size_t count)
        : std::stringbuf(bytes, std::ios::in), readable(static_cast<std::streamoff>(count)) {}
    std::streamsize xsgetn(char* to, std::streamsize count) override {
      const std::streamoff at = seekoff(0, std::ios::cur, std::ios::in);
      return at + count > readable ? 0 : std::stringbuf::xsgetn(to, count);
    }
  };
  const std::string file = file_of(one(R"("F32")", "[2]"), eight);
  const auto stopped_at = [&](std::size_t readable) -> std::string {
    Failing buffer(file, readable);
    std::istream in(&buffer);
    try {
      read_safetensors(in, "f");
    } catch (const format_error& error) {
      return error.what();
    }
    return "read";
  };
  CHECK(stopped_at(file.size()) == "read");
  CHECK(stopped_at(7) == "f: byte 0: cannot be read");
  CHECK(stopped_at(8) == "f: byte 8: cannot be read");
  CHECK(stopped_at(file.size() - 1) == "f: tensor 'a', byte " + std::to_string(file.size() - 8) + ": cannot be read");
}

TEST_CASE("the header is one strict JSON object", "[safetensors]") {
  CHECK(parsed(file_of("{}")).tensors.empty());
  CHECK(parsed(file_of("{}   ")).tensors.empty());
  for (const std::string bad : {"", " {}", "[]", "{}\n", "\xef\xbb\xbf{}", "   ", "null"})
    CHECK_THAT(refused(bad), contains_text("byte 8: the header is no JSON object") || contains_text("parse error"));
  CHECK_THAT(refused("{\"a\":}"), contains_text("f: byte 13: ") && contains_text("parse error"));
  CHECK_THAT(refused(std::string("{}\0", 3)), contains_text("no JSON object"));
  CHECK_THAT(refused("{},{}"), contains_text("parse error"));
  CHECK_THAT(refused("{/**/}"), contains_text("parse error"));
  CHECK_THAT(refused("{\"a\xff\":1}"), contains_text("UTF-8"));
  CHECK_THAT(refused(std::string(1000, '{') + "}"), contains_text("parse error"));
  CHECK_THAT(refused("{\"a\":" + std::string(9999, '[') + std::string(9999, ']') + "}"),
             contains_text("nested too deep"));
  CHECK(refused("{\"" + std::string(100'000, 'x') + "}").size() < 1000);  // a message, not the file
  CHECK(refused("{\"" + std::string(100'000, 'x') + "\":1}").size() < 1000);
  const std::string a = R"("a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  CHECK(parsed(file_of("{" + a + "}")).tensors.size() == 1);
  CHECK_THAT(refused("{" + a + "," + a + "}"), contains_text("tensor 'a'") && contains_text("twice"));
  CHECK_THAT(refused(R"({"a":{"dtype":"F32","dtype":"F64","shape":[1],"data_offsets":[0,8]}})", eight),
             contains_text("'dtype'") && contains_text("twice"));
  CHECK_THAT(refused(R"({"__metadata__":{"x":"1","x":"2"}})"), contains_text("'x'") && contains_text("twice"));
  CHECK_THAT(refused(R"({"__metadata__":{"x":1}})"), contains_text("the value of 'x' is not a string"));
  CHECK_THAT(refused(R"({"__metadata__":["x"]})"), contains_text("not an object of strings"));
}

TEST_CASE("a tensor has a known dtype, a shape and its own bytes", "[safetensors]") {
  CHECK(parsed(file_of(one(R"("F32")", "[2,1]"), eight)).tensors.at("a").bytes == eight);
  CHECK(parsed(file_of(one(R"("F64")", "[]"), eight)).tensors.at("a").bytes == eight);
  const std::string expected = "tensor 'a', byte 8: expected an object of dtype, shape and data_offsets";
  CHECK_THAT(refused(R"({"a":1})"), contains_text(expected));
  CHECK_THAT(refused(R"({"a":{"dtype":"F64","shape":[1]}})", eight), contains_text(expected));
  CHECK_THAT(refused(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8],"more":1}})", eight),
             contains_text(expected));
  CHECK_THAT(refused(one("1", "[1]"), eight), contains_text(expected));
  CHECK_THAT(refused(R"({"a":{"dtype":"F64","shape":[1],"offsets":[0,8]}})", eight),
             contains_text("no array data_offsets"));
  CHECK_THAT(refused(one(R"("F4")", "[16]"), eight), contains_text("the dtype F4 is not known"));
  for (const char* shape : {"[-1]", "[-0]", "[1.0]", "[1e0]", "[\"1\"]", "[[1]]", "[true]", "[18446744073709551616]"})
    CHECK_THAT(refused(one(R"("F64")", shape), eight), contains_text("tensor 'a'") && contains_text("shape holds"));
  CHECK_THAT(refused(one(R"("F64")", "[1e999]"), eight), contains_text("number overflow"));
  CHECK_THAT(refused(one(R"("F64")", "1"), eight), contains_text("no array shape"));
  CHECK_THAT(refused(one(R"("F64")", "[2]"), eight), contains_text("has 8 bytes, expected 16 for F64 [2]"));
  // 2^61 x 8 + 1 numbers of 8 bytes are 8 bytes modulo 2^64.
  CHECK_THAT(refused(one(R"("F64")", "[2305843009213693953]"), eight), contains_text("is too large"));
  CHECK_THAT(refused(one(R"("F32")", "[4294967296,4294967296]", "[0,0]"), eight), contains_text("is too large"));
  // More than memory has addresses for, were they in the file.
  CHECK_THAT(refused(one(R"("F64")", "[1152921504606846976]"), eight), contains_text("is too large"));
  CHECK_THAT(refused(one(R"("F64")", "[1152921504606846975]"), eight), contains_text("expected 9223372036854775800"));
  CHECK_THAT(refused(one(R"("F64")", "[1]", "[8,0]"), eight), contains_text("data_offsets are [8, 0]"));
  CHECK_THAT(refused(one(R"("F64")", "[1]", "[0,4,8]"), eight), contains_text("data_offsets are [0, 4, 8]"));
  CHECK_THAT(refused(one(R"("F64")", "[1]", "[0]"), eight), contains_text("data_offsets are [0]"));
}

TEST_CASE("the tensors cover the file without a hole or an overlap", "[safetensors]") {
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + first +
           R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + second + "}}";
  };
  CHECK(parsed(file_of(two("[0,4]", "[4,8]"), eight)).tensors.at("b").bytes == "5678");
  CHECK(parsed(file_of(two("[4,8]", "[0,4]"), eight)).tensors.at("b").bytes == "1234");
  const std::uint64_t data = 8 + two("[0,4]", "[0,4]").size();

  const auto beyond = refusal(file_of(two("[0,4]", "[8,12]"), eight));
  CHECK(beyond.tensor() == "b");
  CHECK(beyond.offset() == data + 1 + 8);
  CHECK_THAT(beyond.what(), contains_text("ends at byte 12 of the numbers, the file has 8"));
  const auto overlap = refusal(file_of(two("[0,4]", "[2,6]"), "123456"));
  CHECK(overlap.tensor() == "b");
  CHECK(overlap.offset() == data + 2);
  CHECK_THAT(overlap.what(), contains_text("overlaps") && contains_text("begins at 2 of the numbers, expected 4"));
  CHECK_THAT(refused(two("[0,4]", "[0,4]"), "1234"), contains_text("overlaps"));
  CHECK_THAT(refused(two("[0,4]", "[6,10]"), "1234567890"), contains_text("tensor 'b'") && contains_text("hole"));
  CHECK_THAT(refused(one(R"("F32")", "[1]", "[4,8]"), eight), contains_text("tensor 'a'") && contains_text("hole"));
  const auto after = refusal(file_of(one(R"("F32")", "[1]", "[0,4]"), eight));
  CHECK(after.tensor().empty());
  CHECK_THAT(after.what(), contains_text("4 bytes belong to no tensor"));
  CHECK_THAT(refused("{}", eight), contains_text("8 bytes belong to no tensor"));
}

TEST_CASE("numbers are converted where that is exact", "[safetensors]") {
  const auto stored = [](const std::string& dtype, const std::string& bytes) {
    return StoredTensor{dtype, {1}, bytes, 0};
  };
  const auto f16 = [&](std::string bytes) { return detail::numbers<double>(stored("F16", bytes))[0]; };
  CHECK(f16({'\x00', '\x3c'}) == 1);
  CHECK(f16({'\x01', '\x00'}) == 0x1p-24);
  CHECK(f16({'\xff', '\x7b'}) == 65504);
  CHECK(f16({'\x00', '\xfc'}) == -INFINITY);
  CHECK(std::isnan(f16({'\x01', '\x7e'})));
  CHECK(detail::numbers<float>(stored("BF16", {'\x49', '\xc0'}))[0] == -3.140625f);
  const StoredTensor tenth = detail::store(0.1);
  CHECK(detail::numbers<double>(tenth)[0] == 0.1);
  CHECK_THROWS_WITH(detail::numbers<float>(tenth), contains_text("the dtype is F64, expected F32"));
  CHECK(detail::numbers<float>(tenth, {.round = true})[0] == 0.1f);
  const StoredTensor huge = detail::store(-1e39);
  CHECK_THROWS_WITH(detail::numbers<float>(huge, {.round = true}), "the number -1e+39 is beyond the range of float");
  CHECK(detail::numbers<double>(huge)[0] == -1e39);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(detail::numbers<float>(detail::store(infinity), {.round = true})[0] == infinity);
  CHECK(detail::numbers<double>(detail::store(0.1f))[0] == 0.1f);
  CHECK_THROWS_WITH(detail::numbers<double>(stored("I32", "1234")), contains_text("the dtype is I32, expected F32"));
  CHECK_THROWS_WITH(detail::numbers<signed char>(detail::store(128)), contains_text("the integer 128 does not fit"));
  CHECK_THROWS_WITH(detail::numbers<unsigned>(detail::store(-1)), contains_text("the integer -1 does not fit"));
  CHECK_THROWS_WITH(detail::numbers<int>(detail::store(1.0)), contains_text("the dtype is F64, expected I64"));

  Vector<double> any_size;
  const Vector<double> values = Vector<double>::LinSpaced(3, -1, 1);
  detail::restore(detail::store(values), AnyShape(any_size), {});
  CHECK(any_size == values);
}

TEST_CASE("what cannot be written is refused", "[safetensors]") {
  const Folder folder("unwritten");
  const auto write = [&](const std::string& name, const StoredTensor& tensor) {
    TensorFile file;
    file.tensors[name] = tensor;
    write_safetensors(file, folder / "a");
  };
  CHECK_THROWS_WITH(write("a", {"F32", {2}, "1234", 0}),
                    contains_text("tensor 'a' has 4 bytes, expected those of F32 [2]"));
  CHECK_THROWS_WITH(write("a", {"F64", {2305843009213693953}, "12345678", 0}), contains_text("has 8 bytes"));
  CHECK_THROWS_WITH(write("a", {"F31", {1}, "1234", 0}), contains_text("F31 is not known"));
  CHECK_THROWS_WITH(write("__metadata__", {"F32", {1}, "1234", 0}), contains_text("__metadata__"));
  CHECK_THROWS_WITH(write("\xff", {"F32", {1}, "1234", 0}), contains_text("no UTF-8"));
  CHECK(folder.count() == 0);
  CHECK_THROWS_WITH(read_safetensors(folder / "a"), contains_text("cannot be opened"));
  CHECK_THROWS_WITH(read_safetensors(folder.path()), contains_text("not a regular file"));
}

TEST_CASE("a damaged file is read as what it says or refused", "[safetensors]") {
  const Folder folder("fuzz");
  write_safetensors(example(), folder / "a");
  const std::string valid = read_bytes(folder / "a");
  const std::size_t data = read_safetensors(folder / "a").tensors.at("bias").offset;  // the first
  Random random(7);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random.bits() % n); };
  std::istringstream list(R"({ } [ ] , : " 0 8 -1 1e999 1.5 null true "a" "F32" "U8" "shape" "bias" "weight" \u00
                          9999999999999999999 2305843009213693953)");
  const std::vector<std::string> tokens{std::istream_iterator<std::string>(list), {}};
  int accepted = 0, refusals = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string header = valid.substr(8, data - 8);
    for (std::size_t k = below(3); k > 0; --k) {
      const std::size_t place = below(header.size());
      const std::size_t kind = below(4);
      if (kind == 0) header.insert(place, tokens[below(tokens.size())]);
      if (kind == 1) header.replace(place, 1 + below(3), tokens[below(tokens.size())]);
      if (kind == 2) header.erase(place, 1 + below(9));
      if (kind == 3) header.insert(place, header.substr(below(header.size()), below(60)));
    }
    std::string bytes = file_of(header, valid.substr(data));
    if (below(4) == 0) bytes[below(bytes.size())] = static_cast<char>(random.bits());
    if (below(8) == 0) bytes.resize(below(bytes.size() + 20));
    try {
      const TensorFile file = parsed(bytes);
      std::size_t total = 0;
      for (const auto& [name, tensor] : file.tensors) {
        REQUIRE(bytes.substr(tensor.offset, tensor.bytes.size()) == tensor.bytes);
        total += tensor.bytes.size();
      }
      std::uint64_t length = 0;
      std::memcpy(&length, bytes.data(), 8);
      REQUIRE(8 + length + total == bytes.size());
      ++accepted;
    } catch (const format_error&) {
      ++refusals;
    }
  }
  INFO(accepted << " accepted, " << refusals << " refused");
  CHECK(accepted > 100);
  CHECK(refusals > 1000);
}
