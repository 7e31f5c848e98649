#pragma once

#include "unroll/unroll.hpp"

// What most tests use is compiled once, in common.cpp, where SHARED is `template`: it is the larger part of what each
// of them would compile.
#ifndef SHARED
#define SHARED extern template
#endif

/// A recurrent layer of any sizes, packed and streamed, and its ways through time.
#define SHARED_LAYER(Scalar, ...)                                                                                      \
  SHARED class RecurrentLayer<__VA_ARGS__, Dynamic, Dynamic>;                                                          \
  SHARED class PackedRecurrent<__VA_ARGS__, Dynamic, Dynamic, Full>;                                                   \
  SHARED class RecurrentStream<__VA_ARGS__, Dynamic, Dynamic, Full>;                                                   \
  namespace detail {                                                                                                   \
  SHARED void begin_forward(RecurrentTape<__VA_ARGS__>&, const RecurrentSizes&, const Unrolling&,                      \
                            const Input<Scalar>&, const Batch&, const RecurrentTape<__VA_ARGS__>::State&);             \
  SHARED void run_steps(RecurrentTape<__VA_ARGS__>&, const __VA_ARGS__::Packed<Full>&, const Scalar*, Index, Index,    \
                        const Member&);                                                                                \
  SHARED void read_out(RecurrentTape<__VA_ARGS__>&);                                                                   \
  SHARED Output<Scalar> unroll_backward(const __VA_ARGS__::Parameters&, const Input<Scalar>&, const Input<Scalar>&,    \
                                        RecurrentTape<__VA_ARGS__>&, __VA_ARGS__::Parameters&, const BackwardOptions&, \
                                        const RecurrentTape<__VA_ARGS__>::State&);                                     \
  SHARED std::optional<NonFinite> find_non_finite(const RecurrentTape<__VA_ARGS__>&);                                  \
  }

/// The tiles of one to four groups.
#define SHARED_TILES(Scalar, lanes)                 \
  SHARED struct MicroTiles<Pack<Scalar, lanes>, 1>; \
  SHARED struct MicroTiles<Pack<Scalar, lanes>, 2>; \
  SHARED struct MicroTiles<Pack<Scalar, lanes>, 3>; \
  SHARED struct MicroTiles<Pack<Scalar, lanes>, 4>;

namespace unroll::inline UNROLL_TARGET {

namespace detail {
#ifdef UNROLL_EVERY_PROCESSOR
SHARED_TILES(float, 4)
SHARED_TILES(float, 8)
SHARED_TILES(float, 16)
SHARED_TILES(double, 2)
SHARED_TILES(double, 4)
SHARED_TILES(double, 8)
#else
SHARED_TILES(float, widest<float>)
SHARED_TILES(double, widest<double>)
#endif
SHARED struct DenseWeights<float, Full>;
SHARED struct DenseWeights<double, Full>;
}  // namespace detail

SHARED class Dense<float>;
SHARED class Dense<double>;
SHARED class Sequences<float>;
SHARED class Sequences<double>;

SHARED_LAYER(float, detail::PointwiseStep<cells::Rnn, float>)
SHARED_LAYER(float, detail::PointwiseStep<cells::ReluRnn, float>)
SHARED_LAYER(float, detail::PointwiseStep<cells::Lstm, float>)
SHARED_LAYER(float, detail::PointwiseStep<cells::Gru, float>)
SHARED_LAYER(float, detail::PointwiseStep<cells::OriginalGru, float>)
SHARED_LAYER(float, detail::LayerNormStep<float>)
SHARED_LAYER(double, detail::PointwiseStep<cells::Rnn, double>)
SHARED_LAYER(double, detail::PointwiseStep<cells::ReluRnn, double>)
SHARED_LAYER(double, detail::PointwiseStep<cells::Lstm, double>)
SHARED_LAYER(double, detail::PointwiseStep<cells::Gru, double>)
SHARED_LAYER(double, detail::PointwiseStep<cells::OriginalGru, double>)
SHARED_LAYER(double, detail::PointwiseStep<cells::PeepholeLstm, double>)
SHARED_LAYER(double, detail::PointwiseStep<cells::MinLstm, double>)
SHARED_LAYER(double, detail::LayerNormStep<double>)
SHARED_LAYER(double, detail::ProjectedStep<double>)

}  // namespace unroll::inline UNROLL_TARGET
