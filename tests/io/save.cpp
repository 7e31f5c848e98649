#include "unroll/io/save.hpp"

#include "catch.hpp"
#include "core/flat.hpp"
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
  CHECK_THAT(refusal(model(2, 5), folder / "m"),
             contains_text("tensor '0.weight_ih'") && contains_text("the shape is [16, 3], expected [20, 3]"));
  Random random(3);
  CHECK_THAT(refusal(Lstm<float>(3, 4, random), folder / "m"),
             contains_text("tensor 'weight_ih'") && contains_text("is missing, expected the shape [16, 3]"));
  CHECK_THAT(refusal(Sequential{Lstm<float>(3, 4, random)}, folder / "m"),
             contains_text("tensor '2.bias'") && contains_text("is surplus, its shape is [2]"));

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
             contains_text("the layer is '' Rnn 2 to 3") && contains_text("expected '' ReluRnn 2 to 3"));
  CHECK_THAT(
      refusal(Rnn<double>(2, 3, random, {Direction::reverse}), folder / "rnn"),
      contains_text("direction forward") && contains_text("expected '' Rnn") && contains_text("direction reverse"));
  CHECK_THAT(refusal(Rnn<double>(2, 3, random, {.readout = Readout::last}), folder / "rnn"),
             contains_text("readout last"));

  TensorFile foreign = read_safetensors(folder / "rnn");
  foreign.metadata.erase("unroll.format");
  write_safetensors(foreign, folder / "foreign");
  CHECK_THAT(refusal(Rnn<double>(2, 3, random), folder / "foreign"), contains_text("was not written by unroll"));
  foreign.metadata["unroll.format"] = "2";
  write_safetensors(foreign, folder / "newer");
  CHECK_THAT(refusal(Rnn<double>(2, 3, random), folder / "newer"),
             contains_text("the format version is 2, expected 1"));
  foreign.metadata["unroll.format"] = "1";
  for (const char* layers : {"", "{", "[1]", "[{}]", "[{\"name\":\"\",\"name\":\"\"}]", "[[[[[[]]]]]]"}) {
    foreign.metadata["unroll.layers"] = layers;
    write_safetensors(foreign, folder / "bad");
    CHECK_THAT(refusal(Rnn<double>(2, 3, random), folder / "bad"), contains_text("bad: "));
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
             contains_text("tensor 'weight_ih'") && contains_text("the shape is [15, 3], expected [12, 3]"));
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
