#pragma once

#include <string>

#include "unroll/layers/packed_dense.hpp"
#include "unroll/product/over_columns.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

template <class Scalar>
struct DenseTape : MemorylessTape<Scalar> {
  DenseWeights<Scalar, Full> packed;
  BlockedMatrix<Scalar> d_rows;  // dL/dy in panels, zero past the ends
  Vector<Scalar> packed_x;       // some columns of x: see across
  Vector<double> d_bias;         // O, summed over the columns
};

}  // namespace detail

/// The affine map y = W x + b of each column.
template <class Scalar_ = float, int Inputs = Dynamic, int O = Dynamic>
class Dense : public Memoryless<Dense<Scalar_, Inputs, O>, Scalar_, detail::DenseTape<Scalar_>> {
 public:
  using Scalar = Scalar_;
  using Tape = detail::DenseTape<Scalar>;
  static constexpr int InputSize = Inputs;
  static constexpr int OutputSize = O;

  Matrix<Scalar> weight;  ///< O x I
  Vector<Scalar> bias;    ///< O

  /// A layer with fresh weights. Throws std::invalid_argument where a size is below 1 or not the compile-time size.
  Dense(Index input_size, Index output_size, Random& random) : Dense(zeros(input_size, output_size)) {
    initialize(random);
  }
  /// The same, of sizes at compile time.
  explicit Dense(Random& random)
    requires(Inputs != Dynamic && O != Dynamic)
      : Dense(Inputs, O, random) {}
  /// Refused: there is no Random, or a const one or a seed in its place.
  Dense(Index, Index, ...) = delete;  // fresh weights are drawn from a Random that can change, after all sizes
  /// Refused: there are no arguments at all.
  Dense() = delete;  // fresh weights are drawn from a Random that can change, after all sizes

  /// A layer whose parameters are zero, to be set or loaded, or to hold a gradient.
  static Dense zeros(Index input_size, Index output_size) { return Dense(Zeros(), input_size, output_size); }

  Index input_size() const { return Inputs == Dynamic ? weight.cols() : Inputs; }
  Index output_size() const { return O == Dynamic ? weight.rows() : O; }

  /// Glorot weights and zero biases, or PyTorch's uniform in +-1/sqrt(I).
  void initialize(Random& random, Initial initial = Initial::standard) {
    if (initial == Initial::pytorch) {
      const double limit = 1 / std::sqrt(static_cast<double>(input_size()));
      set_uniform(weight, limit, random);
      set_uniform(bias, limit, random);
    } else {
      set_glorot(weight, input_size(), output_size(), random);
      bias.setZero();
    }
  }

  void map(const Input<Scalar>& x, Tape& tape) const {
    detail::run_team(tape.options.pool, team_size(tape, x.cols()), [&](const detail::Member& member) {
      tape.packed.pack(weight, bias, member);
      tape.packed.apply(x.data(), x.outerStride(), x.cols(),
                        detail::column_sums(tape.y.data(), bias.size(), bias.size()), member);
    });
  }

  /// dL/dW = d_y x^T, dL/db = sum d_y, dL/dx = W^T d_y.
  void map_back(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Dense& gradient) const {
    tape.d_rows.resize(1, output_size(), d_y.cols(), 1);
    constexpr detail::Range all{0, 1};
    const bool masked = !tape.batch.lengths.empty();
    if (masked) detail::mask_past_ends(x, tape.batch, tape.d_x);  // x past the ends may be anything, NaN too
    detail::resize_to_zeros(tape.d_bias, output_size());
    const Index members = team_size(tape, x.cols());
    detail::run_team(tape.options.pool, members, [&](const detail::Member& member) {
      tape.packed.matrix.pack_transposed(weight, output_size(), all, member);
      tape.d_rows.set_columns({0, d_y.cols()}, d_y.data(), d_y.outerStride(), member,
                              [&](Index j) { return tape.active(j); });
    });
    detail::for_each_sum({0, x.cols()}, gradient, [&](Dense& sum, detail::Range part) {
      detail::run_team(tape.options.pool, members, [&](const detail::Member& member) {
        detail::for_each_chunk(part, [&](detail::Range chunk) {
          detail::add_outer_products<1>(tape.d_rows, chunk, all, 0, masked ? Input<Scalar>(tape.d_x) : x, tape.packed_x,
                                        sum.weight, member);
          detail::add_column_sums<1>(tape.d_rows, chunk, tape.d_bias, member);
          if (masked) member.wait();  // the masked x has been used; dL/dx takes its memory
          detail::multiply_transposed(tape.packed.matrix, tape.d_rows, chunk, all, tape.d_x, member);
        });
      });
    });
    detail::add_rounded(tape.d_bias, gradient.bias);
  }

  void require_parameters() const {
    detail::require(weight.rows() == output_size() && weight.cols() == input_size() && bias.size() == output_size(),
                    "Dense: weight is ", weight.rows(), " x ", weight.cols(), " and bias has ", bias.size(),
                    " rows, expected ", output_size(), " x ", input_size(), " and ", output_size());
    detail::require(weight.size() > 0, "Dense: there are no weights; the layer was moved from");
  }

  static const char* name() { return "Dense"; }

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "weight", layers.weight...);
    f(prefix + "bias", layers.bias...);
  }

  /// The layer one column at a time.
  using Stream = DenseStream<Scalar, Full>;

  /// A copy of the weights as they are now, packed in a storage, for sequences and streams. Throws
  /// std::invalid_argument where the parameters do not fit together, or the storage cannot keep a weight.
  template <StorageOf<Scalar> Storage = Full>
  PackedDense<Scalar, Inputs, O, Storage> pack(Storage = {}) const {
    require_parameters();
    return {weight, bias};
  }
  template <class Samples = OneSample>
  Stream stream(const StreamShape<Samples>& shape = {}) const {
    return pack().stream(shape);
  }

 private:
  /// How many threads of the batch's pool share a product over so many columns.
  Index team_size(const Tape& tape, Index columns) const {
    return detail::team_size(tape.options.pool, detail::panel_count<Scalar>(output_size()), weight.size() * columns);
  }

  struct Zeros {};
  Dense(Zeros, Index input_size, Index output_size) {
    detail::require(input_size >= 1 && (Inputs == Dynamic || input_size == Inputs), "Dense: input_size is ", input_size,
                    ", expected ", Inputs == Dynamic ? "at least 1" : std::to_string(Inputs));
    detail::require(output_size >= 1 && (O == Dynamic || output_size == O), "Dense: output_size is ", output_size,
                    ", expected ", O == Dynamic ? "at least 1" : std::to_string(O));
    weight.setZero(output_size, input_size);
    bias.setZero(output_size);
  }
};

}  // namespace unroll::inline UNROLL_TARGET
