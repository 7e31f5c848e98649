#pragma once

#include <cstring>
#include <fstream>
#include <istream>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "unroll/io/format_error.hpp"
#include "unroll/io/tensor_file.hpp"
#include "unroll/io/write_file.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

inline constexpr std::uint64_t max_header = 100'000'000;  // as in the safetensors library

/// Empties JSON, the leaves first.
inline void clear(nlohmann::json& json) noexcept {
  for (nlohmann::json& value : json)
    if (value.is_structured()) clear(value);
  json.clear();
}

/// JSON whose destructor needs no memory. The destructor of nlohmann/json allocates unless the JSON is empty, and ends
/// the program if that fails. So we also build JSON entry by entry from objects that exist, because lists in braces
/// make temporary JSON.
struct Json {
  nlohmann::json value;

  ~Json() { clear(value); }
};

/// Parses JSON more strictly than nlohmann/json: no key is there twice, no text is nested deeper than ours. Throws
/// format_error; `offset` is the text's place in the file.
inline nlohmann::json parse_json(std::string_view text, const std::string& file, std::uint64_t offset) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, const nlohmann::json& value) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(value.get_ref<const std::string&>()).second)
      raise<format_error>(file, value.get<std::string>(), offset, "the name is there twice");
    if (depth > 4) raise<format_error>(file, "", offset, "the JSON is nested too deep");
    return true;
  };
  try {
    return nlohmann::json::parse(text.begin(), text.end(), watch);
  } catch (const nlohmann::json::parse_error& error) {
    raise<format_error>(file, "", offset + (error.byte > 0 ? error.byte - 1 : 0), error.what());
  } catch (const nlohmann::json::exception& error) {  // a number that no double holds
    raise<format_error>(file, "", offset, error.what());
  }
}

/// Reads a header: the tensors without their bytes, whose number is `size`.
class HeaderReader {
 public:
  HeaderReader(const std::string& file, std::string_view header, std::uint64_t size)
      : file_(file), data_(8 + header.size()), size_(size) {
    if (header.empty() || header.front() != '{' || header[header.find_last_not_of(' ')] != '}')
      raise<format_error>(file_, "", 8u, "the header is no JSON object padded with spaces");
    const Json json{parse_json(header, file_, 8)};
    for (const auto& [name, value] : json.value.items()) {
      if (name == "__metadata__")
        read_metadata(value);
      else
        result.tensors[name] = read_tensor(name, value);
    }
    require_whole();
    take_checksum();
  }

  TensorFile result;

 private:
  void read_metadata(const nlohmann::json& json) {
    if (!json.is_object()) fail("__metadata__", 8, "not an object of strings");
    for (const auto& [key, value] : json.items()) {
      if (!value.is_string()) fail("__metadata__", 8, "the value of '" + key + "' is not a string");
      result.metadata[key] = value.get<std::string>();
    }
  }

  StoredTensor read_tensor(const std::string& name, const nlohmann::json& json) {
    const auto expect = [&](bool good, const std::string& what) {
      if (!good) fail(name, 8, what);
    };
    const auto integers = [&](const char* key) {
      const bool there = json.contains(key) && json[key].is_array();
      expect(there, std::string("has no array ") + key);
      for (const auto& value : json[key])
        expect(value.is_number_unsigned(), text(key, " holds ", value.dump(), ", expected whole numbers from 0 on"));
      return json[key].get<std::vector<std::uint64_t>>();
    };
    expect(json.is_object() && json.size() == 3 && json.contains("dtype") && json["dtype"].is_string(),
           "expected an object of dtype, shape and data_offsets");
    StoredTensor tensor{json["dtype"].get<std::string>(), integers("shape"), {}, 0};
    const auto offsets = integers("data_offsets");
    expect(dtype_size(tensor.dtype) > 0, "the dtype " + tensor.dtype + " is not known");
    const auto bytes = byte_count(tensor.dtype, tensor.shape);
    expect(bytes.has_value(), "the shape " + shape_text(tensor.shape) + " is too large");
    expect(offsets.size() == 2 && offsets[0] <= offsets[1],
           "data_offsets are " + shape_text(offsets) + ", expected a begin and an end");
    tensor.offset = data_ + offsets[0];
    if (offsets[1] > size_)
      fail(name, tensor.offset, text("ends at byte ", offsets[1], " of the numbers, the file has ", size_));
    if (offsets[1] - offsets[0] != *bytes)
      fail(name, tensor.offset,
           text("has ", offsets[1] - offsets[0], " bytes, expected ", *bytes, " for ", tensor.dtype, " ",
                shape_text(tensor.shape)));
    places_.push_back({offsets[0], offsets[1], name});
    return tensor;
  }

