#pragma once

#include "unroll/optimizers/optimizer.hpp"

namespace unroll::inline UNROLL_TARGET::detail {

/// What Adam and its descendants share: two moments, and their options beta1, beta2 and epsilon.
template <class Scalar>
struct AdamMoments {
  static constexpr std::array<const char*, 2> names{"m", "v"};

  Scalar beta1, rest1, beta2, rest2, epsilon;

  template <class Options>
  explicit AdamMoments(const Options& o)
      : beta1(static_cast<Scalar>(o.beta1)),
        rest1(static_cast<Scalar>(1 - o.beta1)),
        beta2(static_cast<Scalar>(o.beta2)),
        rest2(static_cast<Scalar>(1 - o.beta2)),
        epsilon(divisor_epsilon<Scalar>(o.epsilon)) {}

  template <class V>
  void add(const V& g, V& m, V& v) const {
    m = beta1 * m + rest1 * g;
    v = beta2 * v + rest2 * g * g;
  }

  template <class Options>
  static void check(const char* caller, const Options& o) {
    require_fraction(caller, "beta1", o.beta1);
    require_fraction(caller, "beta2", o.beta2);
    require_not_negative(caller, "epsilon", o.epsilon);
  }
  template <class F, class Options>
  static void each_option(F&& f, const Options& o) {
    f("beta1", o.beta1);
    f("beta2", o.beta2);
    f("epsilon", o.epsilon);
  }
};

}  // namespace unroll::inline UNROLL_TARGET::detail
