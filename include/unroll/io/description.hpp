#pragma once

#include "unroll/io/safetensors.hpp"
#include "unroll/layers/bidirectional.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/dropout.hpp"
#include "unroll/layers/embedding.hpp"
#include "unroll/layers/layer_norm_lstm.hpp"
#include "unroll/layers/recurrent_layers.hpp"

namespace unroll {

/// One layer of a model, as its file tells it.
struct LayerDescription {
  std::string name;      ///< what its tensors' names begin with, "1.forward"; empty: the whole model
  std::string kind;      ///< "Lstm"
  Index input_size = 0;  ///< 0: any
  Index output_size = 0;
  /// "direction", "readout", "gates" with "input_gates" and "recurrent_gates", "zoneout"; "merge"
  Metadata properties;

  friend bool operator==(const LayerDescription&, const LayerDescription&) = default;

  /// "Lstm 3 to 16, direction forward, gates i f g o, ..."
  std::string text() const {
    std::string result = kind;
    if (output_size != 0) result += detail::text(" ", input_size, " to ", output_size);
    for (const auto& [key, value] : properties) result += ", " + key + " " + value;
    return result;
  }
};

/// What a file holds, without its numbers.
struct FileDescription {
  Index format_version = 0;              ///< 0: not written by `save`
  std::vector<LayerDescription> layers;  ///< in the order of the data's way through them
  Metadata metadata;                     ///< the caller's
  std::map<std::string, StoredTensor> tensors;

