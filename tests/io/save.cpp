#include "unroll/io/save.hpp"

#include "catch.hpp"
#include "core/flat.hpp"
#include "core/german_locale.hpp"
#include "io/files.hpp"
#include "unroll/layers/parallel.hpp"

using namespace unroll;
using Shape = std::vector<std::uint64_t>;

namespace {

using Model = Sequential<Lstm<float>, Dropout<float>, Dense<float>>;

Model model(std::uint64_t seed, Index hidden = 4) {
  Random random(seed);
  return Model{Lstm<float>(3, hidden, random), Dropout<float>(0.5), Dense<float>(hidden, 2, random)};
}

/// The message of loading `path` into `value`, which must refuse and not touch it.
template <class Value>
std::string refusal(Value value, const std::filesystem::path& path) {
  const Flat before = flat(value);
  std::string message = "accepted";
  try {
    load(value, path);
  } catch (const format_error& error) {
    message = error.what();
  }
  CHECK(flat(value) == before);
  return message;
}

}  // namespace

TEST_CASE("a model is loaded with the bits it was saved with", "[save]") {
  const Folder folder("save");
  const Model saved = model(1);
  save(saved, folder / "m");
  Model loaded = model(2);
  load(loaded, folder / "m");
  CHECK(flat(loaded) == flat(saved));
  CHECK(folder.count() == 1);
  save(loaded, folder / "again");
  CHECK(read_bytes(folder / "again") == read_bytes(folder / "m"));
}

TEST_CASE("a parallel model's file is the model's", "[save]") {
  const Folder folder("parallel");
  const Parallel<Model> parallel(model(1), std::make_shared<ThreadPool>(1));
  save(parallel, folder / "parallel");
  save(parallel.model, folder / "plain");
  CHECK(read_bytes(folder / "parallel") == read_bytes(folder / "plain"));
  Model loaded = model(2);
  load(loaded, folder / "parallel");
  CHECK(flat(loaded) == flat(parallel.model));
}

TEST_CASE("weights are row-major, in the shapes that PyTorch shows", "[save]") {
  const Folder folder("layout");
  const Model saved = model(1);
  save(saved, folder / "m");
  const TensorFile file = read_safetensors(folder / "m");
  REQUIRE(file.tensors.size() == 5);
  const StoredTensor& weight = file.tensors.at("0.weight_ih");
  CHECK(weight.shape == Shape{16, 3});
  CHECK(weight.dtype == "F32");
  CHECK(file.tensors.at("0.bias").shape == Shape{16});
  CHECK(file.tensors.at("2.weight").shape == Shape{2, 4});
  const auto values = detail::numbers<float>(weight);
  for (Index row = 0; row < 16; ++row)
    for (Index col = 0; col < 3; ++col)
      REQUIRE(values[static_cast<std::size_t>(3 * row + col)] == std::get<0>(saved.layers).weight_ih(row, col));
}

