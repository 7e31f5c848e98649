#pragma once

#include <string>
#include <type_traits>

#include "unroll/core/memory.hpp"
#include "unroll/core/parameters.hpp"
#include "unroll/engine/batch.hpp"

namespace unroll::inline UNROLL_TARGET {

/// What the tape of a layer needs at least; each layer adds its buffers.
template <class Scalar, class State>
struct LayerTape {
  bool recorded = false;  ///< whether the last forward pass came to its end
  Matrix<Scalar> y;       ///< the outputs
  Matrix<Scalar> d_x;     ///< dL/dx, of x's shape
  State final_state;      ///< after each sequence's own end
  State d_initial;        ///< dL/d initial state

  /// The outputs of the last forward pass.
  Output<Scalar> output() const { return {y.data(), y.rows(), y.cols()}; }
  /// dL/dx of the last backward pass.
  Output<Scalar> d_input() const { return {d_x.data(), d_x.rows(), d_x.cols()}; }
};

namespace detail {

/// The name of a layer in messages; one without a name is "model".
template <class L>
constexpr const char* layer_name() {
  if constexpr (requires { L::name(); })
    return L::name();
  else
    return "model";
}

/// Whether x lies in what a tape gave back, its states too, or in what one of its inner tapes gave back; each_tape(f)
/// visits these.
template <class X, class Tape>
bool lies_in(const X& x, const Tape& tape) {
  bool found = overlap(x, tape.output()) || overlap(x, tape.d_input());
  const auto check = [&](const std::string&, const auto& value) { found = found || overlap(x, value); };
  using State = std::remove_cvref_t<decltype(tape.final_state)>;
  State::visit(check, std::string(), tape.final_state);
  if constexpr (requires { tape.d_initial; }) State::visit(check, std::string(), tape.d_initial);
  if constexpr (requires { tape.each_tape([](const auto&) {}); })
    tape.each_tape([&](const auto& part) { found = found || lies_in(x, part); });
  return found;
}

/// A copy of x where it lies in memory that a pass writes, else nothing.
template <class Scalar, class Tape>
Matrix<Scalar> copy_if_in(const Tape& tape, const Input<Scalar>& x) {
  return lies_in(x, tape) ? Matrix<Scalar>(x) : Matrix<Scalar>();
}

/// Whether a state is the d_initial of a tape, or of one of its inner tapes. A backward pass writes it.
template <class State, class Tape>
bool is_d_initial(const State& state, const Tape& tape) {
  bool found = false;
  if constexpr (std::is_same_v<State, std::remove_cvref_t<decltype(tape.d_initial)>>) found = &state == &tape.d_initial;
  if constexpr (requires { tape.each_tape([](const auto&) {}); })
    tape.each_tape([&](const auto& part) { found = found || is_d_initial(state, part); });
  return found;
}

/// Whether no pass has filled a state. One that a pass left has a column a sample, even where it has no rows.
template <class State>
bool is_empty(const State& state) {
  bool empty = true;
  State::visit([&](const std::string&, const auto& value) { empty = empty && value.cols() == 0; }, std::string(),
               state);
  return empty;
}

/// Whether a layer, or one that it is made of, carries something from step to step.
template <class L>
bool keeps_state([[maybe_unused]] const L& layer) {
  using State = typename L::State;
  State state;
  if constexpr (requires { layer.empty_state(); }) state = layer.empty_state();
  bool any = false;
  State::visit([&](const std::string&, const auto&) { any = true; }, std::string(), state);
  return any;
}

}  // namespace detail

/// The base of a layer: class MyLayer : public LayerBase<MyLayer>. The layer defines
///
///   require_forward(rows, columns, batch, initial)                    the checks of x's shape and the rest
///   require_backward(rows, columns, tape, gradient, options, d_final)
///   run(x, tape, batch, initial, options)                             the passes, unchecked
///   run_back(x, d_y, tape, gradient, options, d_final)
///
/// and LayerBase makes `forward` and `backward` of them. These check once, copy what lies in the tape's memory, and
/// run. A layer made of layers calls their require_* in its own, and their run and run_back. A layer whose outputs are
/// one column a sample defines its own reads_out().
template <class Derived>
class LayerBase {
 public:
  /// Whether the outputs are one column a sample, whatever the number of steps.
  bool reads_out() const { return false; }

  /// The outputs, owned by the tape. x is I x (T*B); x and `initial` may be what this tape gave back. Throws
  /// std::invalid_argument for what does not fit, and changes nothing then.
  template <class L = Derived>
  Output<typename L::Scalar> forward(const Input<typename L::Scalar>& x, typename L::Tape& tape,
                                     const Batch& batch = {}, const typename L::State& initial = {},
                                     const ForwardOptions& options = {}) const {
    using X = Input<typename L::Scalar>;
    self().require_forward(x.rows(), x.cols(), batch, initial);
    detail::require(
        !batch.continues || x.cols() == 0 || !detail::is_empty(initial) || !detail::keeps_state(self()),
        detail::layer_name<L>(),
        "::forward: the batch goes on from the steps before it (Batch::continues), but the initial state is "
        "empty; give it the final state that they left");
    const auto copy = detail::copy_if_in<typename L::Scalar>(tape, x);
    return self().run(copy.size() == 0 ? x : X(copy), tape, batch, initial, options);
  }

  /// dL/dx, owned by the tape. x must be what `forward` saw; `d_y` is dL/d outputs, and `d_final` is dL/d final state
  /// (empty: zeros). All three may be what this tape gave back. Adds dL/d parameters to `gradient`. Consumes the tape.
  ///
  /// Throws std::invalid_argument for what does not fit, and std::logic_error without a forward pass to go back
  /// through; it changes nothing then.
  template <class L = Derived>
  Output<typename L::Scalar> backward(const Input<typename L::Scalar>& x, const Input<typename L::Scalar>& d_y,
                                      typename L::Tape& tape, std::type_identity_t<L>& gradient,
                                      const BackwardOptions& options = {},
                                      const typename L::State& d_final = {}) const {
    using Scalar = typename L::Scalar;
    using State = typename L::State;
    using X = Input<Scalar>;
    detail::require(&gradient != &self(), detail::layer_name<L>(),
                    "::backward: the gradient is the model itself; it wants a value of its own, zeros_like(model)");
    self().require_backward(x.rows(), x.cols(), tape, gradient, options, d_final);
    const Output<Scalar> y = tape.output();
    detail::require_shape(detail::layer_name<L>(), "d_y", d_y.rows(), d_y.cols(), y.rows(), y.cols());
    const auto x_copy = detail::copy_if_in<Scalar>(tape, x);
    const auto d_y_copy = detail::copy_if_in<Scalar>(tape, d_y);
    const bool own_state = detail::is_d_initial(d_final, tape);
    const State state_copy = own_state ? d_final : State();
    return self().run_back(x_copy.size() == 0 ? x : X(x_copy), d_y_copy.size() == 0 ? d_y : X(d_y_copy), tape, gradient,
                           options, own_state ? state_copy : d_final);
  }

 private:
  const Derived& self() const { return static_cast<const Derived&>(*this); }
};

}  // namespace unroll::inline UNROLL_TARGET
