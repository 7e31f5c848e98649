#pragma once

#include "unroll/io/description.hpp"
#include "unroll/io/tensor_reader.hpp"
#include "unroll/io/torch_weights.hpp"
#include "unroll/layers/bidirectional.hpp"
#include "unroll/layers/branches.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/layers/conv1d.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/dropout.hpp"
#include "unroll/layers/embedding.hpp"
#include "unroll/layers/projected_lstm.hpp"
#include "unroll/layers/recurrent_layers.hpp"
#include "unroll/layers/residual.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The module of PyTorch that a layer of ours stands for.
struct TorchModule {
  std::string name;  ///< in the state_dict, "encoder.lstm"; empty where the state_dict is the module's own
  Index layer = 0;   ///< which layer of an nn.RNN, nn.LSTM or nn.GRU our layer is, where it is one of several

  /// The module of that name; `which` is one layer of it.
  TorchModule(const char* module, Index which = 0) : name(module), layer(which) {}
  /// The module of that name; `which` is one layer of it.
  TorchModule(std::string module, Index which = 0) : name(std::move(module)), layer(which) {}
};

/// From our layers' names (as in describe) to PyTorch's modules; "" is the whole model.
using TorchNames = std::map<std::string, TorchModule>;

namespace detail {

template <class L>
inline constexpr bool is_recurrent = false;
template <class Step, int Inputs, int Outputs>
inline constexpr bool is_recurrent<RecurrentLayer<Step, Inputs, Outputs>> = true;
template <class L, template <class...> class Of>
inline constexpr bool is_any = false;
template <class... Types, template <class...> class Of>
inline constexpr bool is_any<Of<Types...>, Of> = true;

/// A tensor of PyTorch's belongs to one layer of ours.
struct TorchOwners {
  std::string layer = {};                         // the one that is exchanged now, as `names` calls it
  std::map<std::string, std::string> owner = {};  // by the tensor's name

  void own(const std::string& tensor) {
    const auto [first, is_new] = owner.emplace(tensor, layer);
    require(is_new, "PyTorch's names: two layers are called '", tensor, "', one of our '", first->second,
            "' and one of our '", layer, "'");
  }
};

struct TorchReader : TorchOwners {
  TensorReader& file;
  template <class Tensor>
  void operator()(const std::string& name, Tensor& tensor) {
    own(name);
    file.take(name, tensor);
  }
};

struct TorchWriter : TorchOwners {
  TensorFile& file;
  template <class Tensor>
  void operator()(const std::string& name, const Tensor& tensor) {
    own(name);
    file.tensors.emplace(name, store(tensor));
  }
};

// exchange(file, layer, module) reads or writes what PyTorch calls the layer's tensors: a const layer is written,
// another one read.

template <class File, class L>
void exchange_direction(File& file, L& layer, const std::string& prefix, const std::string& ending) {
  if constexpr (std::is_const_v<L>)
    require(!layer.unrolling.zones_out(), "save_pytorch: PyTorch's layers have no zoneout");
  auto torch = to_torch(layer);
  file(prefix + "weight_ih" + ending, torch.weight_ih);
  file(prefix + "weight_hh" + ending, torch.weight_hh);
  file(prefix + "bias_ih" + ending, torch.bias_ih);
  file(prefix + "bias_hh" + ending, torch.bias_hh);
  if (torch.weight_hr.size() > 0) file(prefix + "weight_hr" + ending, torch.weight_hr);
  if constexpr (!std::is_const_v<L>) from_torch(std::move(torch), layer);
}

/// We keep the weights of one step side by side; PyTorch keeps those of one pair of features side by side.
template <class File, class L>
void exchange_convolution(File& file, L& layer, const std::string& prefix) {
  const Index taps = layer.kernel_size(), rows = layer.weight.cols() / taps;
  TorchKernel<typename L::Scalar> kernel{layer.weight, taps};
  const auto pair_columns = [&](auto copy) {
    for (Index i = 0; i < rows; ++i)
      for (Index k = 0; k < taps; ++k) copy(layer.weight.col(k * rows + i), kernel.values.col(i * taps + k));
  };
  pair_columns([](const auto& ours, auto&& theirs) { theirs = ours; });
  file(prefix + "weight", kernel);
  if constexpr (!std::is_const_v<L>) pair_columns([](auto&& ours, const auto& theirs) { ours = theirs; });
  file(prefix + "bias", layer.bias);
}

/// The recurrent layers of one module, which PyTorch numbers.
class TorchStack {
 public:
  explicit TorchStack(Index first) : next_(first) {}

  /// What the names of the next layer's tensors end in.
  std::string ending(const std::string& kind) {
    if (kind_.empty()) kind_ = kind;
    if (kind_ != kind) refuse(text("layers of both ", kind_, " and ", kind));
    return text("_l", next_++);
  }
  static void refuse(const std::string& what) {
    raise<std::invalid_argument>("PyTorch's names: no module has " + what + "; name the layers one by one");
  }

