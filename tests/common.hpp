#pragma once

#include "unroll/compiled.hpp"
#include "unroll/unroll.hpp"

// What most tests use is compiled once, in common.cpp: it is the larger part of what each of them would compile.

namespace unroll::inline UNROLL_TARGET {

UNROLL_COMPILED_OF(double)
UNROLL_COMPILED_STEP(float, detail::PointwiseStep<cells::ReluRnn, float>)
UNROLL_COMPILED_STEP(float, detail::PointwiseStep<cells::OriginalGru, float>)
UNROLL_COMPILED_STEP(float, detail::LayerNormStep<float>)
UNROLL_COMPILED_STEP(double, detail::PointwiseStep<cells::ReluRnn, double>)
UNROLL_COMPILED_STEP(double, detail::PointwiseStep<cells::OriginalGru, double>)
UNROLL_COMPILED_STEP(double, detail::PointwiseStep<cells::PeepholeLstm, double>)
UNROLL_COMPILED_STEP(double, detail::PointwiseStep<cells::MinLstm, double>)
UNROLL_COMPILED_STEP(double, detail::LayerNormStep<double>)
UNROLL_COMPILED_STEP(double, detail::ProjectedStep<double>)

}  // namespace unroll::inline UNROLL_TARGET
