#pragma once

#include <array>
#include <memory>
#include <utility>

#include "unroll/layers/memoryless.hpp"
#include "unroll/product/packed_matrix.hpp"
#include "unroll/product/scalar_product.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

/// A Dense's weights, packed. Where the storage has scales, an output is computed in units of its scale. If there is
/// only one output, it is a scalar product, and its weights are numbers whatever the storage.
template <class Scalar, class Storage>
struct DenseWeights {
  PackedMatrix<Scalar, Storage> matrix;
  Vector<Scalar> row;           // I, if there is only one output
  BlockedMatrix<Scalar> bias;   // one column
  BlockedMatrix<Scalar> scale;  // one column, where the storage has scales

  Index inputs() const { return row.size() > 0 ? row.size() : matrix.depth(); }

  void pack(const Matrix<Scalar>& weight, const Vector<Scalar>& full_bias, const Member& member = {}) {
    if constexpr (std::is_same_v<Storage, Full>) {
      if (weight.rows() != 1) matrix.pack(weight, weight.rows(), {0, 1}, member);
      member.single([&] {
        if (weight.rows() == 1)
          assign(row, Eigen::Map<const Vector<Scalar>>(weight.data(), weight.cols()));
        else
          row.resize(0);  // the tape may have been another layer's
        bias.set_column(1, weight.rows(), full_bias);
      });
    } else {
      Vector<Scalar> scales = scales_of<Storage>(weight.cwiseAbs().rowwise().maxCoeff());
      matrix.pack(weight, weight.rows(), {0, 1}, scales);
      if (weight.rows() == 1) {
        row = scales[0] * first_row(matrix.panels(), weight.cols());
        scales.setOnes();
      }
      scale.set_column(1, weight.rows(), scales);
      bias.set_column(1, weight.rows(), quotients(full_bias, scales));
    }
  }

  /// y(:, j) = W x(:, j) + b for some columns.
  void apply(const Scalar* x, Index x_stride, Index columns, const Sums<Scalar>& y, const Member& member = {}) const {
    if (row.size() > 0)
      return member.single([&] {
        for (Index j = 0; j < columns; ++j)
          y.data[j * y.column_stride] = scalar_product(row.data(), x + j * x_stride, row.size(), *bias.at(0, 0));
      });
    Sums<const Scalar> from = bias.sums(0, 0);
    from.column_stride = 0;
    multiply<1, Scalar>(member.part_of(matrix.panels()), {x, columns, x_stride, 1, {matrix.depth()}}, from, y,
                        [&](const Tile& tile) {
                          if constexpr (is_scaled<Storage>) rescale(tile, y);
                        });
  }

 private:
  void rescale(const Tile& tile, const Sums<Scalar>& y) const {
    on_processor<Scalar>([&]<class P>() {
      for (Index panel = tile.panels.first; panel < tile.panels.end(); ++panel)
        for (Index j = tile.columns.first; j < tile.columns.end(); ++j) {
          Scalar* at = y.data + panel * y.panel_stride + j * y.column_stride;
          const Index count = scale.units() - panel * P::size;
          (P::load(at, count) * P::load(scale.at(panel, 0))).store(at, count);
        }
    });
  }
};

}  // namespace detail

/// A Dense that runs one step at a time.
template <class Scalar, class Storage>
class DenseStream : public MemorylessStream {
  using Weights = detail::DenseWeights<Scalar, Storage>;

 public:
  /// A stream over packed weights.
  template <class Samples>
  DenseStream(std::shared_ptr<const Weights> weights, Samples sample_count) : weights_(std::move(weights)) {
    const Index whole = weights_->bias.panels() * detail::lanes<Scalar>();
    for (auto& y : y_) y.setZero(sample_count == 1 ? whole : output_size(), sample_count);
    if constexpr (!std::is_same_v<Samples, OneSample>)
      if (sample_count > 1) apply_to_several_ = &apply_to_several;
  }

  Index input_size() const noexcept { return weights_->inputs(); }
  Index output_size() const noexcept { return weights_->bias.units(); }
  const Scalar* step(const Scalar* x) noexcept {
    turn_ = 1 - turn_;  // x may be the result of the step before
    Matrix<Scalar>& y = y_[turn_];
    if (apply_to_several_ != nullptr)
      apply_to_several_(*weights_, x, y);
    else
      weights_->apply(x, input_size(), 1, detail::column_sums(y.data(), y.rows(), y.rows()));
    return y.data();
  }

 private:
  static void apply_to_several(const Weights& weights, const Scalar* x, Matrix<Scalar>& y) noexcept {
    weights.apply(x, weights.inputs(), y.cols(), detail::column_sums(y.data(), y.rows(), y.rows()));
  }

  std::shared_ptr<const Weights> weights_;
  std::array<Matrix<Scalar>, 2> y_;  // used by turns, O x B; one sample has room for whole panels
  std::size_t turn_ = 0;
  void (*apply_to_several_)(const Weights&, const Scalar*, Matrix<Scalar>&) noexcept = nullptr;  // null for one sample
};

/// A copy of a Dense's weights, packed once in some storage. Copies of this share it.
template <class Scalar_, int Inputs, int O, class Storage>
class PackedDense : public Memoryless<PackedDense<Scalar_, Inputs, O, Storage>, Scalar_> {
  using Weights = detail::DenseWeights<Scalar_, Storage>;

 public:
  using Scalar = Scalar_;
  using Tape = MemorylessTape<Scalar>;
  using Stream = DenseStream<Scalar, Storage>;
  static constexpr int InputSize = Inputs;
  static constexpr int OutputSize = O;

  /// Throws std::invalid_argument where a storage of fewer bits cannot keep a weight.
  PackedDense(const Matrix<Scalar>& weight, const Vector<Scalar>& bias) {
    const auto packed = std::make_shared<Weights>();
    packed->pack(weight, bias);
    weights_ = packed;
  }

  Index input_size() const { return weights_->inputs(); }
  Index output_size() const { return weights_->bias.units(); }
  void map(const Input<Scalar>& x, Tape& tape) const {
    const Index members =
        detail::team_size(tape.options.pool, weights_->bias.panels(), input_size() * output_size() * x.cols());
    detail::run_team(tape.options.pool, members, [&](const detail::Member& member) {
      weights_->apply(x.data(), x.outerStride(), x.cols(),
                      detail::column_sums(tape.y.data(), tape.y.rows(), tape.y.rows()), member);
    });
  }
  /// Itself: it is packed already.
  PackedDense pack(Full) const { return *this; }
  template <class Samples = OneSample>
  Stream stream(const StreamShape<Samples>& shape = {}) const {
    return Stream(weights_, shape.samples);
  }

  static const char* name() { return "Dense"; }

 private:
  std::shared_ptr<const Weights> weights_;
};

}  // namespace unroll::inline UNROLL_TARGET
