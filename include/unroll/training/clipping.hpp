#pragma once

#include <cmath>
#include <limits>

#include "unroll/core/parameters.hpp"
#include "unroll/engine/batch.hpp"

/// Clips a gradient as a value. BackwardOptions::clip clips inside back-propagation.
///
/// A norm that is not finite is reported, and nothing is scaled by it. All norms are summed in double.
namespace unroll::inline UNROLL_TARGET {

namespace detail {

inline void require_limit(const char* caller, double limit) {
  require(limit > 0, caller, ": the limit is ", limit, ", expected more than 0");
}

/// Scales by limit / norm where the norm is finite and above the limit.
inline ClipReport clip(double norm, double limit, double& scale) {
  const bool clips = norm > limit && norm <= (std::numeric_limits<double>::max)();
  scale = clips ? limit / norm : 1;
  return {norm, clips};
}

}  // namespace detail

/// Sets every value of the gradient to within [-limit, limit]; NaN stays NaN. Throws std::invalid_argument for a limit
/// that is not above 0.
template <class Model>
ClipReport clip_by_value(Model& gradient, double limit) {
  detail::require_limit("clip_by_value", limit);
  ClipReport report{global_norm(gradient), false};
  const auto clip = [&](const std::string&, auto& tensor) {
    using Scalar = typename std::remove_cvref_t<decltype(tensor)>::Scalar;
    const Scalar bound = static_cast<Scalar>(limit);
    for (Index i = 0; i < tensor.size(); ++i) {
      Scalar& value = tensor.data()[i];
      if (!(std::abs(value) > bound)) continue;
      value = value > 0 ? bound : -bound;
      report.clipped = true;
    }
  };
  for_each_tensor(clip, gradient);
  return report;
}

/// Scales one tensor so that its Euclidean norm is at most `limit`. Throws as clip_by_value.
template <class Tensor>
ClipReport clip_tensor_by_norm(Eigen::PlainObjectBase<Tensor>& tensor, double limit) {
  detail::require_limit("clip_tensor_by_norm", limit);
  double scale;
  const ClipReport report = detail::clip(std::sqrt(detail::square_norm(tensor)), limit, scale);
  if (report.clipped) detail::scale_tensor(tensor, scale);
  return report;
}

/// Clips each tensor of the gradient by its own norm; reports the norm of all before, and whether any was clipped.
/// Throws as clip_by_value.
template <class Model>
ClipReport clip_by_tensor_norm(Model& gradient, double limit) {
  detail::require_limit("clip_by_tensor_norm", limit);
  ClipReport report{global_norm(gradient), false};
  for_each_tensor(
      [&](const std::string&, auto& tensor) { report.clipped |= clip_tensor_by_norm(tensor, limit).clipped; },
      gradient);
  return report;
}

/// Scales the whole gradient so that its global norm is at most `limit` (Pascanu, Mikolov & Bengio 2013, algorithm 1).
/// Throws as clip_by_value.
template <class Model>
ClipReport clip_by_global_norm(Model& gradient, double limit) {
  detail::require_limit("clip_by_global_norm", limit);
  double scale;
  const ClipReport report = detail::clip(global_norm(gradient), limit, scale);
  if (report.clipped) detail::scale(gradient, scale);
  return report;
}

}  // namespace unroll::inline UNROLL_TARGET
