#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "unroll/core/error.hpp"
#include "unroll/core/memory.hpp"
#include "unroll/core/parameters.hpp"
#include "unroll/core/random.hpp"
#include "unroll/core/types.hpp"

namespace unroll::inline UNROLL_TARGET {

static_assert(std::endian::native == std::endian::little, "unroll/io/ needs a little-endian processor: files are");
static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559,
              "unroll/io/ needs IEEE 754 numbers");

/// Numbers as a file holds them: row-major, little-endian, as in a C-contiguous array of NumPy or PyTorch.
struct StoredTensor {
  std::string dtype;                 ///< safetensors' name: F32, F64, I64, ...
  std::vector<std::uint64_t> shape;  ///< sizes, the slowest first; empty for one number
  std::string bytes;                 ///< the numbers
  std::uint64_t offset = 0;          ///< the place of the bytes in the file that they were read from
};

/// What `load` may do to numbers.
struct LoadOptions {
  bool round = false;  ///< round F64 to a float model, but no number beyond float's range; without it F64 is refused
};

namespace detail {

/// Bytes of one number; 0 for a dtype that is not known.
inline std::uint64_t dtype_size(const std::string& dtype) {
  struct Known {
    const char* name;
    std::uint64_t size;
  };
  static constexpr Known known[] = {{"F64", 8}, {"I64", 8}, {"U64", 8},  {"F32", 4},     {"I32", 4},
                                    {"U32", 4}, {"F16", 2}, {"BF16", 2}, {"I16", 2},     {"U16", 2},
                                    {"I8", 1},  {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
  for (const Known& type : known)
    if (dtype == type.name) return type.size;
  return 0;
}

/// Bytes of all numbers; none where the dtype is not known or they are more than memory has addresses for.
inline std::optional<std::uint64_t> byte_count(const std::string& dtype, const std::vector<std::uint64_t>& shape) {
  constexpr std::uint64_t most = (std::numeric_limits<std::ptrdiff_t>::max)();
  std::uint64_t bytes = dtype_size(dtype);
  if (bytes == 0) return std::nullopt;
  for (const std::uint64_t size : shape) {
    if (size != 0 && bytes > most / size) return std::nullopt;
    bytes *= size;
  }
  return bytes;
}

/// "[4, 3]"
inline std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string result = "[";
  for (const std::uint64_t size : shape) result.append(result.size() > 1 ? ", " : "").append(std::to_string(size));
  return result + "]";
}

inline void require_stored_shape(const StoredTensor& stored, const std::vector<std::uint64_t>& expected) {
  require(stored.shape == expected, "the shape is ", shape_text(stored.shape), ", expected ", shape_text(expected));
}

template <class Number>
inline constexpr bool is_word = std::is_unsigned_v<Number> && sizeof(Number) == 8;

/// Every number of type Number in the bytes, through `convert`.
template <class Number, class To, class Convert>
std::vector<To> decode(const std::string& bytes, Convert convert) {
  std::vector<To> result(bytes.size() / sizeof(Number));
  for (std::size_t i = 0; i < result.size(); ++i) {
    Number number;
    std::memcpy(&number, bytes.data() + i * sizeof(Number), sizeof(Number));
    result[i] = static_cast<To>(convert(number));
  }
  return result;
}

/// Throws std::invalid_argument for a dtype that To does not hold exactly.
template <class To>
void require_dtype(const std::string& dtype, const LoadOptions& options) {
  if constexpr (std::is_floating_point_v<To>) {
    constexpr bool wide = sizeof(To) >= sizeof(double);
    require(dtype == "F32" || dtype == "F16" || dtype == "BF16" || (dtype == "F64" && (wide || options.round)),
            "the dtype is ", dtype, ", expected F32, F16 or BF16",
            wide ? " or F64" : ", or F64 with LoadOptions::round");
  } else {
    constexpr const char* expected = is_word<To> ? "U64" : "I64";
    require(dtype == expected, "the dtype is ", dtype, ", expected ", expected);
  }
}

/// The numbers in memory order. Throws std::invalid_argument for a dtype or an integer that To does not hold exactly,
/// and for a number that no float is near to.
template <class To>
std::vector<To> numbers(const StoredTensor& stored, const LoadOptions& options = {}) {
  require_dtype<To>(stored.dtype, options);
  const auto same = [](auto number) { return number; };
  if constexpr (std::is_floating_point_v<To>) {
    if (stored.dtype == "F32") return decode<float, To>(stored.bytes, same);
    const auto in_range = [](double number) {
      require(std::abs(number) <= (std::numeric_limits<To>::max)() || !std::isfinite(number), "the number ", number,
              " is beyond the range of float");
      return number;
    };
    if (stored.dtype == "F64") return decode<double, To>(stored.bytes, in_range);
    const auto widen = [](auto half) { return static_cast<float>(half); };
    if (stored.dtype == "F16") return decode<Eigen::half, To>(stored.bytes, widen);
    return decode<Eigen::bfloat16, To>(stored.bytes, widen);
  } else if constexpr (is_word<To>) {
    return decode<std::uint64_t, To>(stored.bytes, same);
  } else {
    for (const std::int64_t number : decode<std::int64_t, std::int64_t>(stored.bytes, same))
      require(number == static_cast<std::int64_t>(static_cast<To>(number)) && (std::is_signed_v<To> || number >= 0),
              "the integer ", number, " does not fit its variable");
    return decode<std::int64_t, To>(stored.bytes, same);
  }
}

template <class Number>
constexpr const char* dtype_of() {
  if constexpr (std::is_same_v<Number, float>)
    return "F32";
  else if constexpr (std::is_same_v<Number, double>)
    return "F64";
  else if constexpr (is_word<Number>)
    return "U64";
  else
    return "I64";
}

/// Stores `count` numbers from `first` on; integers of other widths become I64.
template <class Number>
StoredTensor store_numbers(const Number* first, std::size_t count, std::vector<std::uint64_t> shape) {
  static_assert(std::is_same_v<Number, float> || std::is_same_v<Number, double> || std::is_integral_v<Number>,
                "a file holds float, double and integers");
  StoredTensor result{dtype_of<Number>(), std::move(shape), {}, 0};
  if constexpr (std::is_floating_point_v<Number> || is_word<Number>) {
    result.bytes.resize(count * sizeof(Number));
    if (count > 0) std::memcpy(result.bytes.data(), first, result.bytes.size());
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      const auto number = static_cast<std::int64_t>(first[i]);
      result.bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
    }
  }
  return result;
}

// For every kind of thing that a `visit` may show except NamedVectors: Eigen's matrices and vectors, numbers,
// generators, vectors of numbers and AnyShape:
//
//   store(value)
//   require_fits(stored, value, options)   looks at dtype and shape alone, the bytes need not be there
//   restore(stored, value, options)        takes what fits
//
// The last two throw std::invalid_argument that says what was found and what was expected.

/// A matrix is [rows, cols], a vector [size].
template <class Tensor>
std::vector<std::uint64_t> shape_of(const Eigen::PlainObjectBase<Tensor>& tensor) {
  const auto size = [](Index n) { return static_cast<std::uint64_t>(n); };
  if constexpr (Tensor::IsVectorAtCompileTime)
    return {size(tensor.size())};
  else
    return {size(tensor.rows()), size(tensor.cols())};
}

template <class Scalar>
using RowMajor = Eigen::Matrix<Scalar, Dynamic, Dynamic, Eigen::RowMajor>;

template <class Tensor>
StoredTensor store(const Eigen::PlainObjectBase<Tensor>& tensor) {
  const RowMajor<typename Tensor::Scalar> rows = tensor.matrix();
  return store_numbers(rows.data(), static_cast<std::size_t>(rows.size()), shape_of(tensor));
}

template <class Tensor>
void require_fits(const StoredTensor& stored, const Eigen::PlainObjectBase<Tensor>& tensor,
                  const LoadOptions& options) {
  require_stored_shape(stored, shape_of(tensor));
  require_dtype<typename Tensor::Scalar>(stored.dtype, options);
}

template <class Tensor>
void restore(const StoredTensor& stored, Eigen::PlainObjectBase<Tensor>& tensor, const LoadOptions& options) {
  const auto values = numbers<typename Tensor::Scalar>(stored, options);
  using Map = Eigen::Map<const RowMajor<typename Tensor::Scalar>>;
  tensor.matrix() = Map(values.data(), tensor.rows(), tensor.cols());
}

template <class Tensor>
StoredTensor store(const AnyShape<Tensor>& any) {
  return store(any.tensor);
}

template <class Tensor>
inline constexpr std::size_t rank = Tensor::IsVectorAtCompileTime ? 1 : 2;

/// Rows and columns of such a tensor.
template <class Tensor>
std::pair<Index, Index> sizes_in(const std::vector<std::uint64_t>& shape) {
  const Index first = static_cast<Index>(shape[0]), last = static_cast<Index>(shape.back());
  if (rank<Tensor> == 2) return {first, last};
  return Tensor::RowsAtCompileTime == 1 ? std::pair(Index(1), first) : std::pair(first, Index(1));
}

template <class Tensor>
void require_fits(const StoredTensor& stored, const AnyShape<Tensor>&, const LoadOptions& options) {
  require(stored.shape.size() == rank<Tensor>, "the shape is ", shape_text(stored.shape), ", expected ", rank<Tensor>,
          " sizes");
  for (const std::uint64_t size : stored.shape)
    require(size <= static_cast<std::uint64_t>((std::numeric_limits<Index>::max)()), "the shape is ",
            shape_text(stored.shape), ", which no matrix has");
  const auto fits = [](Index fixed, Index size) { return fixed == Dynamic || fixed == size; };
  const auto [rows, cols] = sizes_in<Tensor>(stored.shape);
  require(fits(Tensor::RowsAtCompileTime, rows) && fits(Tensor::ColsAtCompileTime, cols), "the shape is ",
          shape_text(stored.shape), ", which its matrix, of fixed size, cannot have");
  require_dtype<typename Tensor::Scalar>(stored.dtype, options);
}

template <class Tensor>
void restore(const StoredTensor& stored, const AnyShape<Tensor>& any, const LoadOptions& options) {
  const auto [rows, cols] = sizes_in<Tensor>(stored.shape);
  resize(any.tensor, rows, cols);
  restore(stored, any.tensor, options);
}

template <class Number>
  requires std::is_arithmetic_v<Number>
StoredTensor store(const Number& number) {
  return store_numbers(&number, 1, {});
}

template <class Number>
  requires std::is_arithmetic_v<Number>
void require_fits(const StoredTensor& stored, const Number&, const LoadOptions& options) {
  require_stored_shape(stored, {});
  require_dtype<Number>(stored.dtype, options);
}

template <class Number>
  requires std::is_arithmetic_v<Number>
void restore(const StoredTensor& stored, Number& number, const LoadOptions& options) {
  number = numbers<Number>(stored, options)[0];
}

template <class Number>
StoredTensor store(const std::vector<Number>& values) {
  return store_numbers(values.data(), values.size(), {values.size()});
}

template <class Number>
void require_fits(const StoredTensor& stored, const std::vector<Number>&, const LoadOptions& options) {
  require(stored.shape.size() == 1, "the shape is ", shape_text(stored.shape), ", expected one size");
  require_dtype<Number>(stored.dtype, options);
}

template <class Number>
void restore(const StoredTensor& stored, std::vector<Number>& values, const LoadOptions& options) {
  values = numbers<Number>(stored, options);
}

/// Vectors by name: a tensor each, as many as there are.
using NamedVectors = std::map<std::string, std::vector<double>>;

inline StoredTensor store(const Random& random) {
  return store_numbers(random.state().data(), random.state().size(), {random.state().size()});
}

inline void require_fits(const StoredTensor& stored, const Random&, const LoadOptions& options) {
  require_stored_shape(stored, {Random::State().size()});
  require_dtype<std::uint64_t>(stored.dtype, options);
}

inline void restore(const StoredTensor& stored, Random& random, const LoadOptions& options) {
  Random::State state{};
  const auto words = numbers<std::uint64_t>(stored, options);
  std::copy(words.begin(), words.end(), state.begin());
  random.restore(state);
}

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