  /// No overlap, no hole, nothing after the last tensor.
  void require_whole() {
    std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
      return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    std::uint64_t end = 0;
    for (const Place& place : places_) {
      if (place.begin != end)
        fail(place.name, data_ + place.begin,
             text(place.begin < end ? "overlaps the tensor before it" : "leaves a hole after the tensor before it",
                  ": begins at ", place.begin, " of the numbers, expected ", end));
      end = place.end;
    }
    if (end != size_) fail("", data_ + end, text(size_ - end, " bytes belong to no tensor"));
  }

  /// A header without a checksum is taken as it is.
  void take_checksum() {
    const auto expected = result.metadata.find(header_checksum_key);
    if (expected == result.metadata.end()) return;
    if (const std::string found = header_checksum_text(result); found != expected->second)
      fail("", 8,
           text("the texts and names have the checksum ", found, ", expected ", expected->second,
                ": they are damaged (or were changed by a program that kept ", header_checksum_key, ")"));
    result.metadata.erase(expected);
  }

  [[noreturn]] void fail(const std::string& tensor, std::uint64_t offset, const std::string& what) const {
    raise<format_error>(file_, tensor, offset, what);
  }

  struct Place {
    std::uint64_t begin, end;
    std::string name;
  };

  const std::string& file_;
  std::uint64_t data_;  // where the numbers begin
  std::uint64_t size_;  // how many bytes of them there are
  std::vector<Place> places_;
};

/// Reads the header and leaves the stream where the numbers begin. Compares each length with the file's size before it
/// allocates.
inline TensorFile read_header(std::istream& in, const std::string& file) {
  in.seekg(0, std::ios::end);
  const std::streamoff end = in.tellg();
  in.seekg(0);
  if (!in || end < 0) raise<format_error>(file, "", 0u, "cannot be read");
  const auto size = static_cast<std::uint64_t>(end);
  if (size < 8) raise<format_error>(file, "", 0u, text("has ", size, " bytes, expected a header's length of 8 bytes"));
  char bytes[8];
  std::uint64_t length = 0;
  if (!in.read(bytes, 8)) raise<format_error>(file, "", 0u, "cannot be read");
  if (std::string_view(bytes, 4) == "PK\3\4")
    raise<format_error>(file, "", 0u,
                        "is a zip archive, as torch.save writes; expected one of safetensors.torch.save_file");
  std::memcpy(&length, bytes, 8);
  if (length > size - 8)
    raise<format_error>(file, "", 0u,
                        text("the header's length is ", length, ", the file has ", size - 8, " after it"));
  if (length > max_header)
    raise<format_error>(file, "", 0u, text("the header's length is ", length, ", expected at most ", max_header));
  const auto count = static_cast<std::streamsize>(length);
  std::string header(static_cast<std::size_t>(count), ' ');
  if (!in.read(header.data(), count)) raise<format_error>(file, "", 8u, "cannot be read");
  return std::move(HeaderReader(file, header, size - 8 - length).result);
}

inline std::ifstream open_file(const std::filesystem::path& path) {
  if (std::filesystem::exists(path) && !std::filesystem::is_regular_file(path))
    throw_errno(EINVAL, path_text(path) + ": not a regular file");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw_errno(errno, path_text(path) + ": cannot be opened");
  return in;
}