  /// A few lines to print.
  std::string text() const {
    std::string result = detail::text("format version ", format_version, "\n");
    for (const LayerDescription& layer : layers)
      result += (layer.name.empty() ? "model" : "layer " + layer.name) + ": " + layer.text() + "\n";
    for (const auto& [key, value] : metadata) result += key + ": " + value + "\n";
    for (const auto& [name, tensor] : tensors)
      result += name + ": " + tensor.dtype + " " + detail::shape_text(tensor.shape) + "\n";
    return result;
  }
};

namespace detail {

inline constexpr const char* format_key = "unroll.format";
inline constexpr const char* layers_key = "unroll.layers";
inline constexpr Index format_version = 1;

template <class L>
std::string kind_of(const L&) {
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

template <class L>
Metadata properties_of(const L&) {
  return {};
}
template <class Cell>
Metadata recurrent_properties(const Unrolling& how) {
  const char* readouts[] = {"all", "last", "mean"};
  Metadata result{{"gates", gates_text<Cell>({0, gate_count<Cell>})},
                  {"input_gates", gates_text<Cell>(input_gates<Cell>())},
                  {"recurrent_gates", gates_text<Cell>(recurrent_gates<Cell>())},
                  {"direction", how.direction == Direction::forward ? "forward" : "reverse"},
                  {"readout", readouts[static_cast<int>(how.readout)]}};
  // Zoneout acts at inference too.
  if (how.zoneout > 0) result["zoneout"] = text(how.zoneout);
  if (how.zoneout_cell_state > 0) result["zoneout_cell_state"] = text(how.zoneout_cell_state);
  return result;
}
template <class Cell, class Scalar, int I, int H>
Metadata properties_of(const Recurrent<Cell, Scalar, I, H>& layer) {
  return recurrent_properties<Cell>(layer.unrolling);
}
template <class Scalar>
Metadata properties_of(const LayerNormLstm<Scalar>& layer) {
  return recurrent_properties<cells::LayerNormLstm>(layer.unrolling);
}
template <class L>
Metadata properties_of(const Bidirectional<L>& layer) {
  return {{"merge", layer.merge == Merge::concatenate ? "concatenate" : "sum"}};
}

/// Adds the layers of a model, or of a value whose member `model` is one. What else a value holds is no layer. A layer
/// around a model, as Parallel is, has the model's own names.
template <class Value>
void add_layers(const Value& value, const std::string& prefix, std::vector<LayerDescription>& to) {
  if constexpr (requires { value.layers; }) {
    const auto add = [&](std::size_t k, const auto& layer) { add_layers(layer, prefix + std::to_string(k) + ".", to); };
    walk(add, value.layers);
  } else if constexpr (requires { value.model; }) {
    add_layers(value.model, Layer<Value> ? prefix : prefix + "model.", to);
  } else if constexpr (requires {
                         value.input_size();
                         value.output_size();
                       }) {
    to.push_back({prefix.substr(0, prefix.empty() ? 0 : prefix.size() - 1), kind_of(value), value.input_size(),
                  value.output_size(), properties_of(value)});
    if constexpr (requires { value.forward_layer; }) {
      add_layers(value.forward_layer, prefix + "forward.", to);
      add_layers(value.reverse_layer, prefix + "reverse.", to);
    }
  }
}

template <class Value>
std::vector<LayerDescription> layers_of(const Value& value) {
  std::vector<LayerDescription> layers;
  add_layers(value, "", layers);
  return layers;
}

/// The metadata that `save` writes beside the caller's.
inline Metadata described(const std::vector<LayerDescription>& layers, Metadata metadata) {
  for (const auto& [key, value] : metadata)
    require(key.rfind("unroll.", 0) != 0, "metadata '", key, "': names that begin with unroll. are the library's");
  nlohmann::json json = nlohmann::json::array();
  for (const LayerDescription& layer : layers)
    json.push_back({{"name", layer.name},
                    {"kind", layer.kind},
                    {"input_size", layer.input_size},
                    {"output_size", layer.output_size},
                    {"properties", layer.properties}});
  metadata[format_key] = std::to_string(format_version);
  metadata[layers_key] = json.dump();
  return metadata;
}

/// Takes the library's own part out of a file's metadata.
inline FileDescription read_description(const std::string& file, Metadata metadata) {
  FileDescription result;
  const auto version = metadata.find(format_key), layers = metadata.find(layers_key);
  if (version != metadata.end()) {
    if (version->second != std::to_string(format_version))
      throw format_error(file, "__metadata__", 8,
                         text("the format version is ", version->second, ", expected ", format_version));
    if (layers == metadata.end()) throw format_error(file, "__metadata__", 8, text(layers_key, " is missing"));
    result.format_version = format_version;
    try {
      for (const auto& layer : parse_json(layers->second, file, 8))
        result.layers.push_back({layer.at("name").get<std::string>(), layer.at("kind").get<std::string>(),
                                 layer.at("input_size").get<Index>(), layer.at("output_size").get<Index>(),
                                 layer.at("properties").get<Metadata>()});
    } catch (const nlohmann::json::exception& error) {
      throw format_error(file, "__metadata__", 8, text(layers_key, ": ", error.what()));
    }
    metadata.erase(layers);
    metadata.erase(version);
  }
  result.metadata = std::move(metadata);
  return result;
}

/// Throws format_error unless the file's layers are these.
inline void require_layers(const std::string& file, const FileDescription& found,
                           const std::vector<LayerDescription>& expected) {
  const auto said = [](const std::vector<LayerDescription>& layers, std::size_t k) {
    return k < layers.size() ? "'" + layers[k].name + "' " + layers[k].text() : "none";
  };
  for (std::size_t k = 0; k < std::max(found.layers.size(), expected.size()); ++k)
    if (k >= found.layers.size() || k >= expected.size() || !(found.layers[k] == expected[k]))
      throw format_error(file, "__metadata__", 8,
                         text("the layer is ", said(found.layers, k), "; expected ", said(expected, k)));
}

}  // namespace detail

/// What a safetensors file is, from its header alone: a program can read the sizes here before it makes the model.
/// Throws format_error, or std::system_error where the file cannot be opened.
inline FileDescription describe(const std::filesystem::path& path) {
  std::ifstream in = detail::open_file(path);
  TensorFile header = detail::read_header(in, path.string());
  FileDescription result = detail::read_description(path.string(), std::move(header.metadata));
  result.tensors = std::move(header.tensors);
  return result;
}

}  // namespace unroll
