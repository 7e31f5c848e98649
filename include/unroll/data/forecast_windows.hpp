#pragma once

#include <algorithm>
#include <memory>

#include "unroll/data/example.hpp"
#include "unroll/data/split.hpp"

namespace unroll::inline UNROLL_TARGET {

/// What ForecastWindows cuts out of a series.
struct ForecastOptions {
  Index past = 1;                       ///< T: the steps that a model reads
  Index horizon = 1;                    ///< the steps right after them, which it predicts
  Index stride = 1;                     ///< steps from one window to the next
  std::vector<Index> targets = {};      ///< the rows that it predicts; empty: all but those known ahead
  std::vector<Index> known_ahead = {};  ///< rows that are known a horizon ahead: a calendar, a plan
};

/// Windows of one or many series, and what comes after each. They are for models that read T steps and predict the next
/// ones at the last of them (`Readout::last`).
///
/// Each series is I x L, of any L. With O targets and K rows known ahead a window's x is (I + K horizon) x T: at step t
/// the series' rows, then the known rows of step t+1, of t+2, ... Its target is (O horizon) x 1: the O rows of the
/// first step after the window, then those of the second, ... Windows are shuffled; the series are held once.
///
///   const ForecastWindows<float> windows({unit.apply(series)}, 32, {.past = 168, .horizon = 24, .targets = {0}});
///   const auto [training, validation, test] = split_by_time(windows, 0.1, 0.1);
template <class Scalar_>
class ForecastWindows {
 public:
  using Scalar = Scalar_;

  /// Where a window lies.
  struct Window {
    Index series;  ///< its number
    Index target;  ///< the step of the series that its target begins with
  };

  /// Takes the series over; `batch_size` is B. `weights`, if given, have the series' shapes. They say what each number
  /// weighs where it is a target (0: it is not known). Throws std::invalid_argument for shapes, rows and options that
  /// do not fit, and for a series that is too short for a window.
  ForecastWindows(std::vector<Matrix<Scalar>> series, Index batch_size, ForecastOptions options,
                  std::vector<Matrix<Scalar>> weights = {})
      : options_(std::move(options)), batch_size_(batch_size) {
    require_fit(series, weights);
    if (options_.targets.empty()) options_.targets = all_but_known(series[0].rows());
    numbers_ = std::make_shared<const Numbers>(Numbers{std::move(series), std::move(weights)});
    for (const Matrix<Scalar>& one : numbers_->series) spans_.push_back({0, one.cols()});
    for (std::size_t n = 0; n < spans_.size(); ++n) cut(n);
    batch_size_ = (std::min)(batch_size_, size());  // sums with it stay numbers
  }

  /// The windows, in the order of time, series by series.
  const std::vector<Window>& windows() const { return windows_; }
  /// The options that it was made with.
  const ForecastOptions& options() const { return options_; }
  /// The number of batches an epoch.
  Index batches() const { return (size() + batch_size_ - 1) / batch_size_; }
  /// The windows' numbers, shuffled where there is a seed.
  std::vector<Index> order(std::optional<std::uint64_t> seed) const { return shuffled(size(), seed); }

  /// The k-th batch.
  Example<Scalar> example(Index k, const std::vector<Index>& order) const {
    const Index first = k * batch_size_, count = (std::min)(batch_size_, size() - first);
    const Index rows = numbers_->series[0].rows(), ahead = count_of(options_.known_ahead) * options_.horizon;
    const Index targets = count_of(options_.targets) * options_.horizon;
    Example<Scalar> result;
    result.batch.size = count;
    result.x.resize(rows + ahead, options_.past * count);
    result.target.resize(targets, count);
    if (!numbers_->weights.empty()) result.weights.reserve(static_cast<std::size_t>(targets * count));
    for (Index b = 0; b < count; ++b) {
      const auto [n, target] = windows_[static_cast<std::size_t>(order[static_cast<std::size_t>(first + b)])];
      const Matrix<Scalar>& series = numbers_->series[static_cast<std::size_t>(n)];
      for (Index t = 0; t < options_.past; ++t) {
        const Index step = target - options_.past + t;
        auto x = result.x.col(t * count + b);
        x.head(rows) = series.col(step);
        put_behind(series, options_.known_ahead, step + 1, x.tail(ahead));
      }
      put_behind(series, options_.targets, target, result.target.col(b));
      if (numbers_->weights.empty()) continue;
      Vector<Scalar> weights(targets);
      put_behind(numbers_->weights[static_cast<std::size_t>(n)], options_.targets, target, weights);
      result.weights.insert(result.weights.end(), weights.data(), weights.data() + targets);
    }
    return result;
  }

  /// The windows whose targets lie between two steps of their series; `range(L)` gives the first step and the one after
  /// the last. The first target begins exactly there; what its window reads may lie before. Of a part that `within` or
  /// `split_by_time` made, L is the part's number of steps, and they count from its first. Steps after the last are
  /// none.
  template <class Range>
  ForecastWindows within(Range range) const {
    ForecastWindows part = *this;
    part.windows_.clear();
    for (std::size_t n = 0; n < spans_.size(); ++n) {
      const Index steps = spans_[n].to - spans_[n].from;
      const auto [from, to] = range(steps);
      const auto place = [&](Index step) { return spans_[n].from + std::clamp<Index>(step, 0, steps); };
      part.spans_[n] = {place((std::min)(Index(from), Index(to))), place(to)};
      part.cut(n);
    }
    return part;
  }

