#pragma once

#include "unroll/layers/memoryless.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Which steps share a dropout mask.
enum class DropoutMask {
  step,      ///< a fresh mask every step (Srivastava et al. 2014)
  sequence,  ///< one mask for the whole sequence (Gal & Ghahramani 2016)
};

namespace detail {

template <class Scalar>
struct DropoutTape : MemorylessTape<Scalar> {
  Matrix<Scalar> mask;  // F x (T*B) in training, else empty
};

}  // namespace detail

/// Dropout between layers. In training each feature is zero with probability `rate`, else divided by 1 - rate. At
/// inference, where the pass has no dropout_seed, y = x.
///
/// The masks come from the pass's seed, one generator a sample: the same seed gives the same masks.
template <class Scalar_ = float>
class Dropout : public Memoryless<Dropout<Scalar_>, Scalar_, detail::DropoutTape<Scalar_>> {
 public:
  using Scalar = Scalar_;
  using Tape = detail::DropoutTape<Scalar>;

  /// Throws std::invalid_argument unless 0 <= rate < 1.
  explicit Dropout(double drop_rate, DropoutMask mask = DropoutMask::step) : mask_(mask), rate_(drop_rate) {
    detail::require(drop_rate >= 0 && drop_rate < 1, "Dropout: rate is ", drop_rate, ", expected 0 <= rate < 1");
  }

  /// The probability that a feature is zero in training.
  double rate() const { return rate_; }
  static const char* name() { return "Dropout"; }

  void map(const Input<Scalar>& x, Tape& tape) const {
    draw(tape, x.rows(), x.cols());
    tape.y = x;
    if (tape.mask.size() != 0) tape.y.array() *= tape.mask.array();
  }
  void map_back(const Input<Scalar>&, const Input<Scalar>& d_y, Tape& tape, Dropout&) const {
    tape.d_x = d_y;
    if (tape.mask.size() != 0) tape.d_x.array() *= tape.mask.array();
    tape.zero_past_ends(tape.d_x);
  }

  /// y = x.
  struct Stream : MemorylessStream {
    const Scalar* step(const Scalar* x) noexcept { return x; }
  };
  template <class Samples = OneSample>
  Stream stream(const StreamShape<Samples>& = {}) const {
    return {};
  }

 private:
  void draw(Tape& tape, Index rows, Index columns) const {
    Matrix<Scalar>& mask = tape.mask;
    const Index size = tape.batch.size;
    mask.resize(0, 0);
    if (!tape.options.dropout_seed || rate_ == 0) return;
    mask.resize(rows, columns);
    const Scalar kept = static_cast<Scalar>(1 / (1 - rate_));
    for (Index b = 0; b < size && columns > 0; ++b) {
      Random random = Random::substream(*tape.options.dropout_seed, static_cast<std::uint64_t>(b));
      for (Index j = b; j < columns; j += size) {
        if (mask_ == DropoutMask::sequence && j != b)
          mask.col(j) = mask.col(b);
        else
          for (Index i = 0; i < rows; ++i) mask(i, j) = random.uniform() < rate_ ? Scalar(0) : kept;
      }
    }
  }

  DropoutMask mask_;  // before rate_: behind it, g++ 12 warns at -O3 where a tuple puts its next value into the padding
  double rate_;
};

}  // namespace unroll::inline UNROLL_TARGET
