#include "unroll/io/description.hpp"

#include "catch.hpp"
#include "core/flat.hpp"
#include "io/files.hpp"
#include "layers/skip.hpp"
#include "unroll/io/save.hpp"
#include "unroll/layers/parallel.hpp"

using namespace unroll;

namespace {

using Both = Bidirectional<Gru<float>>;

/// A model with what its inputs need: the numbers of a standardiser, say.
struct Forecaster {
  Sequential<Embedding<float>, Dropout<float>, Both, OriginalGru<float>, Dense<float>> model;
  Vector<double> mean, deviation;

  template <class F, class... T>
  static void children(F&& f, const std::string& prefix, T&... values) {
    f(prefix + "model.", values.model...);
  }

  template <class F, class... T>
  static void visit(F&& f, const std::string& prefix, T&... values) {
    children(visit_of_each(f), prefix, values...);
    f(prefix + "mean", values.mean...);
    f(prefix + "deviation", values.deviation...);
  }
};

Forecaster forecaster() {
  Random random(1);
  return {Sequential{Embedding<float>(9, 2, random), Dropout<float>(0.1), Both(2, 3, random),
                     OriginalGru<float>(6, 5, random, {.readout = Readout::mean}), Dense<float>(5, 1, random)},
          Vector<double>::Constant(2, 0.5), Vector<double>::Constant(2, 2)};
}

/// A layer of one's own around another, with an option.
template <class L>
struct Scaled : Skip<L> {
  double scale = 0.5;

  explicit Scaled(const L& layer) : Skip<L>{layer} {}

  static const char* name() { return "Scaled"; }

  template <class F>
  void each_option(F&& f) const {
    f("scale", scale);
  }
};

/// A layer of one's own of two others.
template <class L>
struct Gated : L {
  L gate, value;

  explicit Gated(const L& inner) : L(inner), gate(inner), value(inner) {}

  template <class F, class... Layers>
  static void children(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "gate.", layers.gate...);
    f(prefix + "value.", layers.value...);
  }
};

}  // namespace

TEST_CASE("a file says what it is", "[description]") {
  const Folder folder("describe");
  save(forecaster(), folder / "m", {{"made by", "test"}});
  const FileDescription found = describe(folder / "m");
  CHECK(found.format_version == 1);
  CHECK(found.metadata == Metadata{{"made by", "test"}});
  CHECK(found.tensors.size() == 14);
  CHECK(found.tensors.at("model.2.reverse.weight_hh").shape == std::vector<std::uint64_t>{9, 3});
  REQUIRE(found.layers.size() == 7);
  const LayerDescription& both = found.layers[2];
  CHECK(both.name == "model.2");
  CHECK(both.kind == "Bidirectional");
  CHECK(both.input_size == 2);
  CHECK(both.output_size == 6);
  CHECK(both.properties == Metadata{{"merge", "concatenate"}});
  const LayerDescription& reverse = found.layers[4];
  CHECK(reverse.name == "model.2.reverse");
  CHECK(reverse.kind == "Gru");
  CHECK(reverse.properties == Metadata{{"gates", "n r z hn"},
                                       {"input_gates", "n r z"},
                                       {"recurrent_gates", "r z hn"},
                                       {"direction", "reverse"},
                                       {"readout", "all"}});
  CHECK(found.layers == detail::layers_of(forecaster()));
  CHECK_THAT(detail::layers_of(Lstm<float>::zeros(1, 2, {.zoneout = 0.1, .zoneout_cell_state = 0.5}))[0].text(),
             contains_text(", zoneout 0.1, zoneout_cell_state 0.5"));

  const std::string text = found.text();
  for (const char* line :
       {"format version 1\n", "layer model.0: Embedding 1 to 2\n", "layer model.1: Dropout\n",
        "layer model.3: OriginalGru 6 to 5, direction forward, gates r z n, input_gates r z n, readout mean",
        "layer model.4: Dense 5 to 1\n", "made by: test\n", "mean: F64 [2]\n", "model.4.weight: F32 [1, 5]\n"})
    CHECK_THAT(text, contains_text(line));
}

TEST_CASE("a program that knows no sizes finds them in the file", "[description]") {
  const Folder folder("sizes");
  Random random(1);
  const Lstm<float> saved(3, 7, random);
  save(saved, folder / "m");
  const FileDescription found = describe(folder / "m");
  REQUIRE(found.layers.size() == 1);
  CHECK(found.layers[0].name.empty());
  CHECK_THAT(found.text(), contains_text("model: Lstm 3 to 7"));
  auto loaded = Lstm<float>::zeros(found.layers[0].input_size, found.layers[0].output_size);
  load(loaded, folder / "m");
  CHECK(flat(loaded) == flat(saved));
}