TEST_CASE("a file of other tensors is refused by name and leaves the model as it was", "[save]") {
  const Folder folder("refusals");
  save(model(1), folder / "m");
  const TensorFile whole = read_safetensors(folder / "m");
  TensorFile other = whole;
  other.tensors["0.weight_ih"] = detail::store(Matrix<float>(Matrix<float>::Zero(20, 3)));
  write_safetensors(other, folder / "other");
  CHECK_THAT(refusal(model(2), folder / "other"),
             contains_text("tensor '0.weight_ih'") && contains_text("the shape is [20, 3], expected [16, 3]"));
  other = whole;
  other.tensors.erase("0.weight_ih");
  write_safetensors(other, folder / "other");
  CHECK_THAT(refusal(model(2), folder / "other"),
             contains_text("tensor '0.weight_ih'") &&
                 contains_text("is missing, expected the shape [16, 3]; there are 0.bias, 0.weight_hh, "));
  other.tensors.clear();
  write_safetensors(other, folder / "other");
  CHECK_THAT(refusal(model(2), folder / "other"),
             contains_text("is missing, expected the shape [16, 3]; there are none"));
  for (int k = 10; k < 40; ++k) other.tensors[detail::text(k)] = detail::store(Vector<float>(Vector<float>::Zero(1)));
  write_safetensors(other, folder / "other");
  CHECK_THAT(refusal(model(2), folder / "other"),
             contains_text("there are 10, 11, ") && contains_text(", 29 and 10 more"));
  other = whole;
  other.tensors["3.bias"] = detail::store(Vector<float>(Vector<float>::Zero(2)));
  write_safetensors(other, folder / "other");
  CHECK_THAT(refusal(model(2), folder / "other"),
             contains_text("tensor '3.bias'") && contains_text("is surplus, its shape is [2]"));

  TensorFile last = read_safetensors(folder / "m");
  last.tensors.at("2.weight").shape = {4, 2};
  write_safetensors(last, folder / "last");
  CHECK_THAT(refusal(model(2), folder / "last"),
             contains_text("tensor '2.weight'") && contains_text("the shape is [4, 2], expected [2, 4]"));
  try {
    Model changed = model(2);
    load(changed, folder / "last");
  } catch (const format_error& error) {
    CHECK(error.tensor() == "2.weight");
    CHECK(error.offset() == read_safetensors(folder / "last").tensors.at("2.weight").offset);
  }

  std::string damaged = read_bytes(folder / "m");
  damaged.pop_back();
  write_bytes(folder / "short", damaged);
  CHECK_THAT(refusal(model(2), folder / "short"), contains_text("short: tensor '"));
  Model none = model(2);
  CHECK_THROWS_AS(load(none, folder / "none"), std::system_error);
}

TEST_CASE("layers of other kinds are refused though their tensors fit", "[save]") {
  const Folder folder("kinds");
  Random random(1);
  save(Rnn<double>(2, 3, random), folder / "rnn");
  CHECK_THAT(refusal(ReluRnn<double>(2, 3, random), folder / "rnn"),
             contains_text("byte 8: the layer is '' Rnn 2 to 3") && contains_text("expected '' ReluRnn 2 to 3"));
  CHECK_THAT(
      refusal(Rnn<double>(2, 3, random, {Direction::reverse}), folder / "rnn"),
      contains_text("direction forward") && contains_text("expected '' Rnn") && contains_text("direction reverse"));
  CHECK_THAT(refusal(Rnn<double>(2, 3, random, {.readout = Readout::last}), folder / "rnn"),
             contains_text("readout last"));
  save(model(1), folder / "model");
  CHECK_THAT(refusal(model(2, 5), folder / "model"),
             contains_text("the layer is '0' Lstm 3 to 4, ") && contains_text("; expected '0' Lstm 3 to 5, "));
  CHECK_THAT(refusal(Sequential{Lstm<float>(3, 4, random)}, folder / "model"),
             contains_text("the layer is '1' Dropout; expected none"));
  save(Gru<float>(3, 4, random), folder / "gru");
  CHECK_THAT(refusal(Lstm<float>(3, 4, random), folder / "gru"),
             contains_text("the layer is '' Gru 3 to 4") && contains_text("expected '' Lstm 3 to 4"));
  CHECK_THAT(refusal(FastGru<float>(3, 4, random), folder / "gru"),
             contains_text("expected '' Gru 3 to 4, digits 4, direction"));
  save(FastGru<float>(3, 4, random), folder / "fast_gru");
  CHECK_THAT(refusal(Recurrent<cells::Approximate<cells::Gru, 5>>(3, 4, random), folder / "fast_gru"),
             contains_text("Gru 3 to 4, digits 4") && contains_text("expected '' Gru 3 to 4, digits 5"));

  const auto refused = [&](const auto& saved, const auto& other) {
    save(Sequential{Dense<float>(3, 4, random), saved}, folder / "activation");
    return refusal(Sequential{Dense<float>(3, 4, random), other}, folder / "activation");
  };
  CHECK_THAT(refused(LeakyRelu<float>({.negative_slope = 0.2}), LeakyRelu<float>()),
             contains_text("'1' LeakyRelu, negative_slope 0.2; expected '1' LeakyRelu, negative_slope 0.01"));
  CHECK_THAT(refused(Softplus<float>(), Softplus<float>({.beta = 3})),
             contains_text("'1' Softplus, beta 1; expected '1' Softplus, beta 3"));

  TensorFile foreign = read_safetensors(folder / "rnn");
  foreign.metadata.erase("unroll.format");
  write_safetensors(foreign, folder / "foreign");
  CHECK_THAT(refusal(Rnn<double>(2, 3, random), folder / "foreign"), contains_text("was not written by unroll"));
  foreign.metadata["unroll.format"] = "2";
  write_safetensors(foreign, folder / "newer");
  CHECK_THAT(refusal(Rnn<double>(2, 3, random), folder / "newer"),
             contains_text("the format version is 2, expected 1"));
  foreign.metadata["unroll.format"] = "1";
  TensorFile without_layers = foreign;
  without_layers.metadata.erase("unroll.layers");
  write_safetensors(without_layers, folder / "without_layers");
  CHECK_THAT(refusal(Rnn<double>(2, 3, random), folder / "without_layers"), contains_text("unroll.layers is missing"));
  for (const char* layers : {"", "{", "[1]", "[{}]", "[{\"name\":\"\",\"name\":\"\"}]", "[[[[[[]]]]]]"}) {
    foreign.metadata["unroll.layers"] = layers;
    write_safetensors(foreign, folder / "bad");
    CHECK_THAT(refusal(Rnn<double>(2, 3, random), folder / "bad"), contains_text("bad: "));
    CHECK_THROWS_AS(describe(folder / "bad"), format_error);
  }
  for (const std::string size : {"1.7", "-1", "1e300", "18446744073709551615", "true", "\"2\""}) {
    CAPTURE(size);
    foreign.metadata["unroll.layers"] =
        R"([{"name":"","kind":"Rnn","input_size":)" + size + R"(,"output_size":3,"properties":{}}])";
    write_safetensors(foreign, folder / "bad");
    CHECK_THROWS_WITH(describe(folder / "bad"), contains_text(", expected a whole number from 0 on"));
  }
}

