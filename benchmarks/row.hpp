#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// What is measured: "lstm,train,64,128,100,32" is cell, kind, I, H, T, B; a seventh field is the number of layers.
struct Row {
  std::string cell;
  std::string kind;
  std::int64_t input = 0;
  std::int64_t hidden = 0;
  std::int64_t steps = 0;
  std::int64_t batch = 0;
  std::int64_t layers = 1;

  std::size_t columns() const { return static_cast<std::size_t>(steps * batch); }
};

/// Throws std::invalid_argument unless the text has six or seven fields, a known cell and sizes of at least 1.
inline Row parse_row(const std::string& text) {
  const std::string message = "'" + text + "', expected \"cell,kind,I,H,T,B[,layers]\" with cell rnn, lstm or gru";
  std::vector<std::string> fields;
  std::istringstream in(text);
  for (std::string field; std::getline(in, field, ',');) fields.push_back(field);
  if (fields.size() == 6) fields.emplace_back("1");
  if (fields.size() != 7) throw std::invalid_argument(message);
  Row row{fields[0], fields[1]};
  if (row.cell != "rnn" && row.cell != "lstm" && row.cell != "gru") throw std::invalid_argument(message);
  std::size_t next = 2;
  for (std::int64_t* size : {&row.input, &row.hidden, &row.steps, &row.batch, &row.layers}) {
    const std::string& digits = fields[next++];
    if (digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string::npos)
      throw std::invalid_argument(message);
    if ((*size = std::stoll(digits)) < 1) throw std::invalid_argument(message);
  }
  return row;
}

/// Adam moves the weights so little while it is timed that the network stays what it was; the check of a single step
/// takes a rate that float resolves.
inline constexpr double timed_learning_rate = 1e-6, checked_learning_rate = 1e-3, clip_norm = 1;

/// The numbers of one tensor, the same in every contestant (peers/row_data.py): a hash of the place, uniform in
/// [-bound, bound), so that all of them compute one function.
enum class Tensor : std::uint32_t { x = 1, weight_ih, weight_hh, bias_ih, bias_hh, d_y, dense_weight, dense_bias };
inline constexpr std::uint32_t tensor_count = 8;

inline std::vector<float> numbers(Tensor which, std::size_t count, float bound = 1, std::int64_t layer = 0) {
  const auto tensor = static_cast<std::uint32_t>(which) + tensor_count * static_cast<std::uint32_t>(layer);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t h = static_cast<std::uint32_t>(i) + 0x9e3779b9u * tensor;
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    h ^= h >> 16;
    values[i] = (static_cast<float>(h >> 8) * 0x1p-23f - 1) * bound;
  }
  return values;
}

/// PyTorch's gates: how many blocks of H rows its weights have.
inline std::size_t gate_count(const std::string& cell) { return cell == "rnn" ? 1 : cell == "lstm" ? 4 : 3; }

/// The parameters of one layer, in PyTorch's layout and gate order: weight_ih (gates H, inputs), weight_hh (gates H,
/// H), biases (gates H), weights C-contiguous. Each layer but the first is fed by the one before.
struct Weights {
  std::vector<float> weight_ih, weight_hh, bias_ih, bias_hh;

  explicit Weights(const Row& row, std::int64_t layer = 0) {
    const auto I = static_cast<std::size_t>(layer == 0 ? row.input : row.hidden);
    const auto H = static_cast<std::size_t>(row.hidden), rows = gate_count(row.cell) * H;
    const float bound = weight_bound(row);
    weight_ih = numbers(Tensor::weight_ih, rows * I, bound, layer);
    weight_hh = numbers(Tensor::weight_hh, rows * H, bound, layer);
    bias_ih = numbers(Tensor::bias_ih, rows, bound, layer);
    bias_hh = numbers(Tensor::bias_hh, rows, bound, layer);
  }

  static float weight_bound(const Row& row) {
    return static_cast<float>(1 / std::sqrt(static_cast<double>(row.hidden)));
  }
};

/// All numbers of a row of one layer: x (T, B, I), its weights, d_y (T, B, H).
struct Data : Weights {
  std::vector<float> x, d_y;

  explicit Data(const Row& row)
      : Weights(row),
        x(numbers(Tensor::x, row.columns() * static_cast<std::size_t>(row.input))),
        d_y(numbers(Tensor::d_y, row.columns() * static_cast<std::size_t>(row.hidden))) {}
};

}  // namespace bench
