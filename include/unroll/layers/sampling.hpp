#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "unroll/core/error.hpp"
#include "unroll/core/log_sum_exp.hpp"
#include "unroll/core/random.hpp"

/// Tokens out of logits: one drawn at a time, or the likeliest sequence.
namespace unroll::inline UNROLL_TARGET {

/// Which tokens may be drawn, and how random the draw is.
struct SamplingOptions {
  double temperature = 1;  ///< divides the logits, at least 0; 0: the likeliest token always
  Index top_k = 0;         ///< only so many of the likeliest tokens; 0: all
  double top_p = 1;        ///< only the likeliest tokens whose chances together reach this; above 0, at most 1
};

namespace detail {

/// Logits in double. A token whose logit is minus infinity is impossible.
template <class Y>
Vector<double> require_logits(const char* caller, const Eigen::DenseBase<Y>& logits) {
  require(logits.size() >= 1 && logits.cols() == 1, caller, ": logits are ", logits.rows(), " x ", logits.cols(),
          ", expected a column of one at least");
  const Vector<double> y = logits.template cast<double>();
  require(!y.hasNaN() && std::isfinite(y.maxCoeff()), caller, ": a logit is no finite number");
  return y;
}

}  // namespace detail

/// The likeliest token of a column of logits, the first of equal ones. Throws std::invalid_argument for anything but a
/// column of numbers, and where none is above minus infinity.
template <class Y>
Index greedy(const Eigen::DenseBase<Y>& logits) {
  Index token = 0;
  detail::require_logits("greedy", logits).maxCoeff(&token);
  return token;
}

/// The chance of each token to be drawn, V numbers: softmax(logits / temperature), cut to the top_k likeliest tokens
/// and then to the likeliest whose chances together reach top_p (Fan et al. 2018; Holtzman et al. 2020, equations 2 and
/// 3). Throws std::invalid_argument for options that make no sense and logits that are NaN.
template <class Y>
Vector<double> chances(const Eigen::DenseBase<Y>& logits, const SamplingOptions& how = {}) {
  detail::require(how.temperature >= 0 && std::isfinite(how.temperature), "sample: temperature is ", how.temperature,
                  ", expected at least 0", how.temperature > 0 ? " and finite" : "");
  detail::require(how.top_k >= 0, "sample: top_k is ", how.top_k, ", expected at least 0");
  detail::require(how.top_p > 0 && how.top_p <= 1, "sample: top_p is ", how.top_p, ", expected above 0 and up to 1");
  Vector<double> p = detail::require_logits("sample", logits);
  if (how.temperature == 0) return Vector<double>::Unit(p.size(), greedy(p));
  p = ((p.array() - p.maxCoeff()) / how.temperature).eval();
  detail::log_sum_exp(p.data(), p.size(), p.data());
  std::vector<Index> order(static_cast<std::size_t>(p.size()));
  std::iota(order.begin(), order.end(), Index(0));
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return p[a] > p[b]; });
  const Index most = how.top_k == 0 ? p.size() : how.top_k;
  double kept = 0, all = 0;
  for (Index k = 0; k < (std::min)(most, p.size()); ++k) all += p[order[static_cast<std::size_t>(k)]];
  for (Index k = 0; k < p.size(); ++k) {
    double& chance = p[order[static_cast<std::size_t>(k)]];
    if (k >= most || (k > 0 && how.top_p < 1 && kept >= how.top_p * all)) chance = 0;
    kept += chance;
  }
  return p / kept;
}

/// Draws a token from a column of logits: the generator's next number decides.
template <class Y>
Index sample(const Eigen::DenseBase<Y>& logits, Random& random, const SamplingOptions& how = {}) {
  const Vector<double> p = chances(logits, how);
  double left = random.uniform();
  Index token = 0;
  for (Index k = 0; k < p.size(); ++k) {
    if (p[k] == 0) continue;
    token = k;
    if (left < p[k]) break;
    left -= p[k];
  }
  return token;
}

/// How beam_search looks for sequences.
struct BeamOptions {
  Index width = 4;            ///< sequences that are kept at every step, at least 1
  Index steps = 100;          ///< tokens of the longest sequence, at least 1
  Index end = -1;             ///< the token that ends a sequence; -1: none does
  double length_penalty = 0;  ///< ranks by log chance / ((5 + tokens) / 6)^penalty (Wu et al. 2016, equation 14)

