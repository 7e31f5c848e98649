#pragma once

#include "unroll/engine/narrow_panels.hpp"
#include "unroll/layers/memoryless.hpp"

namespace unroll {

namespace detail {

/// y(:, j) = W x(:, j) + b
template <class Panels, class Scalar>
void multiply_dense(const Panels& panels, const Sums<const Scalar>& bias, const Scalar* x, Index x_stride,
                    Index columns, const Sums<Scalar>& y, const Member& member = {}) {
  multiply<1, Scalar>(member.part_of(panels.blocks()), {x, columns, x_stride, 1, {panels.depth()}}, bias, y,
                      nothing_more);
}

template <class Scalar>
struct DenseTape : MemorylessTape<Scalar> {
  GateBuffer<Scalar> d_rows;  // dL/dy as the kernel reads it, zero past the ends
  Vector<Scalar> spread;      // some columns of x: see detail::across
  Vector<double> d_bias;      // O, summed over the columns
  Panels<Scalar> panels;
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

  Dense(Index input_size, Index output_size, Random& random) : Dense(zeros(input_size, output_size)) {
    initialize(random);
  }
  explicit Dense(Random& random)
    requires(Inputs != Dynamic && O != Dynamic)
      : Dense(Inputs, O, random) {}

  static Dense zeros(Index input_size, Index output_size) { return Dense(input_size, output_size); }

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
    const bool pack = !tape.same_weights || !tape.panels.packed_from(weight);
    detail::run_team(tape.batch.pool, team_size(tape.batch, x.cols()), [&](const detail::Member& member) {
      if (pack) tape.panels.pack_rows(weight, output_size(), 0, 1, member);
      detail::multiply_dense(tape.panels, detail::column_sums(bias.data(), bias.size(), 0), x.data(), x.outerStride(),
                             x.cols(), detail::column_sums(tape.y.data(), bias.size(), bias.size()), member);
    });
  }

  /// dL/dW = d_y x^T, dL/db = sum d_y, dL/dx = W^T d_y.
  void map_back(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Dense& gradient) const {
    tape.d_rows.resize(1, output_size(), d_y.cols(), 1);
    const GateRun run{0, 1};
    const bool masked = !tape.batch.lengths.empty();
    if (masked) detail::mask_past_ends(x, tape.batch, tape.d_x);  // x past the ends may be anything, NaN too
    detail::resize_to_zeros(tape.d_bias, output_size());
    const Index members = team_size(tape.batch, x.cols());
    detail::run_team(tape.batch.pool, members, [&](const detail::Member& member) {
      tape.panels.pack_transposed(weight, output_size(), 0, 1, member);
      const detail::Range mine = member.part(tape.d_rows.blocks());
      for (Index j = 0; j < d_y.cols(); ++j)
        for (Index block = mine.first; block < mine.first + mine.count; ++block)
          (tape.active(j) ? Pack<Scalar>::load(d_y.col(j).data() + block * tape.d_rows.lanes, tape.d_rows.count(block))
                          : Pack<Scalar>(0))
              .store(tape.d_rows.at(block, j));
    });
    detail::for_each_sum({0, x.cols()}, gradient, [&](Dense& sum, detail::Range part) {
      detail::run_team(tape.batch.pool, members, [&](const detail::Member& member) {
        detail::for_each_chunk(part, [&](detail::Range chunk) {
          const auto across = detail::across(masked ? tape.d_x.data() : x.data(), masked ? x.rows() : x.outerStride(),
                                             x.rows(), chunk, tape.spread, member);
          detail::add_outer_products<1>(tape.d_rows, chunk, run, 0, across, sum.weight, member);
          detail::add_column_sums<1>(tape.d_rows, chunk, tape.d_bias, member);
          if (masked) member.wait();  // x past the ends has been used where dL/dx will be
          detail::multiply_transposed(tape.panels, tape.d_rows, chunk, run, tape.d_x, member);
        });
      });
    });
    gradient.bias += tape.d_bias.template cast<Scalar>();
  }

