#pragma once

#include <limits>

#include "unroll/engine/tape.hpp"
#include "unroll/product/over_columns.hpp"

namespace unroll::inline UNROLL_TARGET {

/// How a convolution reaches over time and over features.
struct Convolution {
  Index dilation = 1;  ///< steps from one column that an output sees to the next
  Index groups = 1;    ///< equal parts: the n-th part of the outputs sees only the n-th part of the inputs
};

namespace detail {

/// The sizes of a convolution.
struct ConvolutionShape {
  Index inputs, outputs, kernel_size, dilation, groups;

  friend bool operator==(const ConvolutionShape&, const ConvolutionShape&) = default;

  /// How many steps an output reaches back before its own.
  Index past() const { return (kernel_size - 1) * dilation; }
  /// The most samples for whose past an Index counts all numbers.
  Index most_samples() const { return (std::numeric_limits<Index>::max)() / inputs / dilation / kernel_size; }
  Index group_inputs() const { return inputs / groups; }
  Index group_outputs() const { return outputs / groups; }
  std::string text() const {
    return detail::text(inputs, " to ", outputs, ", kernel_size ", kernel_size, ", dilation ", dilation, ", groups ",
                        groups);
  }
  /// Throws unless a forward pass can take an x of this shape.
  template <class State>
  void require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    require(rows == inputs, "Conv1d::forward: x has ", rows, " rows, expected input_size ", inputs);
    batch.require_covers("Conv1d::forward", columns);
    require(batch.size <= most_samples(), "Conv1d::forward: batch size is ", batch.size, ", expected at most ",
            most_samples(), ": the states would be too many numbers");
    require_state("forward: the initial", initial, batch.size);
  }
  /// Whether a state is empty or has a column a sample.
  template <class State>
  bool fits(const State& state, Index batch) const {
    const auto& columns = state.values[0];
    return columns.size() == 0 || (columns.rows() == past() * inputs && columns.cols() == batch);
  }
  /// Throws unless a state, or its gradient, fits.
  template <class State>
  void require_state(const char* which, const State& state, Index batch) const {
    const auto& columns = state.values[0];
    require(fits(state, batch), "Conv1d::", which, " state past is ", columns.rows(), " x ", columns.cols(),
            ", expected ", past() * inputs, " x ", batch);
  }
};

/// The one state: a sample's last columns of x one below the other, the oldest first.
struct ConvolutionMemory {
  static constexpr std::array<const char*, 1> state_names{"past"};
};

}  // namespace detail

/// What one forward pass of a convolution leaves for its backward pass, and the buffers of both.
template <class Scalar>
struct ConvolutionTape {
  using State = RecurrentState<detail::ConvolutionMemory, Scalar>;

  Batch batch;                       ///< of the pass
  ForwardOptions options;            ///< of the pass
  Index steps = 0;                   ///< T
  bool recorded = false;             ///< whether there is a forward pass that no backward pass has consumed
  detail::ConvolutionShape shape{};  ///< of the layer
  Matrix<Scalar> x;                  ///< I x (past + T*B): the initial state, then x, with zeros past the ends
  Matrix<Scalar> y;                  ///< O x (T*B)
  Matrix<Scalar> d_y;                ///< O x (past + T*B + past): dL/dy between zeros
  Matrix<Scalar> d_x;                ///< I x (past + T*B): dL/d initial state, then dL/dx
  Index d_columns = 0;               ///< T*B of the backward pass
  /// The first step that each column of y sees; step 0 is the first of the initial state. Empty: all 0.
  Vector<Index> first;
  Matrix<Scalar> seen;                    ///< resets: what each column of y sees of x, K columns one below the other
  Matrix<Scalar> d_seen;                  ///< where `first` is not empty, the same of d_y for d_x
  Matrix<Scalar> transposed;              ///< the weights for d_x
  detail::PackedMatrix<Scalar> packed;    ///< the weights, for the way forward or back
  detail::BlockedMatrix<Scalar> d_group;  ///< a group's rows of dL/dy in panels
  Vector<Scalar> packed_x;                ///< some columns of x: see detail::across
  Vector<double> d_bias;                  ///< O, summed over the columns
  State final_state;                      ///< after each sequence's own end
  State d_initial;                        ///< dL/d initial state

  /// The outputs.
  Output<Scalar> output() const { return {y.data(), y.rows(), y.cols()}; }
  /// dL/dx.
  Output<Scalar> d_input() const { return {d_x.data() + d_x.size() - d_x.rows() * d_columns, d_x.rows(), d_columns}; }
  /// T*B
  Index columns() const { return steps * batch.size; }
  /// The columns of the initial state.
  Index before() const { return shape.past() * batch.size; }
  /// Whether a column is not past its sequence's end.
  bool active(Index column) const { return batch.active(column, columns()); }

  /// Lets no episode see what was before it.
  void begin_at_resets() {
    detail::resize(first, batch.resets.empty() ? 0 : columns());
    for (Index j = 0; j < first.size(); ++j) {
      const Index t = j / batch.size;
      first[j] = batch.reset(t, j % batch.size) ? shape.past() + t : t == 0 ? 0 : first[j - batch.size];
    }
  }
  /// Lets no error go back further than a truncation allows.
  void truncate(const Truncation& truncation) {
    const Index window = truncation.window, stride = truncation.stride == 0 ? window : truncation.stride;
    if (window == 0 || window >= steps) return;
    if (first.size() == 0) detail::resize_to_zeros(first, columns());
    for (Index j = 0; j < columns(); ++j) {
      const Index begin = j / batch.size / stride * stride + stride - window;
      if (begin > 0) first[j] = (std::max)(first[j], shape.past() + begin);
    }
  }

  /// f(column of `x`, its place in a state) for the steps of the initial state.
  template <class S, class F>
  void for_each_initial(S& state, F f) const {
    for (Index n = 0; n < shape.past(); ++n)
      for (Index b = 0; b < batch.size; ++b)
        f(n * batch.size + b, state.values[0].col(b).segment(n * shape.inputs, shape.inputs));
  }
  /// The same for the steps of the final state, without those that a sample's last step does not see.
  template <class S, class F>
  void for_each_final(S& state, F f) const {
    for (Index b = 0; b < batch.size; ++b) {
      const Index length = batch.length(b, steps);
      const Index from = first.size() == 0 || length == 0 ? 0 : first[(length - 1) * batch.size + b];
      for (Index step = (std::max)(length, from); step < length + shape.past(); ++step)
        f(step * batch.size + b, state.values[0].col(b).segment((step - length) * shape.inputs, shape.inputs));
    }
  }
};

}  // namespace unroll::inline UNROLL_TARGET