/// Reads the bytes of a header's tensors, and takes the checksum, if there is one, out of the metadata. Throws
/// format_error if the bytes have another checksum.
inline void read_numbers(std::istream& in, const std::string& file, TensorFile& header) {
  for (auto& [name, tensor] : header.tensors) {
    const auto count = static_cast<std::streamsize>(*byte_count(tensor.dtype, tensor.shape));
    tensor.bytes.resize(static_cast<std::size_t>(count));
    in.seekg(static_cast<std::streamoff>(tensor.offset));
    if (!in.read(tensor.bytes.data(), count)) raise<format_error>(file, name, tensor.offset, "cannot be read");
  }
  const auto expected = header.metadata.find(checksum_key);
  if (expected == header.metadata.end()) return;
  if (const std::string found = checksum_text(header.tensors); found != expected->second)
    raise<format_error>(file, "", 8u,
                        text("the numbers have the checksum ", found, ", expected ", expected->second,
                             ": they are damaged (or were changed by a program that kept ", checksum_key, ")"));
  header.metadata.erase(expected);
}

}  // namespace detail

/// Reads a safetensors file strictly: without duplicates, overlaps, holes and unknown entries, and with the checksums
/// that write_safetensors left. Throws format_error; `file` is its name in the messages.
inline TensorFile read_safetensors(std::istream& in, const std::string& file = "stream") {
  TensorFile result = detail::read_header(in, file);
  detail::read_numbers(in, file, result);
  return result;
}

/// The same for the file at `path`. Throws std::system_error too, if it cannot be opened.
inline TensorFile read_safetensors(const std::filesystem::path& path) {
  std::ifstream in = detail::open_file(path);
  return read_safetensors(in, detail::path_text(path));
}

/// Writes a safetensors file atomically (see write_file). Larger dtypes come first and the header is padded, so that
/// every number is aligned. The metadata get a checksum of the numbers, and one of the texts and names. Throws
/// std::invalid_argument for a tensor whose bytes do not fit its shape or a name that is not UTF-8, std::system_error
/// where the file cannot be written; the old file stays.
inline void write_safetensors(const TensorFile& file, const std::filesystem::path& path) {
  detail::Json json{nlohmann::json::object()};
  nlohmann::json& header = json.value;
  header["__metadata__"] = file.metadata;
  header["__metadata__"][detail::checksum_key] = detail::checksum_text(file.tensors);
  header["__metadata__"][detail::header_checksum_key] = detail::header_checksum_text(file);
  std::vector<std::string_view> parts(2);
  std::uint64_t end = 0;
  for (const auto& [name, tensor] : file.tensors)
    detail::require(detail::dtype_size(tensor.dtype) > 0, "tensor '", name, "': the dtype ", tensor.dtype,
                    " is not known");
  for (const std::uint64_t size : {8u, 4u, 2u, 1u}) {
    for (const auto& [name, tensor] : file.tensors) {
      if (detail::dtype_size(tensor.dtype) != size) continue;
      const auto bytes = detail::byte_count(tensor.dtype, tensor.shape);
      detail::require(bytes == tensor.bytes.size(), "tensor '", name, "' has ", tensor.bytes.size(),
                      " bytes, expected those of ", tensor.dtype, " ", detail::shape_text(tensor.shape));
      detail::require(name != "__metadata__", "a tensor cannot be called __metadata__");
      nlohmann::json& entry = header[name] = nlohmann::json::object();
      entry["dtype"] = tensor.dtype;
      entry["shape"] = tensor.shape;
      entry["data_offsets"] = std::vector{end, end + *bytes};
      end += *bytes;
      parts.push_back(tensor.bytes);
    }
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::type_error& error) {
    detail::raise<std::invalid_argument>(detail::path_text(path) +
                                         ": a name or a metadata text is no UTF-8: " + error.what());
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  detail::require(text.size() <= detail::max_header, detail::path_text(path), ": the header has ", text.size(),
                  " bytes, expected at most ", detail::max_header);
  const std::uint64_t length = text.size();
  parts[0] = {reinterpret_cast<const char*>(&length), sizeof(length)};
  parts[1] = text;
  write_file(path, parts);
}

}  // namespace unroll::inline UNROLL_TARGET
