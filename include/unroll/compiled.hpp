#pragma once

#include "unroll/data/sequences.hpp"
#include "unroll/inference.hpp"

// The larger part of what a program compiles of Unroll: the layers of the three usual cells and the tiles of their
// products. Where UNROLL_COMPILED is defined, unroll.hpp declares it. One file of the program defines UNROLL_COMPILING
// and compiles it. The CMake target unroll::compiled does both.

#ifdef UNROLL_COMPILING
#define UNROLL_COMPILED_TEMPLATE template
#else
#define UNROLL_COMPILED_TEMPLATE extern template
#endif

/// A recurrent layer of any sizes, packed and streamed, and its forward and backward passes.
#define UNROLL_COMPILED_STEP(Scalar, ...)                                                                           \
  UNROLL_COMPILED_TEMPLATE class RecurrentLayer<__VA_ARGS__, Dynamic, Dynamic>;                                     \
  UNROLL_COMPILED_TEMPLATE class PackedRecurrent<__VA_ARGS__, Dynamic, Dynamic, Full>;                              \
  UNROLL_COMPILED_TEMPLATE class RecurrentStream<__VA_ARGS__, Dynamic, Dynamic, Full>;                              \
  namespace detail {                                                                                                \
  UNROLL_COMPILED_TEMPLATE void begin_forward(RecurrentTape<__VA_ARGS__>&, const RecurrentSizes&, const Unrolling&, \
                                              const Input<Scalar>&, const Batch&,                                   \
                                              const RecurrentTape<__VA_ARGS__>::State&, const ForwardOptions&);     \
  UNROLL_COMPILED_TEMPLATE void run_steps(RecurrentTape<__VA_ARGS__>&, const __VA_ARGS__::Packed<Full>&,            \
                                          const Scalar*, Index, Index, const Member&);                              \
  UNROLL_COMPILED_TEMPLATE void read_out(RecurrentTape<__VA_ARGS__>&);                                              \
  UNROLL_COMPILED_TEMPLATE Output<Scalar> unroll_backward(const __VA_ARGS__::Parameters&, const Input<Scalar>&,     \
                                                          const Input<Scalar>&, RecurrentTape<__VA_ARGS__>&,        \
                                                          __VA_ARGS__::Parameters&, const BackwardOptions&,         \
                                                          const RecurrentTape<__VA_ARGS__>::State&);                \
  UNROLL_COMPILED_TEMPLATE std::optional<NonFinite> find_non_finite(const RecurrentTape<__VA_ARGS__>&);             \
  }

/// The tiles of one to four groups for registers of `bytes` bytes.
#define UNROLL_COMPILED_TILES(Scalar, bytes)                                             \
  UNROLL_COMPILED_TEMPLATE struct MicroTiles<Pack<Scalar, (bytes) / sizeof(Scalar)>, 1>; \
  UNROLL_COMPILED_TEMPLATE struct MicroTiles<Pack<Scalar, (bytes) / sizeof(Scalar)>, 2>; \
  UNROLL_COMPILED_TEMPLATE struct MicroTiles<Pack<Scalar, (bytes) / sizeof(Scalar)>, 3>; \
  UNROLL_COMPILED_TEMPLATE struct MicroTiles<Pack<Scalar, (bytes) / sizeof(Scalar)>, 4>;
#ifdef UNROLL_EVERY_PROCESSOR
#define UNROLL_COMPILED_ALL_TILES(Scalar) \
  UNROLL_COMPILED_TILES(Scalar, 16)       \
  UNROLL_COMPILED_TILES(Scalar, 32)       \
  UNROLL_COMPILED_TILES(Scalar, 64)
#else
#define UNROLL_COMPILED_ALL_TILES(Scalar) UNROLL_COMPILED_TILES(Scalar, widest<Scalar> * sizeof(Scalar))
#endif

/// All of it for one type of numbers.
#define UNROLL_COMPILED_OF(Scalar)                                         \
  namespace detail {                                                       \
  UNROLL_COMPILED_ALL_TILES(Scalar)                                        \
  UNROLL_COMPILED_TEMPLATE struct DenseWeights<Scalar, Full>;              \
  }                                                                        \
  UNROLL_COMPILED_TEMPLATE class Dense<Scalar>;                            \
  UNROLL_COMPILED_TEMPLATE class Sequences<Scalar>;                        \
  UNROLL_COMPILED_STEP(Scalar, detail::PointwiseStep<cells::Rnn, Scalar>)  \
  UNROLL_COMPILED_STEP(Scalar, detail::PointwiseStep<cells::Lstm, Scalar>) \
  UNROLL_COMPILED_STEP(Scalar, detail::PointwiseStep<cells::Gru, Scalar>)

namespace unroll::inline UNROLL_TARGET {

UNROLL_COMPILED_OF(float)

}  // namespace unroll::inline UNROLL_TARGET