TEST_CASE("sizes at compile time refuse a file of others", "[save]") {
  const Folder folder("fixed");
  Random random(1);
  using Fixed = Gru<float, 3, 4>;
  save(Gru<float>(3, 4, random), folder / "fits");
  Fixed fixed = Fixed::zeros();
  load(fixed, folder / "fits");
  CHECK(global_norm(fixed) > 0);
  save(Gru<float>(3, 5, random), folder / "larger");
  CHECK_THAT(refusal(fixed, folder / "larger"),
             contains_text("the layer is '' Gru 3 to 5, ") && contains_text("; expected '' Gru 3 to 4, "));
}

TEST_CASE("float is widened, double is rounded only when asked", "[save]") {
  const Folder folder("widths");
  Random random(1);
  const Dense<float> narrow(2, 2, random);
  const Dense<double> wide(2, 2, random);
  save(narrow, folder / "narrow");
  save(wide, folder / "wide");
  Dense<double> widened = wide;
  load(widened, folder / "narrow");
  CHECK(flat(widened) == flat(narrow));
  CHECK_THAT(refusal(narrow, folder / "wide"), contains_text("the dtype is F64, expected F32"));
  Dense<float> rounded = narrow;
  load(rounded, folder / "wide", {.round = true});
  CHECK(rounded.weight == wide.weight.cast<float>());
}

