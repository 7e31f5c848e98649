#pragma once

#include <array>
#include <utility>
#include <vector>

#include "unroll/cells/cell.hpp"
#include "unroll/product/blocked_matrix.hpp"

/// What the steps of all recurrent layers see and share.
namespace unroll::inline UNROLL_TARGET::detail {

template <class Cell, class P, class Pointers>
UNROLL_IN_A_LOOP StateValues<Cell, P> load_states(const Pointers& states, Index offset, Index count) {
  return array_of<state_count<Cell>>([&]<int n>() { return P::load(states[n] + offset, count); });
}

/// Loads the gates of one panel of one column. The panel has `lanes` lanes; P may be its first half.
template <class Cell, class P, int lanes = P::size>
UNROLL_IN_A_LOOP GateValues<Cell, P> load_gates(const typename P::Lane* from) {
  return array_of<gate_count<Cell>>([&]<int g>() { return P::load(from + g * lanes); });
}
template <class Cell, class P, int lanes = P::size>
UNROLL_IN_A_LOOP void store_gates(const GateValues<Cell, P>& values, typename P::Lane* to) {
  unrolled<gate_count<Cell>>([&]<int g>() { values[g].store(to + g * lanes); });
}

/// One step of all samples on the way forward, with N states.
template <class Scalar, std::size_t N>
struct ForwardView {
  Index t;                                      // the step; weights are read backwards at odd ones
  Index first;                                  // its first column of the gates
  Index size;                                   // B
  std::array<const Scalar*, N> before = {};     // the states before it, B columns each
  std::array<Scalar*, N> next = {};             // the states after it
  const Scalar* fed_back = nullptr;             // O x B: h before the step, with its dropout
  const Scalar* mask = nullptr;                 // O x B: recurrent dropout, or null
  std::array<const Scalar*, N> kept = {};       // zoneout: the share of each state that stays, or null
  std::array<Scalar*, N> candidates = {};       // zoneout: where to leave what the rule made, or null
  const std::vector<Index>* lengths = nullptr;  // past them the states become zero
  bool keep_gates = false;                      // whether what the rule leaves in its gates is wanted
  bool activated = false;                       // whether the gates of a LinearCell are activated already
  bool padded = false;                          // whether the states have room for whole panels of units
  Member member = {};                           // the one whose part of the units is computed

  bool is_past_end(Index b) const { return lengths != nullptr && t >= (*lengths)[static_cast<std::size_t>(b)]; }

  /// Stores some units of a sample's n-th state as the rule made them, with zoneout; zero past the sequence's end.
  template <class P>
  UNROLL_INNER_LOOP void leave(std::size_t n, P value, Index offset, Index count, bool past_end) const {
    if (kept[n] != nullptr) {
      if (candidates[n] != nullptr) value.store(candidates[n] + offset, count);
      const auto share = P::load(kept[n] + offset, count);
      value = share * P::load(before[n] + offset, count) + (1 - share) * value;
    }
    if (past_end) value = Scalar(0);
    value.store(next[n] + offset, count);
  }
  template <class P, std::size_t... n>
  UNROLL_INNER_LOOP void leave(const std::array<P, N>& values, Index offset, Index count, bool past_end,
                               std::index_sequence<n...>) const {
    (leave(n, values[n], offset, count, past_end), ...);
  }
};

/// One step of all samples on the way back.
template <class Scalar, std::size_t N>
struct BackwardView {
  std::array<Scalar*, N> d_state;       // dL/d states, B columns each: of those after the step, then of those before it
  std::array<const Scalar*, N> before;  // the states before it
  std::array<const Scalar*, N> made;    // the states that the rule made
  std::array<const Scalar*, N> kept;    // zoneout: the share of each state that stays, or null
  const Scalar* d_y;                    // dL/dh of the step alone, or null
  Index d_y_stride;                     // from sample to sample

  template <class P>
  struct Arrived {
    P made;  ///< dL/d what the rule made
    P kept;  ///< dL/d what zoneout carried past the rule
  };
  /// dL/d some units of sample b's n-th state, from `unit` on. cut: no error comes from the step after. Adds |dL/dh|^2
  /// to `square` unless that is null.
  template <class P>
  UNROLL_INNER_LOOP Arrived<P> arrive(std::size_t n, Index b, Index unit, Index rows, Index count, bool cut,
                                      double* square) const {
    const Index offset = b * rows + unit;
    P d = cut ? P(0) : P::load(d_state[n] + offset, count);
    if (n == 0) {
      if (d_y != nullptr) d += P::load(d_y + b * d_y_stride + unit, count);
      if (square != nullptr) *square += sum_of_squares(d);
    }
    if (kept[n] == nullptr) return {d, P(0)};
    const P share = P::load(kept[n] + offset, count) * d;
    return {d - share, share};
  }
};

}  // namespace unroll::inline UNROLL_TARGET::detail
