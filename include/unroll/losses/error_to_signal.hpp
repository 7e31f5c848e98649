#pragma once

#include <vector>

#include "unroll/losses/loss.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The options of ErrorToSignal; see its formula.
struct ErrorToSignalOptions {
  double pre_emphasis = 0.85;  ///< a of the filter s_t - a s_{t-1} before the first term; 0: none
  double dc = 1;               ///< the weight of the second term
  double epsilon = 1e-5;       ///< added to the energies, for targets that are silent
};

/// The error's energy divided by the signal's: the loss for effects and amplifiers (Wright, Damskägg & Välimäki 2019,
/// "Real-time black-box modelling with recurrent neural networks", equations 10 to 12):
///
///   L = mean (p_t - a p_{t-1})^2 / mean (s_t - a s_{t-1})^2  +  dc mean_b (mean_t p)^2 / mean s^2
///
/// with p = target - y and s = target, sample by sample and row by row, over all steps within the sequences. Before the
/// first step of a sequence or episode (Batch::resets) the signal is silent. Before a window that goes on
/// (Batch::continues) it is not known, so the window's first step has no part in the first term. y and the target are O
/// x (T*B). It takes no weights.
class ErrorToSignal {
 public:
  static constexpr const char* name = "error_to_signal";

  /// Throws std::invalid_argument where an option makes no sense.
  explicit ErrorToSignal(ErrorToSignalOptions how = {}) : options_(how) {
    detail::require(how.pre_emphasis >= 0 && how.pre_emphasis < 1, name, ": pre_emphasis is ", how.pre_emphasis,
                    ", expected at least 0 and less than 1");
    detail::require(how.dc >= 0, name, ": dc is ", how.dc, ", expected at least 0");
    detail::require(how.epsilon > 0, name, ": epsilon is ", how.epsilon, ", expected more than 0");
  }

  /// Returns L and leaves dL/dy in `d_y`, which is resized to y's shape. Throws std::invalid_argument where target or
  /// batch do not fit, and where there are weights.
  template <class Y>
  double operator()(const Eigen::DenseBase<Y>& y, const Input<typename Y::Scalar>& target,
                    Matrix<typename Y::Scalar>& d_y, const Batch& batch = {},
                    const std::vector<double>& weights = {}) const {
    detail::require(target.rows() == y.rows() && target.cols() == y.cols(), name, ": target is ", target.rows(), " x ",
                    target.cols(), ", expected ", y.rows(), " x ", y.cols(), " as y");
    const double terms = columns(target.cols(), batch, weights) * static_cast<double>(y.rows());
    const Matrix<double> signal = target.template cast<double>();
    const Matrix<double> error = signal - Matrix<double>(y.template cast<double>());
    Matrix<double> slopes = Matrix<double>::Zero(y.rows(), y.cols());  // dL/d error
    const double loss = terms == 0 ? 0 : run(signal, error, slopes, batch, terms);
    d_y = -slopes.cast<typename Y::Scalar>();
    return loss;
  }

  /// The weight of this batch in a mean over several: its signal's energy, as in the divisor of the first term. So the
  /// mean of that term is the ratio of all errors to all signals, and a silent batch does not outweigh the others.
  /// Throws std::invalid_argument where there are weights.
  template <class Target>
  double count(const Eigen::DenseBase<Target>& target, const Batch& batch = {},
               const std::vector<double>& weights = {}) const {
    const double terms = columns(target.cols(), batch, weights) * static_cast<double>(target.rows());
    return filtered_energy(target.template cast<double>(), batch) + terms * options_.epsilon;
  }

 private:
  /// How many columns are within the sequences.
  double columns(Index given, const Batch& batch, const std::vector<double>& weights) const {
    detail::require(weights.empty(), name, ": ", weights.size(), " weights, expected none");
    batch.require_covers(name, given);
    double sum = 0;
    const Index steps = batch.steps(given);
    for (Index b = 0; b < batch.size; ++b) sum += static_cast<double>(batch.length(b, steps));
    return sum;
  }

  static bool begins(const Batch& batch, Index t, Index b) { return t == 0 || batch.reset(t, b); }
  /// Whether what the filter subtracts from the column is known.
  bool known(const Batch& batch, Index t, Index b) const {
    return t > 0 || !batch.continues || batch.reset(t, b) || options_.pre_emphasis == 0;
  }
  /// A column minus what the filter subtracts, as an expression.
  auto filtered(const Matrix<double>& of, const Batch& batch, Index t, Index b) const {
    const Index j = t * batch.size + b;
    const bool first = begins(batch, t, b);
    return of.col(j) - (first ? 0 : options_.pre_emphasis) * of.col(first ? j : j - batch.size);
  }
  double filtered_energy(const Matrix<double>& of, const Batch& batch) const {
    double sum = 0;
    for_each(batch, batch.steps(of.cols()), [&](Index t, Index b) {
      if (known(batch, t, b)) sum += filtered(of, batch, t, b).squaredNorm();
    });
    return sum;
  }

  double run(const Matrix<double>& signal, const Matrix<double>& error, Matrix<double>& slopes, const Batch& batch,
             double terms) const {
    const Index steps = batch.steps(signal.cols());
    double energy = 0, offsets = 0, samples = 0;
    for (Index b = 0; b < batch.size; ++b) samples += batch.length(b, steps) > 0 ? 1 : 0;
    for_each(batch, steps, [&](Index t, Index b) { energy += signal.col(t * batch.size + b).squaredNorm(); });
    const double first = 1 / (filtered_energy(signal, batch) / terms + options_.epsilon) / terms;
    const double second =
        options_.dc / (energy / terms + options_.epsilon) / (static_cast<double>(signal.rows()) * samples);
    for_each(batch, steps, [&](Index t, Index b) {
      if (!known(batch, t, b)) return;
      const auto d = 2 * first * filtered(error, batch, t, b);
      slopes.col(t * batch.size + b) += d;
      if (!begins(batch, t, b)) slopes.col((t - 1) * batch.size + b) -= options_.pre_emphasis * d;
    });
    for (Index b = 0; b < batch.size; ++b) {
      const Index length = batch.length(b, steps);
      if (length == 0) continue;
      Vector<double> mean = Vector<double>::Zero(signal.rows());
      for (Index t = 0; t < length; ++t) mean += error.col(t * batch.size + b) / static_cast<double>(length);
      offsets += mean.squaredNorm();
      for (Index t = 0; t < length; ++t)
        slopes.col(t * batch.size + b) += 2 * second / static_cast<double>(length) * mean;
    }
    return first * filtered_energy(error, batch) + second * offsets;
  }

  template <class F>
  static void for_each(const Batch& batch, Index steps, F f) {
    for (Index b = 0; b < batch.size; ++b)
      for (Index t = 0; t < batch.length(b, steps); ++t) f(t, b);
  }

  ErrorToSignalOptions options_;
};

}  // namespace unroll::inline UNROLL_TARGET
