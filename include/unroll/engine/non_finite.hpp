#pragma once

#include <cmath>
#include <optional>
#include <string>

#include "unroll/engine/tape.hpp"

namespace unroll::inline UNROLL_TARGET {

/// Where the first number that is not finite came up, in the order in which the steps were processed.
struct NonFinite {
  std::string layer;      ///< its place in the model and its name, "1.Lstm"
  std::string gate;       ///< the gate or state
  Index step = 0;         ///< t
  Index sample = 0;       ///< b
  bool backward = false;  ///< found in dL/d pre-activation, not in the forward pass
  const char* kind = "";  ///< "gate ", "state ", or nothing for an output

  /// "1.Lstm: gate f of sample 3 is not finite at step 17 (backward)"
  std::string message() const {
    return detail::text(layer, ": ", kind, gate, " of sample ", sample, " is not finite at step ", step,
                        backward ? " (backward)" : " (forward)");
  }
};

namespace detail {

/// The first output that is not finite; y has one column for each step of a sample.
template <class Scalar>
std::optional<NonFinite> find_non_finite_output(const char* layer, const Matrix<Scalar>& y, const Batch& batch) {
  for (Index j = 0; j < y.cols(); ++j)
    if (!y.col(j).allFinite()) return NonFinite{layer, "y", j / batch.size, j % batch.size, false};
  return std::nullopt;
}

/// Searches the tape of a forward pass, or what a backward pass made of it. If the pass was not recorded, it searches
/// the states that are kept and the final ones.
template <class Step>
std::optional<NonFinite> find_non_finite(const RecurrentTape<Step>& tape) {
  using Cell = typename Step::Cell;
  using Content = typename RecurrentTape<Step>::Content;
  if (tape.content == Content::nothing) return std::nullopt;
  const bool backward = tape.content == Content::gradients;
  const auto search = [&](const char* kind, const char* name, Index units, Index t,
                          const auto& value) -> std::optional<NonFinite> {
    for (Index b = 0; b < tape.size(); ++b)
      for (Index unit = 0; tape.active(t, b) && unit < units; ++unit)
        if (!std::isfinite(value(unit, b))) return NonFinite{Step::name(), name, t, b, backward, kind};
    return std::nullopt;
  };
  for (Index s = 0; s < tape.steps; ++s) {
    const Index t = tape.step_at(backward ? tape.steps - 1 - s : s);
    for (int gate = 0; gate < gate_count<Cell> && tape.content != Content::outputs; ++gate) {
      const auto value = [&](Index unit, Index b) { return tape.gates.value(gate, unit, t * tape.size() + b); };
      if (auto found = search("gate ", Cell::gate_names[static_cast<std::size_t>(gate)], tape.gates.units(), t, value))
        return found;
    }
    for (std::size_t n = 0; !backward && n < tape.states.size() && tape.whole(n); ++n) {
      const auto value = [&](Index unit, Index b) {
        return tape.states[n](unit, tape.next_block(t) * tape.size() + b);
      };
      if (auto found = search("state ", Cell::state_names[n], tape.states[n].rows(), t, value)) return found;
    }
  }
  for (std::size_t n = 0; n < tape.states.size(); ++n)
    for (Index b = 0; b < tape.size() && !tape.whole(n); ++b)
      if (!tape.final_state.values[n].col(b).allFinite())
        return NonFinite{Step::name(), Cell::state_names[n], tape.last_step(b), b, false, "state "};
  return std::nullopt;
}

}  // namespace detail

}  // namespace unroll::inline UNROLL_TARGET
