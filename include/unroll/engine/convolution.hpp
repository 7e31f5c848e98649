#pragma once

#include "unroll/engine/convolution_tape.hpp"

/// Convolutions over time: windows of K columns of x, one for each column of y, times the weights.
namespace unroll::inline UNROLL_TARGET {

namespace detail {

/// `count` windows of K columns. One begins at each column of the data, which has `rows` rows, and `batch` columns a
/// step. Each group sees its own rows of a window; these are the windows of the first group.
template <class Scalar>
Columns<Scalar> windows(const ConvolutionShape& shape, const Scalar* data, Index rows, Index count, Index batch) {
  return {data, count, rows, 1, {rows / shape.groups, shape.kernel_size, shape.dilation * batch * rows}};
}

/// Windows whose columns were copied one below the other.
template <class Scalar>
Columns<Scalar> copied_windows(Columns<Scalar> windows, const Matrix<Scalar>& to) {
  windows.data = to.data();
  windows.stride = to.rows();
  windows.stretches.stride = to.rows() / windows.stretches.count;
  return windows;
}

/// Copies windows; zeros where sees(window, k) is false.
template <class Scalar, class Sees>
void copy_windows(const Columns<Scalar>& windows, Sees sees, Matrix<Scalar>& to) {
  const Index rows = windows.stride;
  resize_to_zeros(to, rows * windows.stretches.count, windows.count);
  for (Index j = 0; j < windows.count; ++j)
    for (Index k = 0; k < windows.stretches.count; ++k)
      if (sees(j, k)) std::copy_n(windows.data + j * rows + k * windows.stretches.stride, rows, &to(k * rows, j));
}

/// What each column of y sees of x.
template <class Scalar>
Columns<Scalar> windows_of_x(const ConvolutionTape<Scalar>& tape) {
  const auto all = windows(tape.shape, tape.x.data(), tape.x.rows(), tape.columns(), tape.batch.size);
  return tape.batch.resets.empty() ? all : copied_windows(all, tape.seen);
}

/// The numbers of all groups, `units` of each, as the sums of a product.
template <class Scalar>
Sums<Scalar> group_sums(Scalar* data, Index units, Index column_stride) {
  return {data, lanes<std::remove_const_t<Scalar>>(), units, column_stride, units};
}

/// to(:, j) = from + sum over k of W_k times column k of window j; each group uses its own rows.
template <class Scalar>
void convolve(const PackedMatrix<Scalar>& packed, Index groups, Columns<Scalar> windows, const Sums<const Scalar>& from,
              const Sums<Scalar>& to) {
  for (int group = 0; group < groups; ++group, windows.data += windows.stretches.length)
    multiply<1, Scalar>(from_group(group, packed.panels()), windows, from_group(group, from), from_group(group, to),
                        nothing_more);
}

/// The same for a whole pass: the threads of the pass's pool share the columns. packed(member) gives the weights.
template <class Scalar, class Packed>
void convolve(Packed packed, Columns<Scalar> windows, const Sums<const Scalar>& from, Matrix<Scalar>& to,
              const ConvolutionTape<Scalar>& tape) {
  const Index groups = tape.shape.groups, units = to.rows() / groups;
  const Index depth = windows.stretches.count * windows.stretches.length;
  const Index members = team_size(tape.options.pool, windows.count, to.size() * depth);
  run_team(tape.options.pool, members, [&](const Member& member) {
    const PackedMatrix<Scalar>& weights = packed(member);
    const Range mine = member.part(windows.count);
    for_each_part(mine.count, 24, [&](Range columns) {  // they stay in the cache for all groups
      Columns<Scalar> part = windows;
      part.data += (mine.first + columns.first) * windows.stride;
      part.count = columns.count;
      convolve(weights, groups, part, from, group_sums(&to(0, mine.first + columns.first), units, to.rows()));
    });
  });
}

/// The `packed` of `convolve` that packs weights on the tape, each thread its part.
template <class Scalar>
auto packing(const Matrix<Scalar>& weight, ConvolutionTape<Scalar>& tape) {
  return [&](const Member& member) -> const PackedMatrix<Scalar>& {
    tape.packed.pack(weight, weight.rows() / tape.shape.groups, {0, tape.shape.groups}, member);
    member.wait();
    return tape.packed;
  };
}

/// Computes y from x. packed(member), which gives the weights, is called when the tape has the shape.
template <class Scalar, class Packed>
Output<Scalar> convolve_forward(const ConvolutionShape& shape, Packed packed, const Vector<Scalar>& bias,
                                const Input<Scalar>& x, ConvolutionTape<Scalar>& tape, const Batch& batch,
                                const typename ConvolutionTape<Scalar>::State& initial, const ForwardOptions& options) {
  tape.recorded = false;
  tape.batch = batch;
  tape.options = options;
  tape.shape = shape;
  tape.steps = batch.steps(x.cols());
  resize_to_zeros(tape.x, x.rows(), tape.before() + x.cols());
  if (initial.values[0].size() != 0)
    tape.for_each_initial(initial, [&](Index j, const auto& past) { tape.x.col(j) = past; });
  for (Index j = 0; j < x.cols(); ++j)
    if (tape.active(j)) tape.x.col(tape.before() + j) = x.col(j);
  tape.begin_at_resets();
  if (!batch.resets.empty()) {
    const auto sees = [&](Index j, Index k) { return j / batch.size + k * shape.dilation >= tape.first[j]; };
    copy_windows(windows(shape, tape.x.data(), x.rows(), x.cols(), batch.size), sees, tape.seen);
  }
  resize(tape.y, shape.outputs, x.cols());  // x may be the outputs of the pass before; it has been read
  convolve(packed, windows_of_x(tape), group_sums(bias.data(), shape.group_outputs(), 0), tape.y, tape);
  for (Index j = 0; j < tape.columns(); ++j)
    if (!tape.active(j)) tape.y.col(j).setZero();
  resize_to_zeros(tape.final_state.values[0], shape.past() * shape.inputs, batch.size);
  tape.for_each_final(tape.final_state, [&](Index j, auto&& past) { past = tape.x.col(j); });
  tape.recorded = true;
  return tape.output();
}

/// Adds dL/dW_k = sum over j of dL/dy(:, j) (column k of window j)^T.
template <class Scalar, class Layer>
void add_weight_gradient(ConvolutionTape<Scalar>& tape, Layer& gradient) {
  const ConvolutionShape& shape = tape.shape;
  const Index units = shape.group_outputs();
  const Columns<Scalar> windows = windows_of_x(tape);
  BlockedMatrix<Scalar>& d = tape.d_group;
  d.resize(1, units, tape.columns(), 1);
  const Index members = team_size(tape.options.pool, d.panels(), gradient.weight.size() * tape.columns());
  const auto add = [&](Index group, Range chunk, Matrix<Scalar>& sum, const Member& member) {
    d.set_columns(chunk, &tape.d_y(group * units, tape.before()), tape.d_y.rows(), member, [](Index) { return true; });
    for (Index k = 0; k < shape.kernel_size; ++k) {
      const Index rows = windows.stretches.length;
      const Eigen::Map<const Matrix<Scalar>, 0, Eigen::OuterStride<>> x(
          windows.data + group * rows + k * windows.stretches.stride, rows, tape.columns(),
          Eigen::OuterStride<>(windows.stride));
      add_outer_products<1>(d, chunk, {0, 1}, 0, x, tape.packed_x, sum.block(group * units, k * rows, units, rows),
                            member);
    }
  };
  for_each_sum({0, tape.columns()}, gradient, [&](Layer& sum, Range part) {
    run_team(tape.options.pool, members, [&](const Member& member) {
      for_each_chunk(part, [&](Range chunk) {
        for (Index group = 0; group < shape.groups; ++group) add(group, chunk, sum.weight, member);
      });
    });
  });
}

/// The weights for dL/dx, which is a convolution of dL/dy: W_k^T, the last one first.
template <class Scalar>
void transpose_weights(const ConvolutionShape& shape, const Matrix<Scalar>& weight, Matrix<Scalar>& to) {
  const Index rows = shape.group_inputs(), units = shape.group_outputs(), taps = shape.kernel_size;
  resize(to, shape.inputs, taps * units);
  for (Index group = 0; group < shape.groups; ++group)
    for (Index k = 0; k < taps; ++k)
      to.block(group * rows, (taps - 1 - k) * units, rows, units) =
          weight.block(group * units, k * rows, units, rows).transpose();
}

template <class Scalar, class Layer>
Output<Scalar> convolve_backward(const Matrix<Scalar>& weight, const Input<Scalar>& d_y, ConvolutionTape<Scalar>& tape,
                                 Layer& gradient, const Truncation& truncation,
                                 const typename ConvolutionTape<Scalar>::State& d_final) {
  const ConvolutionShape& shape = tape.shape;
  const Index before = tape.before(), size = tape.batch.size;
  tape.recorded = false;
  resize_to_zeros(tape.d_y, shape.outputs, before + tape.columns() + before);
  resize_to_zeros(tape.d_bias, shape.outputs);
  for (Index j = 0; j < tape.columns(); ++j) {
    if (!tape.active(j)) continue;
    tape.d_y.col(before + j) = d_y.col(j);
    tape.d_bias += d_y.col(j).template cast<double>();
  }
  add_weight_gradient(tape, gradient);
  add_rounded(tape.d_bias, gradient.bias);

  transpose_weights(shape, weight, tape.transposed);
  tape.truncate(truncation);
  auto errors = windows(shape, tape.d_y.data(), shape.outputs, before + tape.columns(), size);
  if (tape.first.size() != 0) {
    const auto sees = [&](Index column, Index k) {  // whether column j of y sees this column of x
      const Index j = column + k * shape.dilation * size - before;
      return j >= 0 && j < tape.columns() && column / size >= tape.first[j];
    };
    copy_windows(errors, sees, tape.d_seen);
    errors = copied_windows(errors, tape.d_seen);
  }
  tape.d_columns = 0;
  resize(tape.d_x, shape.inputs, errors.count);  // d_y may be d_x of the pass before; it has been read
  convolve(packing(tape.transposed, tape), errors, no_sums<Scalar>(), tape.d_x, tape);
  if (d_final.values[0].size() != 0)
    tape.for_each_final(d_final, [&](Index j, const auto& d_past) { tape.d_x.col(j) += d_past; });
  resize(tape.d_initial.values[0], shape.past() * shape.inputs, size);
  tape.for_each_initial(tape.d_initial, [&](Index j, auto&& d_past) { d_past = tape.d_x.col(j); });
  tape.d_columns = tape.columns();
  return tape.d_input();
}

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
