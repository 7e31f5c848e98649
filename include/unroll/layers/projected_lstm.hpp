#pragma once

#include "unroll/engine/projected_step.hpp"
#include "unroll/engine/recurrent.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A long short-term memory whose output is a projection of its H units to O numbers, which are fed back (Sak, Senior &
/// Beaufays 2014, equations 1 to 7 without peepholes; PyTorch's `proj_size`). Its memory may be large while W_hh stays
/// small:
///
///   i f g o   W_ih x_t + W_hh h_{t-1} + bias, then as in an Lstm
///   c = f c + i g
///   h = W_hr (o tanh(c))
///
/// weight_hh is 4 H x O, weight_hr O x H; state h has O rows and c has H. `ProjectedLstm<>(inputs, units, outputs,
/// random)`; Inputs and O are sizes at compile time, or Dynamic.
template <class Scalar = float, int Inputs = Dynamic, int O = Dynamic>
using ProjectedLstm = RecurrentLayer<detail::ProjectedStep<Scalar>, Inputs, O>;

}  // namespace unroll::inline UNROLL_TARGET
