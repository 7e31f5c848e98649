#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "unroll/core/error.hpp"
#include "unroll/core/target.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

/// The beginning of a text from a file, which may be long, for a message.
inline std::string shortened(const std::string& said, std::size_t size) {
  return said.size() <= size ? said : said.substr(0, size) + "...";
}

}  // namespace detail

/// A bad file. The message names the file, the byte and, where it is about one, the tensor.
class format_error : public std::runtime_error {
 public:
  /// `tensor` is empty where the error is about the file; `offset` is the byte. Long texts are cut.
  format_error(const std::string& file, std::string tensor, std::uint64_t offset, const std::string& what)
      : std::runtime_error(detail::text(file, ": ",
                                        tensor.empty() ? "" : "tensor '" + detail::shortened(tensor, 100) + "', ",
                                        "byte ", offset, ": ", detail::shortened(what, 400))),
        tensor_(std::move(tensor)),
        offset_(offset) {}

  /// The tensor it is about; empty where it is about the file.
  const std::string& tensor() const noexcept { return tensor_; }
  /// The place in the file: of the tensor's numbers where they are known, else in the header.
  std::uint64_t offset() const noexcept { return offset_; }

 private:
  std::string tensor_;
  std::uint64_t offset_;
};

}  // namespace unroll::inline UNROLL_TARGET
