#pragma once

#include "unroll/io/compare.hpp"
#include "unroll/io/tensor_reader.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Saves a model, or any value with a `visit`, as one safetensors file, atomically (see write_file). The metadata hold
/// its layers (see describe) beside the caller's own texts.
///
/// `visit` may show matrices and vectors, numbers, std::vectors of numbers, a map from names to vectors of double,
/// Random and carried states (visit_state), so that a whole state of training is one file:
///
///   struct Training {
///     Model model;
///     Random random;
///     Index epoch = 0;
///
///     template <class F, class... T>
///     static void children(F&& f, const std::string& prefix, T&... values) {
///       f(prefix + "model.", values.model...);  // described in the metadata
///     }
///
///     template <class F, class... T>
///     static void visit(F&& f, const std::string& prefix, T&... values) {
///       Model::visit(f, prefix + "model.", values.model...);
///       f(prefix + "random", values.random...);
///       f(prefix + "epoch", values.epoch...);
///     }
///   };
///
/// Throws std::invalid_argument where two tensors share a name, std::system_error where the file cannot be written; the
/// old file stays.
template <class Value>
void save(const Value& value, const std::filesystem::path& path, const Metadata& metadata = {}) {
  TensorFile file{detail::described(value, metadata), {}};
  const auto add = [&](const std::string& name, const auto& part) {
    detail::require(file.tensors.emplace(name, detail::store(part)).second, "save: two tensors are called '", name,
                    "'");
  };
  const auto store = [&](const std::string& name, const auto& part) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(part)>, detail::NamedVectors>)
      for (const auto& [column, numbers] : part) add(name + "." + column, numbers);
    else
      add(name, part);
  };
  for_each_tensor(store, value);
  write_safetensors(file, path);
}

/// Refused: a pair of braces too few, which a map would take for the begin and the end of its pairs.
template <class Value, std::size_t count>
void save(const Value&, const std::filesystem::path&,  // texts are pairs in braces: {{"trained on", "sunspots"}}
          const char* const (&)[count]) = delete;

/// Loads what `save` wrote into a value of the same layers and shapes.
///
/// Throws format_error for a bad file, for a tensor that is missing, surplus or of another shape, for layers of another
/// kind or order of gates, and for another optimizer or other options of it. It also throws it where
/// `require_valid() const` throws std::invalid_argument: that of the value, or if it has none, those of the parts that
/// its each_part(f) shows. Throws std::system_error where the file cannot be opened. All but the numbers is compared
/// before the numbers are read, and the value is changed only when all of it was read.
template <class Value>
void load(Value& value, const std::filesystem::path& path, const LoadOptions& options = {}) {
  detail::TensorReader reader(path, options);
  const FileDescription description = detail::read_description(reader.file(), reader.metadata());
  if (description.format_version == 0)
    detail::raise<format_error>(reader.file(), "__metadata__", 8u,
                                "the file was not written by unroll; a state_dict of PyTorch is read by load_pytorch");
  detail::require_layers(reader.file(), description, detail::layers_of(value));
  detail::require_training(reader.file(), description, detail::training_of(value));
  reader.load(value, [&](Value& loaded) {
    for_each_tensor([&](const std::string& name, auto&& part) { reader.take(name, part); }, loaded);
  });
}

/// Refused: a const value.
template <class Value>
void load(const Value&, const std::filesystem::path&, const LoadOptions& = {}) = delete;  // const: load changes it

}  // namespace unroll::inline UNROLL_TARGET