TEST_CASE("any flipped bit of the numbers is refused", "[save]") {
  const Folder folder("flipped");
  save(model(1), folder / "m");
  const std::string good = read_bytes(folder / "m");
  std::uint64_t header = 0;
  std::memcpy(&header, good.data(), 8);
  for (std::size_t bit = 8 * (8 + header); bit < 8 * good.size(); bit += 37) {
    std::string flipped = good;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    write_bytes(folder / "flipped", flipped);
    REQUIRE_THAT(refusal(model(2), folder / "flipped"),
                 contains_text("flipped: byte 8: the numbers have the checksum ") && contains_text("damaged"));
    CHECK(describe(folder / "flipped").layers.size() == 3);
  }
  // Without a checksum, as before there was one, there is nothing to compare.
  std::string without = good;
  without.replace(without.find("unroll.crc64"), 12, "another_text");
  without.replace(without.find("unroll.header.crc64"), 19, "another_header_text");
  write_bytes(folder / "without", without);
  CHECK(refusal(model(1), folder / "without") == "accepted");
}

TEST_CASE("a file of another model is refused by its header alone", "[save]") {
  const Folder folder("header");
  const auto refused_unread = [&](const auto& value) {
    std::string bytes = read_bytes(folder / "m");
    bytes.back() = static_cast<char>(bytes.back() ^ 1);  // whoever reads the numbers meets this first
    write_bytes(folder / "unread", bytes);
    return refusal(value, folder / "unread");
  };
  save(model(1), folder / "m");
  CHECK_THAT(refused_unread(model(2, 5)), contains_text("expected '0' Lstm 3 to 5"));
  TensorFile wide = read_safetensors(folder / "m");
  wide.tensors["2.bias"] = detail::store(Vector<double>(Vector<double>::Zero(2)));
  write_safetensors(wide, folder / "m");
  CHECK_THAT(refused_unread(model(2)), contains_text("tensor '2.bias'") && contains_text("the dtype is F64"));
  wide.tensors["2.more"] = wide.tensors["2.bias"];
  wide.tensors["2.bias"] = detail::store(Vector<float>(Vector<float>::Zero(2)));
  write_safetensors(wide, folder / "m");
  CHECK_THAT(refused_unread(model(2)), contains_text("tensor '2.more'") && contains_text("surplus"));
}

TEST_CASE("rates of zoneout are kept to the last bit, in every locale", "[save]") {
  const Folder folder("zoneout");
  const auto layer = [](double zoneout) { return Lstm<double>::zeros(1, 1, {.zoneout = zoneout}); };
  const auto all = [&](const std::filesystem::path& path) {
    CHECK(refusal(layer(0.1), path) == "accepted");
    CHECK_THAT(refusal(layer(std::nextafter(0.1, 1)), path), contains_text("zoneout 0.1; expected"));
  };
  save(layer(0.1), folder / "here");
  {
    const GermanLocale german;
    save(layer(0.1), folder / "there");
    all(folder / "here");
  }
  all(folder / "there");
  CHECK(read_bytes(folder / "here") == read_bytes(folder / "there"));
  save(layer(1e-7), folder / "small");
  CHECK_THAT(refusal(layer(4e-7), folder / "small"), contains_text("zoneout 1e-07; expected"));
}

TEST_CASE("a model that 0.1.0 wrote before there was a checksum loads to its bits", "[save]") {
  const std::filesystem::path path = UNROLL_TEST_DATA "/before/zoneout.safetensors";
  const auto model = [](double zoneout, double zoneout_cell_state) {
    return Sequential{Lstm<float>::zeros(2, 3, {.zoneout = zoneout, .zoneout_cell_state = zoneout_cell_state}),
                      Dense<float>::zeros(3, 1)};
  };
  auto loaded = model(0.05, 1.0 / 3);
  load(loaded, path);
  const TensorFile file = read_safetensors(path);
  CHECK(file.metadata.at("note") == "before");
  for_each_tensor([&](const std::string& name,
                      const auto& tensor) { CHECK(detail::store(tensor).bytes == file.tensors.at(name).bytes); },
                  loaded);
  CHECK_THAT(refusal(model(0.05, 0.33333), path), contains_text("zoneout_cell_state 0.333333; expected"));
  // A locale's comma.
  std::string german = read_bytes(path);
  german.replace(german.find("0.050000"), 8, "0,050000");
  const Folder folder("before");
  write_bytes(folder / "german", german);
  CHECK_NOTHROW(load(loaded, folder / "german"));
}
