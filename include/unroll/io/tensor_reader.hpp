#pragma once

#include "unroll/io/safetensors.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// Reads a file's tensors one by one into values, and refuses the file if one was not asked for.
class TensorReader {
 public:
  TensorReader(const std::filesystem::path& path, const LoadOptions& options)
      : file_(path_text(path)), options_(options), in_(open_file(path)), content_(read_header(in_, file_)) {}

  const Metadata& metadata() const { return content_.metadata; }
  const std::string& file() const { return file_; }

  /// Loads the whole file: `take_all(loaded)` calls `take` for every tensor of `loaded`. It is called twice; the first
  /// time it compares by the header alone. Before the value is changed, all of it is read, and `require_valid() const`
  /// of the value or of its parts is asked. Throws format_error.
  template <class Value, class TakeAll>
  void load(Value& value, TakeAll take_all) {
    Value loaded = value;
    take_all(loaded);
    require_all_taken();
    read_numbers(in_, file_, content_);
    read_ = true;
    take_all(loaded);
    try {
      require_valid(loaded);
    } catch (const std::invalid_argument& error) {
      raise<format_error>(file_, "", 8u, error.what());
    }
    value = std::move(loaded);
  }

  /// Throws format_error where the tensor is missing, of another shape or of another type.
  template <class Value>
  void take(const std::string& name, Value&& value) {
    const auto found = content_.tensors.find(name);
    if (found == content_.tensors.end())
      raise<format_error>(
          file_, name, 8u,
          text("is missing, expected the shape ", shape_text(store(value).shape), "; there are ", names_in_file()));
    try {
      require_fits(found->second, value, options_);
      if (read_) restore(found->second, value, options_);
    } catch (const std::invalid_argument& error) {
      raise<format_error>(file_, name, found->second.offset, error.what());
    }
    taken_.insert(name);
  }

  /// All tensors whose names are `name`, a point and more; there may be none.
  void take(const std::string& name, NamedVectors& columns) {
    columns.clear();
    for (const auto& [full, tensor] : content_.tensors)
      if (full.starts_with(name + ".")) take(full, columns[full.substr(name.size() + 1)]);
  }

 private:
  template <class Value>
  static void require_valid(const Value& value) {
    if constexpr (requires { value.require_valid(); })
      value.require_valid();
    else if constexpr (requires { value.each_part([](const char*, const auto&) {}); })
      value.each_part([](const char*, const auto& part) { part.require_valid(); });
  }

  /// For a message: not all of a large file.
  std::string names_in_file() const {
    std::string names;
    std::size_t count = 0;
    for (const auto& [name, tensor] : content_.tensors) {
      if (++count > 20) return names + text(" and ", content_.tensors.size() - 20, " more");
      names += (count > 1 ? ", " : "") + name;
    }
    return count > 0 ? names : "none";
  }

  void require_all_taken() const {
    for (const auto& [name, tensor] : content_.tensors)
      if (!taken_.contains(name))
        raise<format_error>(file_, name, tensor.offset,
                            "is surplus, its shape is " + shape_text(tensor.shape) + ", expected no such tensor");
  }

  std::string file_;
  LoadOptions options_;
  std::ifstream in_;
  TensorFile content_;
  bool read_ = false;
  std::set<std::string> taken_;
};

}  // namespace unroll::inline UNROLL_TARGET::detail