 private:
  struct Numbers {
    std::vector<Matrix<Scalar>> series, weights;
  };
  /// The steps of a series that targets lie in: the first, and the one after the last.
  struct Span {
    Index from, to;
  };

  bool known_ahead(Index row) const {
    const auto& rows = options_.known_ahead;
    return std::find(rows.begin(), rows.end(), row) != rows.end();
  }
  std::vector<Index> all_but_known(Index rows) const {
    std::vector<Index> others;
    for (Index row = 0; row < rows; ++row)
      if (!known_ahead(row)) others.push_back(row);
    detail::require(!others.empty(), "ForecastWindows: all rows are known ahead, none is left as a target");
    return others;
  }

  static Index count_of(const std::vector<Index>& rows) { return static_cast<Index>(rows.size()); }
  Index size() const { return static_cast<Index>(windows_.size()); }

  void cut(std::size_t n) {
    const auto [from, to] = spans_[n];
    const Index stride = (std::min)(options_.stride, to);  // sums with it stay numbers
    for (Index step = (std::max)(from, options_.past); step + options_.horizon <= to; step += stride)
      windows_.push_back({static_cast<Index>(n), step});
  }

  /// Writes the rows of the `horizon` steps from `step` on one below the other.
  template <class Column>
  void put_behind(const Matrix<Scalar>& from, const std::vector<Index>& rows, Index step, Column&& to) const {
    Index at = 0;
    for (Index t = step; t < step + options_.horizon; ++t)
      for (const Index row : rows) to[at++] = from(row, t);
  }

  void require_fit(const std::vector<Matrix<Scalar>>& series, const std::vector<Matrix<Scalar>>& weights) const {
    using detail::require;
    const auto& [past, horizon, stride, targets, known] = options_;
    require(past >= 1 && horizon >= 1 && stride >= 1, "ForecastWindows: past is ", past, ", horizon ", horizon,
            ", stride ", stride, ", expected at least 1 of each");
    require(batch_size_ >= 1, "ForecastWindows: batch_size is ", batch_size_, ", expected at least 1");
    require(!series.empty(), "ForecastWindows: there is no series");
    require(weights.empty() || weights.size() == series.size(), "ForecastWindows: ", weights.size(), " weights for ",
            series.size(), " series");
    for (std::size_t n = 0; n < series.size(); ++n) {
      const Index rows = series[n].rows(), steps = series[n].cols();
      require(rows == series[0].rows(), "ForecastWindows: series ", n, " has ", rows, " rows, series 0 has ",
              series[0].rows());
      require(steps - past >= horizon, "ForecastWindows: series ", n, " has ", steps, " steps, expected at least past ",
              past, " and horizon ", horizon);
      require(weights.empty() || (weights[n].rows() == rows && weights[n].cols() == steps), "ForecastWindows: weights ",
              n, " are ", weights.empty() ? 0 : weights[n].rows(), " x ", weights.empty() ? 0 : weights[n].cols(),
              ", expected ", rows, " x ", steps);
    }
    for (const auto* list : {&targets, &known})
      for (const Index row : *list)
        require(row >= 0 && row < series[0].rows(), "ForecastWindows: ", list == &targets ? "targets" : "known_ahead",
                " names row ", row, ", expected 0 to ", series[0].rows() - 1);
    for (const Index row : targets) {
      require(!known_ahead(row), "ForecastWindows: row ", row,
              " is a target and known ahead: a model would be given what "
              "it shall tell");
      require(std::count(targets.begin(), targets.end(), row) == 1, "ForecastWindows: targets names row ", row,
              " twice");
    }
  }

  ForecastOptions options_;
  Index batch_size_;
  std::shared_ptr<const Numbers> numbers_;
  std::vector<Span> spans_;  // of each series
  std::vector<Window> windows_;
};

/// Windows in three parts, in the order of time.
template <class Scalar>
struct ForecastSplit {
  ForecastWindows<Scalar> training;    ///< what the model learns from
  ForecastWindows<Scalar> validation;  ///< what chooses among models, or says when to stop
  ForecastWindows<Scalar> test;        ///< what judges the model that was chosen
};

/// Splits windows by time; each series is cut where split_by_time cuts its steps. A window belongs to the part that
/// holds its whole target; one whose target lies in two parts is left out. So no model learns from a number that a
/// later part asks for, but the first windows of a later part read what was known before it. Throws
/// std::invalid_argument where a part has no window, unless its share is 0.
template <class Scalar>
ForecastSplit<Scalar> split_by_time(const ForecastWindows<Scalar>& windows, double validation, double test) {
  const auto part = [&](const char* name, bool wanted, Index least, auto range) {
    Index longest = 0;
    const auto result = windows.within([&](Index steps) {
      const auto [from, to] = range(detail::cut_by_time(steps, validation, test), steps);
      longest = (std::max)(longest, to - from);
      return std::pair(from, to);
    });
    detail::require(!wanted || !result.windows().empty(), "split_by_time: the longest ", name, " part has ", longest,
                    " steps, expected at least ", least);
    return result;
  };
  const Index past = windows.options().past, horizon = windows.options().horizon;
  return {part("training", true, past + horizon, [](auto cuts, Index) { return std::pair(Index(0), cuts.validation); }),
          part("validation", validation > 0, horizon,
               [](auto cuts, Index) { return std::pair(cuts.validation, cuts.test); }),
          part("test", test > 0, horizon, [](auto cuts, Index steps) { return std::pair(cuts.test, steps); })};
}

}  // namespace unroll::inline UNROLL_TARGET
