#pragma once

#include <algorithm>
#include <charconv>

#include "unroll/core/parse_number.hpp"
#include "unroll/io/description.hpp"

/// Compares what a file says about itself with what a value says, before any number is read.
namespace unroll::inline UNROLL_TARGET::detail {

/// Files without a checksum are old: their numbers have six decimals, and the comma of their writer's locale.
inline void read_old_number(std::string& found, const std::string& expected) {
  const auto number = parse_number(expected);
  if (!number) return;
  char digits[400];
  const std::string old(digits,
                        std::to_chars(digits, digits + sizeof(digits), *number, std::chars_format::fixed, 6).ptr);
  if (found.size() == old.size() &&
      std::equal(found.begin(), found.end(), old.begin(), [](char a, char b) { return (a == ',' ? '.' : a) == b; }))
    found = expected;
}

/// Whether the layers are those of a TrainingState, or of another value that calls its model "model".
inline bool of_a_run(const std::vector<LayerDescription>& layers) {
  return !layers.empty() && (layers[0].name == "model" || layers[0].name.starts_with("model."));
}

/// Throws format_error unless the file's layers are these.
inline void require_layers(const std::string& file, FileDescription found,
                           const std::vector<LayerDescription>& expected) {
  const auto said = [](const std::vector<LayerDescription>& layers, std::size_t k) {
    return k < layers.size() ? "'" + layers[k].name + "' " + layers[k].text() : "none";
  };
  for (std::size_t k = 0; k < (std::max)(found.layers.size(), expected.size()); ++k) {
    const bool both = k < found.layers.size() && k < expected.size();
    if (both && found.checksum.empty())
      for (auto& [name, value] : found.layers[k].properties)
        if (const auto other = expected[k].properties.find(name); other != expected[k].properties.end())
          read_old_number(value, other->second);
    if (both && found.layers[k] == expected[k]) continue;
    const char* why = of_a_run(found.layers) && !of_a_run(expected)
                          ? ": the file holds the state of a run; load it into a TrainingState, whose `model` it is"
                          : "";
    raise<format_error>(file, "__metadata__", 8u,
                        text("the layer is ", said(found.layers, k), "; expected ", said(expected, k), why));
  }
}

/// Throws format_error where the file holds an optimizer or a plateau of another kind, or with another option.
inline void require_training(const std::string& file, const FileDescription& found,
                             const std::vector<LayerDescription>& expected) {
  const auto fail = [&](const auto&... parts) { raise<format_error>(file, "__metadata__", 8u, text(parts...)); };
  for (const LayerDescription& part : expected)
    for (const LayerDescription& other : found.training) {
      if (part.name != other.name) continue;
      if (part.kind != other.kind) fail("the ", part.name, " is ", other.kind, ", expected ", part.kind);
      for (const auto& [option, value] : part.properties) {
        const auto given = other.properties.find(option);
        if (given == other.properties.end()) fail(part.kind, "'s ", option, " is missing, expected ", value);
        if (given->second != value) fail(part.kind, "'s ", option, " is ", given->second, ", expected ", value);
      }
      for (const auto& [option, value] : other.properties)
        if (!part.properties.contains(option)) fail(part.kind, "'s ", option, " is ", value, ", expected none");
    }
}

}  // namespace unroll::inline UNROLL_TARGET::detail
