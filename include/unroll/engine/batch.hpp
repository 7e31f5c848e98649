#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "unroll/core/error.hpp"
#include "unroll/core/memory.hpp"

namespace unroll::inline UNROLL_TARGET {

class ThreadPool;

/// The way through time: a reverse layer starts at each sequence's own last step.
enum class Direction { forward, reverse };

/// What the columns of one call mean: column t*size + b is step t of sample b.
struct Batch {
  /// B, the number of samples side by side.
  Index size = 1;
  /// The B lengths. Empty: every sequence has all T steps. Past a sequence's end x is not used, and the outputs are
  /// zero.
  std::vector<Index> lengths = {};
  /// T*B flags in the order of the columns. Empty: no resets. True: an episode of that sample starts at that step. No
  /// state crosses from the step before, in either direction: each episode starts from a zero state.
  std::vector<bool> resets = {};
  /// True: the initial state is the final state of the steps before these. A reverse layer refuses this, because it
  /// would need the state of the steps after these.
  bool continues = false;

  /// The batch that describes the columns of a read-out of some steps: one step of each sample that has any.
  Batch read_out(Index steps = 1) const {
    Batch one{.size = size, .lengths = lengths, .continues = continues};
    if (steps == 0) one.lengths.assign(static_cast<std::size_t>(size), 0);
    for (Index& length : one.lengths) length = std::min<Index>(length, 1);
    return one;
  }

  /// The number of steps in `columns` columns.
  Index steps(Index columns) const { return columns / size; }

  /// The length of sample b, at most `steps`: in a read-out, which has one step, it is 1 for each sample that has any.
  Index length(Index b, Index steps) const {
    return lengths.empty() ? steps : (std::min)(lengths[static_cast<std::size_t>(b)], steps);
  }

  /// Whether step t is not past sample b's end.
  bool active(Index t, Index b, Index steps) const { return t < length(b, steps); }
  /// Whether one of `columns` columns is within its sequence.
  bool active(Index column, Index columns) const { return active(column / size, column % size, steps(columns)); }

  /// Whether an episode of sample b starts at step t.
  bool reset(Index t, Index b) const { return !resets.empty() && resets[static_cast<std::size_t>(t * size + b)]; }

  /// Throws std::invalid_argument unless the columns are whole steps of this batch.
  void require_fits(const char* caller, Index columns) const {
    using detail::require;
    require(size >= 1, caller, ": batch size is ", size, ", expected at least 1");
    require(columns % size == 0, caller, ": x has ", columns, " columns, expected a multiple of the batch size ", size);
    require(lengths.empty() || static_cast<Index>(lengths.size()) == size, caller, ": ", lengths.size(),
            " lengths for a batch of ", size);
    for (const Index length : lengths)
      require(length >= 0, caller, ": a sequence's length is ", length, ", expected at least 0");
  }

  /// Throws as require_fits does, and also unless the lengths and resets fit the number of steps.
  void require_covers(const char* caller, Index columns) const {
    require_fits(caller, columns);
    for (const Index length : lengths)
      detail::require(length <= steps(columns), caller, ": a sequence's length is ", length, ", x has ", steps(columns),
                      " steps");
    detail::require(resets.empty() || static_cast<Index>(resets.size()) == columns, caller, ": ", resets.size(),
                    " resets for ", columns, " columns, expected one a column");
  }
};

namespace detail {

/// x with zeros past the sequences' ends, so that what stands there (NaN, say) never enters a sum.
template <class Scalar>
void mask_past_ends(const Input<Scalar>& x, const Batch& batch, Matrix<Scalar>& to) {
  assign(to, x);
  for (Index j = 0; j < x.cols(); ++j)
    if (!batch.active(j, x.cols())) std::fill_n(column_of(to, j), to.rows(), Scalar(0));
}

}  // namespace detail

/// Which outputs a recurrent layer gives.
enum class Readout {
  all,   ///< every step: O x (T*B)
  last,  ///< the state after each sequence's own last step in the layer's direction: O x B
  mean,  ///< the mean over each sequence's own steps: O x B
};

/// How a recurrent layer is unrolled, and the noise that it is trained with. A pass has noise if it has a dropout_seed.
/// A rate is at least 0, which is off, and below 1.
struct Unrolling {
  Direction direction = Direction::forward;  ///< the way through time
  Readout readout = Readout::all;            ///< which outputs there are
  /// Each unit of h is hidden from W_hh for a whole sequence with this probability, else divided by 1 - rate (Gal &
  /// Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural networks", eq. 7).
  double recurrent_dropout = 0;
  /// With this probability a unit of h keeps its value for a step. At inference h_t is the mean: zoneout times h_{t-1}
  /// plus (1 - zoneout) times what the cell gives (Krueger et al. 2017, eq. 5).
  double zoneout = 0;
  double zoneout_cell_state = 0;  ///< the same for the states after h: an LSTM's c