  /// Throws std::invalid_argument for options that make no sense.
  void require_valid() const {
    detail::require(width >= 1, "beam_search: width is ", width, ", expected at least 1");
    detail::require(steps >= 1, "beam_search: steps is ", steps, ", expected at least 1");
    detail::require(end >= -1, "beam_search: end is ", end, ", expected a token, or -1");
    detail::require(std::isfinite(length_penalty), "beam_search: length_penalty is ", length_penalty,
                    ", expected a finite number");
  }
};

/// A sequence that beam_search found.
template <class State>
struct Hypothesis {
  std::vector<Index> tokens;  ///< without the first one, which was given; with the end
  double log_chance = 0;      ///< of all its tokens together
  State state;                ///< after all tokens but the last were taken in
  bool ended = false;         ///< its last token is the end
};

namespace detail {

/// One more token after the beam's sequence `from`; -1: that sequence has ended, and stays as it is.
struct Continuation {
  std::size_t from;
  Index token;
  double log_chance, rank;

  bool operator<(const Continuation& other) const {  // the better first
    return rank != other.rank ? rank > other.rank : std::pair(from, token) < std::pair(other.from, other.token);
  }
};

/// All continuations of the beam's sequences, whose states take in the last token here.
template <class State, class Step>
std::vector<Continuation> continuations(std::vector<Hypothesis<State>>& beam, Index first, Step& step,
                                        const BeamOptions& how) {
  std::vector<Continuation> all;
  const auto add = [&](std::size_t from, Index token, double log_chance, std::size_t tokens) {
    const double rank = log_chance / std::pow((5 + static_cast<double>(tokens)) / 6, how.length_penalty);
    all.push_back({from, token, log_chance, rank});
  };
  for (std::size_t k = 0; k < beam.size(); ++k) {
    Hypothesis<State>& one = beam[k];
    const std::size_t tokens = one.tokens.size();
    if (one.ended) {
      add(k, -1, one.log_chance, tokens);
      continue;
    }
    const Vector<double> y = require_logits("beam_search", step(one.state, tokens == 0 ? first : one.tokens.back()));
    require(how.end < y.size(), "beam_search: end is ", how.end, ", there are ", y.size(), " tokens");
    Vector<double> softmax(y.size());
    const LogSumExp sum = log_sum_exp(y.data(), y.size(), softmax.data());
    for (Index token = 0; token < y.size(); ++token)
      if (y[token] >= std::numeric_limits<double>::lowest())  // else it is impossible
        add(k, token, one.log_chance - sum.surprise(y[token]), tokens + 1);
  }
  return all;
}

}  // namespace detail

/// The likeliest sequences after the token `first`, the best one first. There are at most `width`, and fewer where
/// logits of minus infinity leave no more. `step(state, token)` takes a token in and gives the logits of the next, V x
/// 1. The state is a value, such as a Stream, whose copies share its weights.
///
///   const auto found = beam_search(Stream(model), start, [](auto& stream, Index token) -> Vector<float> {
///     return stream.step(token);
///   }, {.width = 4, .end = 0});
///
/// Throws std::invalid_argument for options that make no sense and logits that are NaN, and passes on what step throws.
template <class State, class Step>
std::vector<Hypothesis<State>> beam_search(State start, Index first, Step step, const BeamOptions& how = {}) {
  how.require_valid();
  std::vector<Hypothesis<State>> beam{{{}, 0, std::move(start)}};
  for (Index t = 0; t < how.steps; ++t) {
    auto all = detail::continuations(beam, first, step, how);
    const auto kept = all.begin() + (std::min)(how.width, static_cast<Index>(all.size()));
    std::partial_sort(all.begin(), kept, all.end());
    std::vector<Hypothesis<State>> next;
    for (auto found = all.begin(); found != kept; ++found) {
      next.push_back(beam[found->from]);
      if (found->token < 0) continue;
      next.back().tokens.push_back(found->token);
      next.back().log_chance = found->log_chance;
      next.back().ended = found->token == how.end;
    }
    beam = std::move(next);
    if (std::all_of(beam.begin(), beam.end(), [](const auto& one) { return one.ended; })) break;
  }
  return beam;
}

}  // namespace unroll::inline UNROLL_TARGET
