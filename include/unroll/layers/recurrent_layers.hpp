#pragma once

#include "unroll/cells/gru.hpp"
#include "unroll/cells/lstm.hpp"
#include "unroll/cells/min_gru.hpp"
#include "unroll/cells/original_gru.hpp"
#include "unroll/cells/peephole_lstm.hpp"
#include "unroll/cells/rnn.hpp"
#include "unroll/engine/recurrent.hpp"

namespace unroll {

template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using Rnn = Recurrent<cells::Rnn, Scalar, Inputs, H>;

template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using ReluRnn = Recurrent<cells::ReluRnn, Scalar, Inputs, H>;

template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using Lstm = Recurrent<cells::Lstm, Scalar, Inputs, H>;

template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using Gru = Recurrent<cells::Gru, Scalar, Inputs, H>;

template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using OriginalGru = Recurrent<cells::OriginalGru, Scalar, Inputs, H>;

template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using PeepholeLstm = Recurrent<cells::PeepholeLstm, Scalar, Inputs, H>;

template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using MinGru = Recurrent<cells::MinGru, Scalar, Inputs, H>;

template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using MinLstm = Recurrent<cells::MinLstm, Scalar, Inputs, H>;

}  // namespace unroll
