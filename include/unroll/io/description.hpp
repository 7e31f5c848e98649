#pragma once

#include "unroll/io/safetensors.hpp"
#include "unroll/layers/bidirectional.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/dropout.hpp"
#include "unroll/layers/embedding.hpp"
#include "unroll/layers/layer_norm_lstm.hpp"
#include "unroll/layers/recurrent_layers.hpp"

namespace unroll::inline UNROLL_TARGET {

/// One layer of a model, or one part of a training, as its file describes it.
struct LayerDescription {
  std::string name;       ///< what its tensors' names begin with, "1.forward"; empty: the whole model; "optimizer"
  std::string kind;       ///< "Lstm"
  Index input_size = 0;   ///< 0: any
  Index output_size = 0;  ///< 0: that of its input
  /// "direction", "readout", "gates" with "input_gates" and "recurrent_gates", "zoneout", "digits"; "merge"; an
  /// optimizer's options
  Metadata properties;

  friend bool operator==(const LayerDescription&, const LayerDescription&) = default;

  /// "Lstm 3 to 16, direction forward, gates i f g o, ..."
  std::string text() const {
    std::string result = kind;
    if (output_size != 0) result += detail::text(" ", input_size, " to ", output_size);
    for (const auto& [key, value] : properties) result += detail::text(", ", key, " ", value);
    return result;
  }
};

/// What a file holds, without its numbers.
struct FileDescription {
  Index format_version = 0;                ///< 0: not written by `save`
  std::vector<LayerDescription> layers;    ///< in the order in which data pass them
  std::vector<LayerDescription> training;  ///< what a checkpoint holds beside the model: the optimizer, the plateau
  std::string checksum;                    ///< of the numbers, as write_safetensors left it; empty: none is there
  Metadata metadata;                       ///< the caller's
  std::map<std::string, StoredTensor> tensors;  ///< by name: type, shape and place, without bytes

  /// A few lines to print.
  std::string text() const {
    std::string result = detail::text("format version ", format_version, "\n");
    for (const LayerDescription& layer : layers)
      result += detail::text(layer.name.empty() ? "model" : "layer " + layer.name, ": ", layer.text(), "\n");
    for (const LayerDescription& part : training) result += detail::text(part.name, ": ", part.text(), "\n");
    for (const auto& [key, value] : metadata) result += detail::text(key, ": ", value, "\n");
    for (const auto& [name, tensor] : tensors)
      result += detail::text(name, ": ", tensor.dtype, " ", detail::shape_text(tensor.shape), "\n");
    return result;
  }
};

namespace detail {

inline constexpr const char* format_key = "unroll.format";
inline constexpr const char* layers_key = "unroll.layers";
inline constexpr const char* training_key = "unroll.training";
inline constexpr Index format_version = 1;

template <class L>
std::string layer_kind(const L&) {
  if constexpr (requires { L::name(); })
    return L::name();
  else
    return "layer";
}
/// "r z hn"
template <class Cell>
std::string gates_text(GateRun run) {
  std::string result;
  for (int gate = run.first; gate < run.first + run.count; ++gate)
    result.append(result.empty() ? "" : " ").append(Cell::gate_names[static_cast<std::size_t>(gate)]);
  return result;
}

struct OptionTexts {
  Metadata texts;