  void require_parameters() const {
    detail::require(weight.rows() == output_size() && weight.cols() == input_size() && bias.size() == output_size(),
                    "Dense: weight is ", weight.rows(), " x ", weight.cols(), " and bias has ", bias.size(),
                    " rows, expected ", output_size(), " x ", input_size(), " and ", output_size());
  }

  static const char* name() { return "Dense"; }

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "weight", layers.weight...);
    f(prefix + "bias", layers.bias...);
  }

  class Stream : public MemorylessStream {
   public:
    Stream(const Dense& dense, WeightStorage storage)
        : weights_(storage, [&](auto& packed) { packed.pack(dense.weight, dense.bias); }),
          input_size_(dense.input_size()) {
      for (auto& y : y_) y.resize(1, dense.output_size(), 1, 1);
    }

    Index input_size() const noexcept { return input_size_; }
    Index output_size() const noexcept { return y_[0].units(); }
    const Scalar* step(const Scalar* x) noexcept {
      turn_ = 1 - turn_;  // x may be the step's before
      detail::GateBuffer<Scalar>& y = y_[turn_];
      weights_.visit([&](const auto& packed) {
        detail::multiply_dense(packed.panels, packed.bias.sums(0, 0), x, input_size_, 1, y.sums(0, 0));
        for (Index i = 0; i < packed.scale.size(); ++i) y.at(0, 0)[i] *= packed.scale[i];
      });
      return y.at(0, 0);
    }

   private:
    template <class Weight>
    struct Packed {
      detail::PanelsOf<Scalar, Weight> panels;
      detail::GateBuffer<Scalar> bias;  // one column
      Vector<Scalar> scale;             // O, int8 only: of the rows, by which the bias is divided too

      void pack(const Matrix<Scalar>& matrix, const Vector<Scalar>& full_bias) {
        bias.set_column(1, full_bias.size(), full_bias);
        if constexpr (std::is_same_v<Weight, Scalar>) {
          panels.pack_rows(matrix, matrix.rows(), 0, 1);
        } else {
          Vector<Scalar> scales = Vector<Scalar>::Ones(matrix.rows());
          if (std::is_integral_v<Weight>) {
            scales = detail::scales_of(matrix.cwiseAbs().rowwise().maxCoeff());
            scale = scales;
            bias.set_column(1, scales.size(), full_bias.cwiseQuotient(scales));
          }
          panels.pack_rows(matrix, matrix.rows(), 0, 1, scales);
        }
      }
    };

    detail::SharedWeights<Scalar, Packed> weights_;
    Index input_size_;
    std::array<detail::GateBuffer<Scalar>, 2> y_;  // by turns; one column of one gate: O, and room for whole blocks
    std::size_t turn_ = 0;
  };

  Stream stream(WeightStorage storage = WeightStorage::full) const {
    require_parameters();
    detail::require_storage<Scalar>("Dense", storage);
    return Stream(*this, storage);
  }

 private:
  /// How many threads of the batch's pool share a product over so many columns.
  Index team_size(const Batch& batch, Index columns) const {
    return detail::team_size(batch.pool, detail::block_count<Scalar>(output_size()), weight.size() * columns);
  }

  Dense(Index input_size, Index output_size) {
    detail::require(input_size >= 1 && (Inputs == Dynamic || input_size == Inputs), "Dense: input_size is ", input_size,
                    ", expected ", Inputs == Dynamic ? "at least 1" : std::to_string(Inputs));
    detail::require(output_size >= 1 && (O == Dynamic || output_size == O), "Dense: output_size is ", output_size,
                    ", expected ", O == Dynamic ? "at least 1" : std::to_string(O));
    weight.setZero(output_size, input_size);
    bias.setZero(output_size);
  }
};

}  // namespace unroll