  /// Whether the outputs are one column a sample.
  bool reads_out() const { return readout != Readout::all; }

  /// Whether some state has zoneout, which acts at inference too.
  bool zones_out() const { return zoneout != 0 || zoneout_cell_state != 0; }

  /// The zoneout rate of the n-th state.
  double zoneout_rate(std::size_t n) const { return n == 0 ? zoneout : zoneout_cell_state; }

  /// Throws std::invalid_argument unless each rate is at least 0 and below 1, and the layer has what it acts on:
  /// recurrent_dropout needs an h that is fed back, zoneout_cell_state needs states after h.
  void require_rates(const char* caller, bool fed_back, bool more_states) const {
    const auto check = [&](const char* name, double rate) {
      detail::require(rate >= 0 && rate < 1, caller, ": ", name, " is ", rate, ", expected 0 <= rate < 1");
    };
    check("recurrent_dropout", recurrent_dropout);
    check("zoneout", zoneout);
    check("zoneout_cell_state", zoneout_cell_state);
    detail::require(fed_back || recurrent_dropout == 0, caller, ": recurrent_dropout is ", recurrent_dropout,
                    ", but there is no W_hh that could see h");
    detail::require(more_states || zoneout_cell_state == 0, caller, ": zoneout_cell_state is ", zoneout_cell_state,
                    ", but h is the only state");
  }
};

/// Truncated back-propagation through time (Williams & Peng 1990, BPTT(h; h')). After every `stride` steps the errors
/// of those steps go back through `window` steps, counted from the newest one. The errors of a last, shorter stride go
/// back as far as if it were whole. Gradients are exact where the window covers all T steps of the batch, whatever a
/// sequence's own length. If window = stride, the windows do not overlap, and only the state is carried from one to the
/// next.
struct Truncation {
  Index window = 0;  ///< at least `stride`; 0: no truncation
  Index stride = 0;  ///< 0: the same as `window`

  /// Throws std::invalid_argument unless window >= stride >= 0.
  void require_valid(const std::string& caller) const {
    detail::require(stride >= 0 && window >= stride, caller, ": truncation window ", window, " and stride ", stride,
                    ", expected window >= stride >= 0");
  }
};

/// The options of a forward pass. Its tape keeps them for the backward pass.
struct ForwardOptions {
  /// Training: the seed of this call's dropout masks. Empty: inference, dropout is off.
  std::optional<std::uint64_t> dropout_seed = {};
  /// False: only inference. The tapes of recurrent layers keep no gates, and `backward` is refused.
  bool record = true;
  /// The threads that share the units of a step, or null; `Parallel` gives its own. Not owned: it must outlive the
  /// backward pass. The outputs and gradients have the same bits with any number of threads.
  ThreadPool* pool = nullptr;
};

/// The options of a backward pass; all are off by default.
struct BackwardOptions {
  Truncation truncation = {};  ///< how far errors go back
  /// Clips every dL/d pre-activation to [-clip, clip] before it goes further back (Graves 2013, section 2.1).
  double clip = 0;
  /// Records the norm of dL/dh of each step in the tape. Where windows of a truncation overlap, it is that of the last
  /// one.
  bool record_norms = false;
};

/// What a clipping did.
struct ClipReport {
  double norm = 0;       ///< Euclidean norm before
  bool clipped = false;  ///< whether anything was changed
};

}  // namespace unroll::inline UNROLL_TARGET
