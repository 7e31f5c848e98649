#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "unroll/io/stored_tensor.hpp"
#include "unroll/layers/projected_lstm.hpp"
#include "unroll/layers/recurrent_layers.hpp"

/// A layer's weights as PyTorch has them, and back.
namespace unroll::inline UNROLL_TARGET::detail {

/// PyTorch's orders of gates, in the names of the cell: of the rows of weight_ih and bias_ih, and of weight_hh and
/// bias_hh. Where a gate has the same name in both, its two biases add up.
template <class Cell>
struct TorchGates {
  static_assert(gate_count<Cell> == 0, "PyTorch has nn.RNN, nn.LSTM and nn.GRU; this cell is none of them");
};
template <>
struct TorchGates<cells::Rnn> {
  static constexpr std::array input{"a"}, recurrent{"a"};
};
template <>
struct TorchGates<cells::ReluRnn> : TorchGates<cells::Rnn> {};
template <>
struct TorchGates<cells::Lstm> {
  static constexpr std::array input{"i", "f", "g", "o"}, recurrent{"i", "f", "g", "o"};
};
template <>
struct TorchGates<cells::Gru> {
  static constexpr std::array input{"r", "z", "n"}, recurrent{"r", "z", "hn"};
};

template <class Cell, int digits>
struct TorchGates<cells::Approximate<Cell, digits>> : TorchGates<Cell> {};

template <class Cell>
Index gate_index(std::string_view name) {
  const auto& names = Cell::gate_names;
  return std::find(names.begin(), names.end(), name) - names.begin();
}

/// One layer and direction as PyTorch has it: G x H rows each, G its own number of gates.
template <class Scalar>
struct TorchWeights {
  Matrix<Scalar> weight_ih, weight_hh;
  Vector<Scalar> bias_ih, bias_hh;
  Matrix<Scalar> weight_hr = {};  // O x H, of a projection alone
};

/// Calls copy(ours, PyTorch's) for every run of H rows that the two share.
template <class Cell, class Layer, class Torch, class Copy>
void pair_rows(Layer& layer, Torch& torch, Copy copy) {
  const Index H = layer.hidden_size();
  using Gates = TorchGates<Cell>;
  for (std::size_t j = 0; j < Gates::input.size(); ++j) {
    const Index in = gate_index<Cell>(Gates::input[j]), recurrent = gate_index<Cell>(Gates::recurrent[j]);
    const Index row = static_cast<Index>(j) * H;
    copy(layer.weight_ih.middleRows((in - input_gates<Cell>().first) * H, H), torch.weight_ih.middleRows(row, H));
    copy(layer.weight_hh.middleRows((recurrent - recurrent_gates<Cell>().first) * H, H),
         torch.weight_hh.middleRows(row, H));
    copy(layer.bias.segment(in * H, H), torch.bias_ih.segment(row, H));
    if (recurrent != in) copy(layer.bias.segment(recurrent * H, H), torch.bias_hh.segment(row, H));
  }
}

/// Where we have one bias, it becomes bias_ih, and bias_hh is zero.
template <class Layer, class Cell = typename Layer::Cell, class Scalar = typename Layer::Scalar>
TorchWeights<Scalar> gates_to_torch(const Layer& layer) {
  const Index rows = static_cast<Index>(TorchGates<Cell>::input.size()) * layer.hidden_size();
  TorchWeights<Scalar> torch{Matrix<Scalar>(rows, layer.input_size()), Matrix<Scalar>(rows, layer.output_size()),
                             Vector<Scalar>(rows), Vector<Scalar>::Zero(rows)};
  pair_rows<Cell>(layer, torch, [](const auto& ours, auto&& theirs) { theirs = ours; });
  return torch;
}
template <class Cell, class Scalar, int Inputs, int H>
TorchWeights<Scalar> to_torch(const Recurrent<Cell, Scalar, Inputs, H>& layer) {
  return gates_to_torch(layer);
}
template <class Scalar, int Inputs, int O>
TorchWeights<Scalar> to_torch(const ProjectedLstm<Scalar, Inputs, O>& layer) {
  TorchWeights<Scalar> torch = gates_to_torch(layer);
  torch.weight_hr = layer.weight_hr;
  return torch;
}

template <class Layer, class Cell = typename Layer::Cell, class Scalar = typename Layer::Scalar>
void gates_from_torch(TorchWeights<Scalar> torch, Layer& layer) {
  const Index size = layer.hidden_size();
  for (std::size_t j = 0; j < TorchGates<Cell>::input.size(); ++j) {
    const Index row = static_cast<Index>(j) * size;
    if (std::string_view(TorchGates<Cell>::input[j]) == TorchGates<Cell>::recurrent[j])
      torch.bias_ih.segment(row, size) += torch.bias_hh.segment(row, size);
  }
  pair_rows<Cell>(layer, torch, [](auto&& ours, const auto& theirs) { ours = theirs; });
}
template <class Cell, class Scalar, int Inputs, int H>
void from_torch(TorchWeights<Scalar> torch, Recurrent<Cell, Scalar, Inputs, H>& layer) {
  gates_from_torch(std::move(torch), layer);
}
template <class Scalar, int Inputs, int O>
void from_torch(TorchWeights<Scalar> torch, ProjectedLstm<Scalar, Inputs, O>& layer) {
  layer.weight_hr = torch.weight_hr;
  gates_from_torch(std::move(torch), layer);
}

/// nn.Conv1d's weight, O x (I / groups) x K.
template <class Scalar>
struct TorchKernel {
  Matrix<Scalar> values;  // the last two sizes as one
  Index kernel_size;

  std::vector<std::uint64_t> shape() const {
    const auto size = [](Index n) { return static_cast<std::uint64_t>(n); };
    return {size(values.rows()), size(values.cols() / kernel_size), size(kernel_size)};
  }
};
template <class Scalar>
StoredTensor store(const TorchKernel<Scalar>& kernel) {
  StoredTensor stored = store(kernel.values);
  stored.shape = kernel.shape();
  return stored;
}
template <class Scalar>
void require_fits(const StoredTensor& stored, const TorchKernel<Scalar>& kernel, const LoadOptions& options) {
  require_stored_shape(stored, kernel.shape());
  require_dtype<Scalar>(stored.dtype, options);
}
template <class Scalar>
void restore(const StoredTensor& stored, TorchKernel<Scalar>& kernel, const LoadOptions& options) {
  restore(stored, kernel.values, options);
}

}  // namespace unroll::inline UNROLL_TARGET::detail
