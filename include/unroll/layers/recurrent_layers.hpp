#pragma once

#include "unroll/cells/gru.hpp"
#include "unroll/cells/lstm.hpp"
#include "unroll/cells/original_gru.hpp"
#include "unroll/cells/rnn.hpp"
#include "unroll/engine/recurrent.hpp"

namespace unroll {

template <class Scalar = float, int I = Dynamic, int H = Dynamic>
using Rnn = Recurrent<cells::Rnn, Scalar, I, H>;

template <class Scalar = float, int I = Dynamic, int H = Dynamic>
using ReluRnn = Recurrent<cells::ReluRnn, Scalar, I, H>;

template <class Scalar = float, int I = Dynamic, int H = Dynamic>
using Lstm = Recurrent<cells::Lstm, Scalar, I, H>;

template <class Scalar = float, int I = Dynamic, int H = Dynamic>
using Gru = Recurrent<cells::Gru, Scalar, I, H>;

template <class Scalar = float, int I = Dynamic, int H = Dynamic>
using OriginalGru = Recurrent<cells::OriginalGru, Scalar, I, H>;

}  // namespace unroll
