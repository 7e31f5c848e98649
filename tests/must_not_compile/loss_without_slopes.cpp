// expect: a function (y, target, d_y)
#include "unroll/unroll.hpp"

void train(const unroll::Dense<float>& model, const unroll::Sequences<float>& data) {
#ifdef UNROLL_MUST_COMPILE
  evaluate(model, data, [](const auto& y, const auto& target, auto& d_y) -> double {
    d_y = y - target;
    return (y - target).squaredNorm() / 2;
  });
#else
  evaluate(model, data, [](const auto& y, const auto& target) -> double { return (y - target).squaredNorm() / 2; });
#endif
}
