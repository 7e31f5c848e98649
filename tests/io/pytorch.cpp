// Files of PyTorch and of ours: reference/torch_files.py makes the first and reads the second.

#include "unroll/io/pytorch.hpp"

#include <cstdlib>

#include "catch.hpp"
#include "core/flat.hpp"
#include "io/files.hpp"
#include "layers/skip.hpp"
#include "unroll/io/save.hpp"
#include "unroll/layers/parallel.hpp"

using namespace unroll;

namespace {

const std::filesystem::path data = UNROLL_TEST_DATA "/torch_files";

/// A (T, B, features) tensor as features x (T*B): the same bytes.
template <class Scalar>
Matrix<Scalar> columns(const TensorFile& file, const std::string& name) {
  const StoredTensor& stored = file.tensors.at(name);
  const auto values = detail::numbers<Scalar>(stored);
  const auto rows = static_cast<Index>(stored.shape.at(2));
  return Eigen::Map<const Matrix<Scalar>>(values.data(), rows, static_cast<Index>(values.size()) / rows);
}

template <class Model>
Matrix<typename Model::Scalar> run(const Model& model, const std::string& name) {
  typename Model::Tape tape;
  const TensorFile file = read_safetensors(data / (name + ".io.safetensors"));
  return model.forward(columns<typename Model::Scalar>(file, "x"), tape, {.size = 2});
}

/// Loads PyTorch's file, compares the outputs, saves and loads that again.
template <class Model>
void compare(const std::string& name, Model model, const TorchNames& names = {{"", ""}}) {
  using Scalar = typename Model::Scalar;
  INFO(name);
  load_pytorch(model, data / (name + ".safetensors"), names);
  const Matrix<Scalar> y = run(model, name);
  const TensorFile file = read_safetensors(data / (name + ".io.safetensors"));
  const Matrix<Scalar> expected = columns<Scalar>(file, "y");
  REQUIRE(y.rows() == expected.rows());
  REQUIRE(y.cols() == expected.cols());
  const double relative = sizeof(Scalar) == 4 ? 1.3e-6 : 1e-12, absolute = sizeof(Scalar) == 4 ? 1e-5 : 1e-12;
  const auto difference = (y - expected).template cast<double>().cwiseAbs().eval();
  CHECK((difference.array() <= absolute + relative * expected.template cast<double>().cwiseAbs().array()).all());
  CHECK(expected.cwiseAbs().maxCoeff() > Scalar(0.1));

  const Folder folder("pytorch");
  const char* wanted = std::getenv("UNROLL_TORCH_OUT");
  const std::filesystem::path out = wanted ? std::filesystem::path(wanted) : folder.path();
  save_pytorch(model, out / (name + ".safetensors"), names);
  const TensorFile ours = read_safetensors(out / (name + ".safetensors"));
  const TensorFile theirs = read_safetensors(data / (name + ".safetensors"));
  CHECK(ours.metadata == Metadata{{"format", "pt"}});
  CHECK(ours.tensors.size() == theirs.tensors.size());
  for (const auto& [key, tensor] : theirs.tensors) {
    INFO(key);
    REQUIRE(ours.tensors.count(key) == 1);
    CHECK(ours.tensors.at(key).shape == tensor.shape);
    if (key.find("weight") == std::string::npos && key.find("head") == std::string::npos) continue;
    CHECK(detail::numbers<Scalar>(ours.tensors.at(key)) == detail::numbers<Scalar>(tensor));
  }
  Model again = zeros_like(model);
  load_pytorch(again, out / (name + ".safetensors"), names);
  CHECK(flat(again) == flat(model));

  TensorFile io = file;
  io.tensors["y"] = detail::store_numbers(y.data(), static_cast<std::size_t>(y.size()), file.tensors.at("y").shape);
  write_safetensors(io, out / (name + ".io.safetensors"));
}

template <class L>
auto deep() {
  Random random(1);
  return Sequential{Stack<Bidirectional<L>>(2, 3, 4, random), Dense<float>(8, 2, random)};
}

auto tokens() {
  Random random(1);
  return Sequential{Embedding<float>(7, 3, random), Gru<float>(3, 4, random), Dropout<float>(0.1),
                    Gru<float>(4, 4, random), Dense<float>(4, 2, random)};
}

const TorchNames rnn_and_head{{"0", "rnn"}, {"1", "head"}};
const TorchNames token_names{{"0", "embedding"}, {"1", "rnn"}, {"3", {"rnn", 1}}, {"4", "head"}};

/// The message of loading a file, which must be refused and change nothing.
template <class Error, class Model>
std::string refusal(Model model, const std::string& name, const TorchNames& names) {
  const Flat before = flat(model);
  std::string message = "accepted";
  try {
    load_pytorch(model, data / (name + ".safetensors"), names);
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(flat(model) == before);
  return message;
}

void compare_all() {
  compare("rnn_tanh", deep<Rnn<float>>(), rnn_and_head);
  compare("rnn_relu", deep<ReluRnn<float>>(), rnn_and_head);
  compare("lstm", deep<Lstm<float>>(), rnn_and_head);
  compare("gru", deep<Gru<float>>(), rnn_and_head);
  compare("tokens", tokens(), token_names);
  Random random(1);
  compare("bare", Lstm<double>(3, 4, random));
  compare("bare_f16", Lstm<float>(3, 4, random));
  compare("bare_bf16", Lstm<float>(3, 4, random));
  const auto both = [&](Index inputs) {
    return Bidirectional(ProjectedLstm<double>(inputs, 4, 2, random),
                         ProjectedLstm<double>(inputs, 4, 2, random, {Direction::reverse}));
  };
  compare("projected", Stack(std::vector{both(3), both(4)}));
  const Sequential convolved{Conv1d<float>(3, 6, 2, random, {.dilation = 3, .groups = 3}), Lstm<float>(6, 4, random),
                             Dense<float>(4, 2, random)};
  compare("convolved", convolved, {{"0", "conv"}, {"1", "rnn"}, {"2", "head"}});
}

}  // namespace

TEST_CASE("PyTorch's files load and give PyTorch's outputs, and go back", "[pytorch]") { compare_all(); }

TEST_CASE("of a convolution's weights PyTorch has the steps of a feature side by side", "[pytorch]") {
  const Folder folder("kernel");
  Random random(3);
  const Conv1d<float> layer(3, 4, 2, random);
  save_pytorch(layer, folder / "kernel.safetensors");
  const StoredTensor stored = read_safetensors(folder / "kernel.safetensors").tensors.at("weight");
  CHECK(stored.shape == std::vector<std::size_t>{4, 3, 2});  // out, in, step
  const auto numbers = detail::numbers<float>(stored);
  std::size_t at = 0;
  for (Index o = 0; o < 4; ++o)
    for (Index i = 0; i < 3; ++i)
      for (Index k = 0; k < 2; ++k) CHECK(numbers[at++] == layer.weight(o, k * 3 + i));
  Conv1d<float> again = zeros_like(layer);
  load_pytorch(again, folder / "kernel.safetensors");
  CHECK(flat(again) == flat(layer));
}

TEST_CASE("where we have one bias it is the sum of two", "[pytorch]") {
  const TensorFile file = read_safetensors(data / "gru.safetensors");
  const auto bias = [&](const char* name) {
    const auto values = detail::numbers<float>(file.tensors.at(name));
    return Vector<float>(Eigen::Map<const Vector<float>>(values.data(), static_cast<Index>(values.size())));
  };
  const Vector<float> ih = bias("rnn.bias_ih_l1_reverse"), hh = bias("rnn.bias_hh_l1_reverse");  // r z n
  auto model = deep<Gru<float>>();
  load_pytorch(model, data / "gru.safetensors", rnn_and_head);
  Vector<float> expected(16);  // n r z hn
  expected << ih.tail(4), (ih + hh).head(8), hh.tail(4);
  CHECK(std::get<0>(model.layers).layers[1].reverse_layer.bias == expected);
  auto fast = deep<FastGru<float>>();
  load_pytorch(fast, data / "gru.safetensors", rnn_and_head);
  CHECK(std::get<0>(fast.layers).layers[1].reverse_layer.bias == expected);
}

TEST_CASE("what does not fit is refused by PyTorch's name", "[pytorch]") {
  Random random(1);
  const auto lstm = deep<Lstm<float>>();
  CHECK_THAT(refusal<format_error>(lstm, "gru", rnn_and_head),
             contains_text("tensor 'rnn.weight_ih_l0'") && contains_text("the shape is [12, 3], expected [16, 3]"));
  CHECK_THAT(refusal<format_error>(lstm, "lstm", {{"0", "lstm"}, {"1", "head"}}),
             contains_text("tensor 'lstm.weight_ih_l0'") && contains_text("is missing, expected the shape [16, 3]"));
  const Sequential shallow{Stack<Bidirectional<Lstm<float>>>(1, 3, 4, random), Dense<float>(8, 2, random)};
  CHECK_THAT(refusal<format_error>(shallow, "lstm", rnn_and_head),
             contains_text("tensor 'rnn.bias_hh_l1'") && contains_text("is surplus"));
  CHECK_THAT(refusal<format_error>(Lstm<float>(3, 4, random), "bare", {{"", ""}}), contains_text("the dtype is F64"));
  const Sequential transposed{Conv1d<float>(2, 6, 1, random), Lstm<float>(6, 4, random), Dense<float>(4, 2, random)};
  CHECK_THAT(refusal<format_error>(transposed, "convolved", {{"0", "conv"}, {"1", "rnn"}, {"2", "head"}}),
             contains_text("tensor 'conv.weight'") && contains_text("the shape is [6, 1, 2], expected [6, 2, 1]"));
}

TEST_CASE("a file of ours is not taken for one of PyTorch's", "[pytorch]") {
  Random random(1);
  const Folder folder("pytorch_ours");
  const Embedding<float> table(3, 3, random);  // PyTorch's is its transpose
  save(table, folder / "ours");
  Embedding<float> loaded(3, 3, random);
  const Matrix<float> before = loaded.weight;
  CHECK_THROWS_WITH(load_pytorch(loaded, folder / "ours"),
                    contains_text("save wrote this file, not PyTorch; load reads it"));
  CHECK(loaded.weight == before);
}

TEST_CASE("layers are found in a model of a user's own, and in a parallel one", "[pytorch]") {
  Random random(1);
  const auto tensors = [](const auto& model, const TorchNames& names) {
    const Folder folder("own");
    save_pytorch(model, folder / "f", names);
    auto loaded = zeros_like(model);
    load_pytorch(loaded, folder / "f", names);
    CHECK(flat(loaded) == flat(model));
    std::string result;
    for (const auto& [name, tensor] : read_safetensors(folder / "f").tensors) result += name + " ";
    return result;
  };
  const Sequential both{Skip<Rnn<float>>{Rnn<float>(3, 3, random)}, Dense<float>(3, 1, random)};
  CHECK(tensors(both, {{"0.inner", "rnn"}, {"1", "head"}}) ==
        "head.bias head.weight rnn.bias_hh_l0 rnn.bias_ih_l0 rnn.weight_hh_l0 rnn.weight_ih_l0 ");
  CHECK_THROWS_WITH(tensors(both, {{"1", "head"}}), contains_text("none is given for our layer '0.inner'"));
  const Sequential deep{Sequential{Rnn<float>(3, 3, random), Dropout<float>(0.1), Rnn<float>(3, 3, random)},
                        Dense<float>(3, 1, random)};  // PyTorch's nn.RNN(3, 3, num_layers=2, dropout=0.1)
  CHECK(tensors(deep, {{"0", "rnn"}, {"1", "head"}}) ==
        "head.bias head.weight rnn.bias_hh_l0 rnn.bias_hh_l1 rnn.bias_ih_l0 rnn.bias_ih_l1 rnn.weight_hh_l0 "
        "rnn.weight_hh_l1 rnn.weight_ih_l0 rnn.weight_ih_l1 ");
  struct Named : Dense<float> {
    using Dense<float>::Dense;
    std::string unrolling = "a member of this name makes no recurrent layer";
  };
  CHECK(tensors(Sequential{Named(3, 2, random)}, {{"0", "own"}}) == "own.bias own.weight ");
  const Parallel parallel(Sequential{Rnn<float>(3, 3, random)}, std::make_shared<ThreadPool>(1));
  const std::string bare = "bias_hh_l0 bias_ih_l0 weight_hh_l0 weight_ih_l0 ";
  CHECK(tensors(parallel, {{"", ""}}) == bare);
  CHECK(tensors(parallel, {{"0", ""}}) == bare);
  CHECK(tensors(parallel, {{"0", std::string("rnn")}}).starts_with("rnn.bias_hh_l0 "));
}

TEST_CASE("one module of PyTorch's stands for no layers that it does not have", "[pytorch]") {
  Random random(1);
  const Folder folder("modules");
  const auto refuse = [&](const auto& model, const std::string& why) {
    CHECK_THROWS_WITH(save_pytorch(model, folder / "f"),
                      "PyTorch's names: no module has " + why + "; name the layers one by one");
    CHECK(folder.count() == 0);
  };
  const Rnn<float> rnn(2, 2, random);
  refuse(Sequential{rnn, Tanh<float>(), rnn}, "a Tanh among its layers");
  refuse(Sequential{rnn, Softmax<float>()}, "a Softmax among its layers");
  refuse(Sequential{rnn, Residual{rnn}}, "a Residual among its layers");
  refuse(Branches{rnn, rnn}, "a Branches among its layers");
  refuse(Sequential{rnn, ReluRnn<float>(2, 2, random)}, "layers of both Rnn and ReluRnn");

  const Sequential model{rnn, Tanh<float>(), Residual{rnn}};
  auto same = model;
  std::get<0>(same.layers).bias.setOnes();
  save_pytorch(model, folder / "f", {{"0", "first"}, {"2.layer", "second"}});
  load_pytorch(same, folder / "f", {{"0", "first"}, {"2.layer", "second"}});
  CHECK(flat(same) == flat(model));
  save_pytorch(Sequential{rnn, Dropout<float>(0.5), rnn}, folder / "f");
  CHECK(read_safetensors(folder / "f").tensors.count("weight_hh_l1") == 1);
}

TEST_CASE("names must fit the model", "[pytorch]") {
  Random random(1);
  const auto lstm = deep<Lstm<float>>();
  using Wrong = std::invalid_argument;
  CHECK_THAT(refusal<Wrong>(lstm, "lstm", {{"0", "rnn"}}), contains_text("none is given for our layer '1'"));
  CHECK_THAT(refusal<Wrong>(lstm, "lstm", {{"0", "rnn"}, {"1", "head"}, {"2", "more"}}),
             contains_text("the model has no layer '2' for 'more'"));
  auto sum = lstm;
  std::get<0>(sum.layers).layers[0].merge = Merge::sum;
  CHECK_THAT(refusal<Wrong>(sum, "lstm", rnn_and_head), contains_text("PyTorch concatenates"));
  CHECK_THAT(refusal<Wrong>(Lstm<double>(3, 4, random, {Direction::reverse}), "bare", {{"", ""}}),
             contains_text("no reverse layer without a forward one"));
  const Folder folder("names");
  CHECK_THROWS_WITH(save_pytorch(Lstm<float>(2, 3, random, {.zoneout_cell_state = 0.1}), folder / "zoneout"),
                    contains_text("no zoneout"));
  const Sequential twice{Rnn<float>(2, 2, random), Rnn<float>(2, 2, random)};
  const std::string why =
      "PyTorch's names: two layers are called 'rnn.weight_ih_l0', one of our '0' and one of our '1'";
  CHECK_THROWS_WITH(save_pytorch(twice, folder / "f", {{"0", "rnn"}, {"1", "rnn"}}), why);
  CHECK(folder.count() == 0);
  save_pytorch(std::get<0>(twice.layers), folder / "one", {{"", "rnn"}});
  auto loaded = twice;
  CHECK_THROWS_WITH(load_pytorch(loaded, folder / "one", {{"0", "rnn"}, {"1", "rnn"}}), why);
  CHECK(flat(loaded) == flat(twice));
  save_pytorch(Dense<float>(2, 2, random), folder / "head");
  Sequential heads{Dense<float>(2, 2, random), Dense<float>(2, 2, random)};
  CHECK_THROWS_WITH(load_pytorch(heads, folder / "head"),
                    contains_text("two layers are called 'weight', one of our '' and one of our ''"));
  save_pytorch(twice, folder / "f", {{"", "rnn"}});
  CHECK(read_safetensors(folder / "f").tensors.count("rnn.weight_hh_l1") == 1);
}