TEST_CASE("a layer-normalised LSTM comes back as it was saved", "[description]") {
  const Folder folder("layer_norm");
  Random random(1);
  const LayerNormLstm<float> saved(3, 7, random, {Direction::reverse});
  save(saved, folder / "m");
  CHECK_THAT(describe(folder / "m").text(),
             contains_text("model: LayerNormLstm 3 to 7, direction reverse, gates i f g o, "));
  auto loaded = LayerNormLstm<float>::zeros(3, 7, {Direction::reverse});
  load(loaded, folder / "m");
  CHECK(flat(loaded) == flat(saved));
  auto forward = LayerNormLstm<float>::zeros(3, 7);
  CHECK_THROWS_WITH(load(forward, folder / "m"), contains_text("direction reverse"));
  auto plain = Lstm<float>::zeros(3, 7, {Direction::reverse});
  CHECK_THROWS_WITH(load(plain, folder / "m"), contains_text("the layer is '' LayerNormLstm 3 to 7"));
}

TEST_CASE("a layer of one's own is described as what it is, with the layers that it is made of", "[description]") {
  Random random(1);
  const Rnn<float> plain(3, 3, random);
  const auto described = [](const auto& value) {
    std::string result;
    for (const LayerDescription& layer : detail::layers_of(value))
      result += layer.name + "=" + layer.text().substr(0, layer.text().find(", direction")) + "; ";
    return result;
  };
  CHECK(described(Sequential{Scaled(plain), Dense<float>::zeros(3, 1)}) ==
        "0=Scaled 3 to 3, scale 0.5; 0.inner=Rnn 3 to 3; 1=Dense 3 to 1; ");
  CHECK(described(Sequential{Elu<float>({.alpha = 0.5}), Prelu<float>(3), Softmax<float>()}) ==
        "0=Elu, alpha 0.5; 1=Prelu 3 to 3; 2=Softmax; ");
  CHECK(described(Gated(plain)) == "=Rnn 3 to 3; gate=Rnn 3 to 3; value=Rnn 3 to 3; ");

  const Parallel parallel(Sequential{plain, Dropout<float>(0.1)}, std::make_shared<ThreadPool>(1));
  CHECK(described(parallel) == "0=Rnn 3 to 3; 1=Dropout; ");

  const Folder folder("own");
  save(Scaled(plain), folder / "residual");
  auto inner = plain;
  CHECK_THROWS_WITH(load(inner, folder / "residual"), contains_text("the layer is '' Scaled 3 to 3, scale 0.5; "));
  Scaled other(plain);
  other.scale = 0.25;
  CHECK_THROWS_WITH(load(other, folder / "residual"), contains_text("expected '' Scaled 3 to 3, scale 0.25"));
  Scaled relu(ReluRnn<float>::zeros(3, 3));
  CHECK_THROWS_WITH(load(relu, folder / "residual"), contains_text("expected 'inner' ReluRnn 3 to 3"));
  Scaled loaded = zeros_like(Scaled(plain));
  load(loaded, folder / "residual");
  CHECK(flat(loaded) == flat(plain));
}

TEST_CASE("what goes with a model is loaded with it", "[description]") {
  const Folder folder("standardiser");
  const Forecaster saved = forecaster();
  save(saved, folder / "m");
  Forecaster loaded = zeros_like(saved);
  load(loaded, folder / "m");
  CHECK(flat(loaded) == flat(saved));

  Forecaster other = saved;
  std::get<2>(other.model.layers).merge = Merge::sum;
  CHECK_THROWS_WITH(load(other, folder / "m"),
                    contains_text("merge concatenate; expected 'model.2' Bidirectional 2 to 3, merge sum"));
}

TEST_CASE("a convolution is not loaded as one that reaches further", "[description]") {
  const Folder folder("conv1d");
  Random random(1);
  const Sequential model{Conv1d<float>(2, 4, 3, random, {.dilation = 2}), Lstm<float>(4, 1, random)};
  save(model, folder / "m");
  CHECK(describe(folder / "m").layers[0].properties ==
        Metadata{{"kernel_size", "3"}, {"dilation", "2"}, {"groups", "1"}});
  Sequential same{Conv1d<float>::zeros(2, 4, 3, {.dilation = 2}), Lstm<float>::zeros(4, 1)};
  load(same, folder / "m");
  CHECK(flat(same) == flat(model));
  Sequential other{Conv1d<float>::zeros(2, 4, 3), Lstm<float>::zeros(4, 1)};
  CHECK_THROWS_WITH(load(other, folder / "m"), contains_text("dilation 2") && contains_text("expected '0' Conv1d"));
}

TEST_CASE("a file of another program has no layers", "[description]") {
  const Folder folder("foreign");
  TensorFile file;
  file.metadata = {{"format", "pt"}};
  file.tensors["a"] = detail::store(1.0);
  write_safetensors(file, folder / "f");
  const FileDescription found = describe(folder / "f");
  CHECK(found.format_version == 0);
  CHECK(found.layers.empty());
  CHECK(found.metadata == file.metadata);
  CHECK_THROWS_AS(describe(folder / "none"), std::system_error);
  CHECK_THROWS_WITH(save(forecaster(), folder / "m", {{"unroll.x", ""}}), contains_text("metadata 'unroll.x'"));
}