  template <class Option>
  void operator()(const char* name, const Option& option) {
    texts[name] = text(option);
  }
};
template <class Value>
concept HasOptions = requires(const Value& value, OptionTexts& texts) { value.each_option(texts); };

template <class Value>
Metadata properties_of([[maybe_unused]] const Value& value) {
  OptionTexts options;
  if constexpr (HasOptions<Value>) value.each_option(options);
  return options.texts;
}
template <class Cell>
Metadata recurrent_properties(const Unrolling& how) {
  const char* readouts[] = {"all", "last", "mean"};
  Metadata result{{"gates", gates_text<Cell>({0, gate_count<Cell>})},
                  {"input_gates", gates_text<Cell>(input_gates<Cell>())},
                  {"recurrent_gates", gates_text<Cell>(recurrent_gates<Cell>())},
                  {"direction", how.direction == Direction::forward ? "forward" : "reverse"},
                  {"readout", readouts[static_cast<int>(how.readout)]}};
  if constexpr (requires { Cell::digits; }) result["digits"] = text(Cell::digits);
  // Zoneout acts at inference too.
  if (how.zoneout > 0) result["zoneout"] = text(how.zoneout);
  if (how.zoneout_cell_state > 0) result["zoneout_cell_state"] = text(how.zoneout_cell_state);
  return result;
}
template <class Step, int Inputs, int Outputs>
Metadata properties_of(const RecurrentLayer<Step, Inputs, Outputs>& layer) {
  return recurrent_properties<typename Step::Cell>(layer.unrolling);
}
template <class L>
Metadata properties_of(const Bidirectional<L>& layer) {
  return {{"merge", layer.merge == Merge::concatenate ? "concatenate" : "sum"}};
}

/// Adds a layer, then those that it is made of. For a value that is not a layer, adds those that its `children` shows.
template <class Value>
void add_layers(const Value& value, const std::string& prefix, std::vector<LayerDescription>& to) {
  constexpr bool sized = requires { value.input_size(), value.output_size(); };
  if constexpr (sized && (!Composite<Value> || requires { Value::name(); }))
    to.push_back({prefix.substr(0, prefix.empty() ? 0 : prefix.size() - 1), layer_kind(value), value.input_size(),
                  value.output_size(), properties_of(value)});
  if constexpr (Composite<Value>)
    Value::children([&](const std::string& name, const auto& layer) { add_layers(layer, name, to); }, prefix, value);
}

template <class Value>
std::vector<LayerDescription> layers_of(const Value& value) {
  std::vector<LayerDescription> layers;
  add_layers(value, "", layers);
  return layers;
}

/// The parts of a training that a value shows by `each_part`. An optimizer that is saved alone has one part, itself.
template <class Value>
std::vector<LayerDescription> training_of(const Value& value) {
  std::vector<LayerDescription> parts;
  const auto add = [&](const char* name, const auto& part) {
    parts.push_back({name, part.name(), 0, 0, properties_of(part)});
  };
  if constexpr (requires { value.each_part(add); })
    value.each_part(add);
  else if constexpr (HasOptions<Value> && !requires { value.input_size(); })
    add("optimizer", value);
  return parts;
}

inline std::string json_of(const std::vector<LayerDescription>& layers) {
  Json json{nlohmann::json::array()};
  for (const LayerDescription& layer : layers) {
    json.value.push_back(nlohmann::json::object());
    nlohmann::json& entry = json.value.back();
    entry["name"] = layer.name;
    entry["kind"] = layer.kind;
    entry["input_size"] = layer.input_size;
    entry["output_size"] = layer.output_size;
    entry["properties"] = layer.properties;
  }
  return json.value.dump();
}

/// The metadata that `save` writes beside the caller's.
template <class Value>
Metadata described(const Value& value, Metadata metadata) {
  for (const auto& [key, text] : metadata)
    require(!key.starts_with("unroll."), "metadata '", key, "': names that begin with unroll. are the library's");
  metadata[format_key] = std::to_string(format_version);
  metadata[layers_key] = json_of(layers_of(value));
  if (const auto training = training_of(value); !training.empty()) metadata[training_key] = json_of(training);
  return metadata;
}

/// Takes one key's layers out of the metadata; there are none if the key is missing.
inline std::vector<LayerDescription> take_layers(const std::string& file, const char* key, Metadata& metadata) {
  std::vector<LayerDescription> result;
  const auto found = metadata.find(key);
  if (found == metadata.end()) return result;
  const auto size = [&](const nlohmann::json& value) {  // `get` would cut a fraction off
    constexpr std::uint64_t most = (std::numeric_limits<Index>::max)();
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most)
      raise<format_error>(file, "__metadata__", 8u,
                          text(key, ": a size is ", value.dump(), ", expected a whole number from 0 on"));
    return value.get<Index>();
  };
  try {
    const Json json{parse_json(found->second, file, 8)};
    for (const auto& layer : json.value)
      result.push_back({layer.at("name").get<std::string>(), layer.at("kind").get<std::string>(),
                        size(layer.at("input_size")), size(layer.at("output_size")),
                        layer.at("properties").get<Metadata>()});
  } catch (const nlohmann::json::exception& error) {
    raise<format_error>(file, "__metadata__", 8u, text(key, ": ", error.what()));
  }
  metadata.erase(found);
  return result;
}

/// Takes the library's own part out of a file's metadata.
inline FileDescription read_description(const std::string& file, Metadata metadata) {
  FileDescription result;
  if (const auto checksum = metadata.find(checksum_key); checksum != metadata.end()) {
    result.checksum = checksum->second;
    metadata.erase(checksum);
  }
  if (const auto version = metadata.find(format_key); version != metadata.end()) {
    if (version->second != std::to_string(format_version))
      raise<format_error>(file, "__metadata__", 8u,
                          text("the format version is ", version->second, ", expected ", format_version));
    if (!metadata.contains(layers_key)) raise<format_error>(file, "__metadata__", 8u, text(layers_key, " is missing"));
    result.format_version = format_version;
    result.layers = take_layers(file, layers_key, metadata);
    result.training = take_layers(file, training_key, metadata);
    metadata.erase(version);
  }
  result.metadata = std::move(metadata);
  return result;
}

}  // namespace detail

/// Reads what a safetensors file holds, from its header alone. So a program can read the sizes before it makes the
/// model. Throws format_error, or std::system_error where the file cannot be opened.
inline FileDescription describe(const std::filesystem::path& path) {
  std::ifstream in = detail::open_file(path);
  TensorFile header = detail::read_header(in, detail::path_text(path));
  FileDescription result = detail::read_description(detail::path_text(path), std::move(header.metadata));
  result.tensors = std::move(header.tensors);
  return result;
}

}  // namespace unroll::inline UNROLL_TARGET
