#pragma once

#include <charconv>
#include <map>
#include <string>

#include "unroll/io/checksum.hpp"
#include "unroll/io/stored_tensor.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Texts by name that a file holds beside its tensors.
using Metadata = std::map<std::string, std::string>;

/// What a safetensors file holds.
struct TensorFile {
  Metadata metadata;                            ///< of the writer; the checksums are not among them
  std::map<std::string, StoredTensor> tensors;  ///< by name
};

namespace detail {

inline constexpr const char* checksum_key = "unroll.crc64";  // in the metadata
inline constexpr const char* header_checksum_key = "unroll.header.crc64";

/// At most 16 hexadecimal digits.
inline std::string digits_of(const Checksum& checksum) {
  char digits[16];
  return {digits, std::to_chars(digits, digits + sizeof(digits), checksum.value(), 16).ptr};
}

/// The checksum of the bytes of all tensors, in the order of their names.
inline std::string checksum_text(const std::map<std::string, StoredTensor>& tensors) {
  Checksum checksum;
  for (const auto& [name, tensor] : tensors) checksum.add(tensor.bytes);
  return digits_of(checksum);
}

/// The checksum of the metadata without the two checksums, then of each tensor's name, dtype and shape. A zero byte
/// ends each text, so that none runs on into the next.
inline std::string header_checksum_text(const TensorFile& file) {
  Checksum checksum;
  const auto add = [&](const std::string& text) { checksum.add({text.c_str(), text.size() + 1}); };
  for (const auto& [key, value] : file.metadata) {
    if (key == checksum_key || key == header_checksum_key) continue;
    add(key);
    add(value);
  }
  for (const auto& [name, tensor] : file.tensors) {
    add(name);
    add(tensor.dtype);
    add(shape_text(tensor.shape));
  }
  return digits_of(checksum);
}

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
