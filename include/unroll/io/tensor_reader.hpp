#pragma once

#include "unroll/io/safetensors.hpp"

namespace unroll::detail {

/// Takes a file's tensors one by one into values that wait for them, and refuses what nobody took.
class TensorReader {
 public:
  TensorReader(const std::filesystem::path& path, const LoadOptions& options)
      : file_(path.string()), options_(options), content_(read_safetensors(path)) {}

  const Metadata& metadata() const { return content_.metadata; }
  const std::string& file() const { return file_; }

  /// Throws format_error where the tensor is missing, of another shape or of another type.
  template <class Value>
  void take(const std::string& name, Value&& value) {
    const auto found = content_.tensors.find(name);
    if (found == content_.tensors.end())
      throw format_error(file_, name, 8, "is missing, expected the shape " + shape_text(store(value).shape));
    try {
      restore(found->second, value, options_);
    } catch (const std::invalid_argument& error) {
      throw format_error(file_, name, found->second.offset, error.what());
    }
    taken_.insert(name);
  }

  /// Throws format_error where the file holds more than was taken.
  void require_all_taken() const {
    for (const auto& [name, tensor] : content_.tensors)
      if (taken_.count(name) == 0)
        throw format_error(file_, name, tensor.offset,
                           "is surplus, its shape is " + shape_text(tensor.shape) + ", expected no such tensor");
  }

 private:
  std::string file_;
  LoadOptions options_;
  TensorFile content_;
  std::set<std::string> taken_;
};

}  // namespace unroll::detail