 private:
  Index next_;
  std::string kind_;  // of the layers so far
};

/// The layers of one module.
template <class File, class L>
void exchange(File& file, L& layer, const std::string& prefix, TorchStack& stack) {
  using Type = std::remove_const_t<L>;
  if constexpr (is_any<Type, Bidirectional>) {
    require(layer.merge == Merge::concatenate, "PyTorch concatenates two directions, it does not sum them");
    const std::string ending = stack.ending(layer.forward_layer.name());
    exchange_direction(file, layer.forward_layer, prefix, ending);
    exchange_direction(file, layer.reverse_layer, prefix, ending + "_reverse");
  } else if constexpr (is_any<Type, Residual> || is_any<Type, Branches>) {
    TorchStack::refuse(text("a ", Type::name(), " among its layers"));
  } else if constexpr (Composite<Type>) {
    Type::children([&](const std::string&, auto& part) { exchange(file, part, prefix, stack); }, "", layer);
  } else if constexpr (is_recurrent<Type>) {
    require(layer.unrolling.direction == Direction::forward, "PyTorch has no reverse layer without a forward one");
    exchange_direction(file, layer, prefix, stack.ending(Type::name()));
  } else if constexpr (is_any<Type, Embedding>) {
    Matrix<typename Type::Scalar> rows = layer.weight.transpose();  // V x O
    file(prefix + "weight", rows);
    if constexpr (!std::is_const_v<L>) layer.weight = rows.transpose();
  } else if constexpr (is_any<Type, Conv1d>) {
    exchange_convolution(file, layer, prefix);
  } else {
    if (!is_any<Type, Dropout> && parameter_count(layer) == 0)
      TorchStack::refuse(text("a ", layer_kind(layer), " among its layers"));
    Type::visit(file, prefix, layer);
  }
}

/// Exchanges every layer that has parameters, each under the name that `names` gives to it or to a model it is part of.
template <class File, class L>
void exchange_named(File& file, L& layer, const std::string& our_prefix, const TorchNames& names,
                    std::set<std::string>& used) {
  using Type = std::remove_const_t<L>;
  const std::string ours = our_prefix.substr(0, our_prefix.empty() ? 0 : our_prefix.size() - 1);
  if (const auto found = names.find(ours); found != names.end()) {
    const auto& [name, k] = found->second;
    TorchStack stack(k);
    file.layer = ours;
    exchange(file, layer, name.empty() ? "" : name + ".", stack);
    used.insert(ours);
  } else if constexpr (Composite<Type> && !is_any<Type, Bidirectional>) {
    const auto each = [&](const std::string& name, auto& part) { exchange_named(file, part, name, names, used); };
    Type::children(each, our_prefix, layer);
  } else {
    require(parameter_count(layer) == 0, "PyTorch's names: none is given for our layer '", ours, "'");
  }
}

template <class File, class Model>
void exchange_model(File file, Model& model, const TorchNames& names) {
  std::set<std::string> used;
  exchange_named(file, model, "", names, used);
  for (const auto& [ours, torch] : names)
    require(used.contains(ours), "PyTorch's names: the model has no layer '", ours, "' for '", torch.name, "'");
}

}  // namespace detail

/// Loads a state_dict that PyTorch saved with safetensors.torch.save_file, from nn.RNN, nn.LSTM, nn.GRU, nn.Linear,
/// nn.Conv1d and nn.Embedding, into a model of the same layers:
///
///   Sequential model{Stack<Lstm<float>>(2, 3, 16, random), Dense<float>(16, 1, random)};
///   load_pytorch(model, "model.safetensors", {{"0", "lstm"}, {"1", "head"}});
///
/// or, with the layers one by one, {{"0", {"lstm", 0}}, {"1", {"lstm", 1}}, {"2", "head"}}. Where we have one bias, it
/// is the sum of PyTorch's two. A state_dict does not say whether a layer uses tanh or ReLU, nor what a convolution's
/// dilation and groups are; the model says it.
///
/// Throws std::invalid_argument for names that do not fit the model, such as one name for layers that no module of
/// PyTorch has together, or one module for two layers. Throws format_error for tensors that are missing, surplus or of
/// another shape, and for a file that `save` wrote. The model is changed only when all of it was read.
template <class Model>
  requires(!std::is_const_v<Model>)
void load_pytorch(Model& model, const std::filesystem::path& path, const TorchNames& names = {{"", ""}},
                  const LoadOptions& options = {}) {
  detail::TensorReader reader(path, options);
  if (reader.metadata().contains(detail::format_key))  // where sizes are equal, a table of ours would fit transposed
    detail::raise<format_error>(reader.file(), "__metadata__", 8u, "save wrote this file, not PyTorch; load reads it");
  reader.load(model, [&](Model& loaded) { detail::exchange_model(detail::TorchReader{{}, reader}, loaded, names); });
}

/// Refused: a pair of braces too few, which a map would take for the begin and the end of its pairs.
template <class Model, std::size_t count>
void load_pytorch(Model&,  // names are pairs in braces: {{"0", "lstm"}, {"1", {"rnn", 0}}}
                  const std::filesystem::path&, const char* const (&)[count], ...) = delete;
/// Refused: names of another form, or a const model.
template <class Model>
void load_pytorch(const Model&,  // names are pairs in braces: {{"0", "lstm"}, {"1", {"rnn", 0}}}; the model can change
                  const std::filesystem::path&, ...) = delete;

/// Saves a state_dict for PyTorch: `module.load_state_dict(safetensors.torch.load_file(path))`. Atomic, throws as
/// `save` does.
template <class Model>
void save_pytorch(const Model& model, const std::filesystem::path& path, const TorchNames& names = {{"", ""}},
                  Metadata metadata = {}) {
  metadata.emplace("format", "pt");
  TensorFile file{std::move(metadata), {}};
  detail::exchange_model(detail::TorchWriter{{}, file}, model, names);
  write_safetensors(file, path);
}

/// Refused: a pair of braces too few.
template <class Model, std::size_t count>
void save_pytorch(const Model&,  // names are pairs in braces: {{"0", "lstm"}, {"1", {"rnn", 0}}}
                  const std::filesystem::path&, const char* const (&)[count], ...) = delete;

}  // namespace unroll::inline UNROLL_TARGET
