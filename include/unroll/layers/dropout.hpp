#pragma once

#include "unroll/layers/layer.hpp"

namespace unroll {

/// Which steps share a dropout mask.
enum class DropoutMask {
  step,      ///< a fresh mask every step (Srivastava et al. 2014)
  sequence,  ///< one mask for the whole sequence (Gal & Ghahramani 2016)
};

/// Dropout between layers: in training each feature is zero with probability `rate`, else divided by 1 - rate; at
/// inference, where the batch has no dropout_seed, y = x.
///
/// The masks come from the batch's seed, one generator a sample: the same seed gives the same masks.
template <class Scalar_ = float>
class Dropout {
 public:
  using Scalar = Scalar_;
  using State = NoState;
  static constexpr int InputSize = Dynamic;
  static constexpr int OutputSize = Dynamic;

  struct Tape : detail::StatelessTape<Scalar> {
    Matrix<Scalar> mask;  // F x (T*B) in training, else empty
  };

  explicit Dropout(double drop_rate, DropoutMask mask = DropoutMask::step) : rate_(drop_rate), mask_(mask) {
    detail::require(drop_rate >= 0 && drop_rate < 1, "Dropout: rate is ", drop_rate, ", expected 0 <= rate < 1");
  }

  Index input_size() const { return 0; }
  Index output_size() const { return 0; }
  double rate() const { return rate_; }
  void initialize(Random&, Initial = Initial::standard) {}

  Output<Scalar> forward(const Input<Scalar>& x, Tape& tape, const Batch& batch = {}, const State& = {}) const {
    require_forward(x.rows(), x.cols(), batch, {});
    if (detail::overlap(x, tape.y)) return forward(Matrix<Scalar>(x), tape, batch);
    tape.begin(batch, 0, 0);
    draw(tape.mask, x.rows(), x.cols(), batch);
    detail::assign(tape.y, x);
    if (tape.mask.size() != 0) tape.y.array() *= tape.mask.array();
    tape.zero_past_ends(tape.y);
    tape.recorded = true;
    return tape.output();
  }

  /// dL/dx = mask * d_y. Consumes the tape.
  Output<Scalar> backward(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Dropout& gradient,
                          const BackwardOptions& options = {}, const State& d_final = {}) const {
    require_backward(tape, gradient, options, d_final);
    detail::require_shape("Dropout", "x", x, tape.y.rows(), tape.y.cols());
    detail::require_shape("Dropout", "d_y", d_y, tape.y.rows(), tape.y.cols());
    if (detail::overlap(d_y, tape.d_x)) return backward(x, Matrix<Scalar>(d_y), tape, gradient);
    tape.recorded = false;
    detail::assign(tape.d_x, d_y);
    if (tape.mask.size() != 0) tape.d_x.array() *= tape.mask.array();
    tape.zero_past_ends(tape.d_x);
    return tape.d_input();
  }

  Index require_forward(Index, Index columns, const Batch& batch, const State&) const {
    batch.require_fits("Dropout::forward", columns);
    return columns;
  }

  void require_backward(const Tape& tape, const Dropout&, const BackwardOptions&, const State&) const {
    tape.require_recorded("Dropout", 0, 0);
  }

  std::optional<NonFinite> find_non_finite(const Tape& tape) const { return tape.find_non_finite("Dropout"); }

  static const char* name() { return "Dropout"; }

  template <class F, class... Layers>
  static void visit(F&&, const std::string&, Layers&...) {}

  /// y = x.
  class Stream {
   public:
    using State = NoState;

    Index input_size() const noexcept { return 0; }
    Index output_size() const noexcept { return 0; }
    const Scalar* step(const Scalar* x) noexcept { return x; }
    void reset() noexcept {}
    void save(State&) const noexcept {}
    bool fits(const State&) const noexcept { return true; }
    void restore(const State&) noexcept {}
  };

  Stream stream(WeightStorage = WeightStorage::full) const { return {}; }

 private:
  void draw(Matrix<Scalar>& mask, Index rows, Index columns, const Batch& batch) const {
    mask.resize(0, 0);
    if (!batch.dropout_seed || rate_ == 0) return;
    mask.resize(rows, columns);
    const Scalar kept = static_cast<Scalar>(1 / (1 - rate_));
    for (Index b = 0; b < batch.size && columns > 0; ++b) {
      Random random = Random::substream(*batch.dropout_seed, static_cast<std::uint64_t>(b));
      for (Index j = b; j < columns; j += batch.size) {
        if (mask_ == DropoutMask::sequence && j != b)
          mask.col(j) = mask.col(b);
        else
          for (Index i = 0; i < rows; ++i) mask(i, j) = random.uniform() < rate_ ? Scalar(0) : kept;
      }
    }
  }

  double rate_;
  DropoutMask mask_;
};

}  // namespace unroll
