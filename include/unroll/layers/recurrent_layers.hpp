#pragma once

#include "unroll/cells/approximate.hpp"
#include "unroll/cells/gru.hpp"
#include "unroll/cells/lstm.hpp"
#include "unroll/cells/min_gru.hpp"
#include "unroll/cells/original_gru.hpp"
#include "unroll/cells/peephole_lstm.hpp"
#include "unroll/cells/rnn.hpp"
#include "unroll/engine/recurrent.hpp"

namespace unroll::inline UNROLL_TARGET {

/// The plain recurrent layer, h = tanh(a) (Elman 1990): cells/rnn.hpp.
template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using Rnn = Recurrent<cells::Rnn, Scalar, Inputs, H>;

/// A plain recurrent layer with h = relu(a): cells/rnn.hpp.
template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using ReluRnn = Recurrent<cells::ReluRnn, Scalar, Inputs, H>;

/// Long short-term memory (Hochreiter & Schmidhuber 1997; Gers et al. 2000): cells/lstm.hpp.
template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using Lstm = Recurrent<cells::Lstm, Scalar, Inputs, H>;

/// The gated recurrent unit as PyTorch has it, reset after the product: cells/gru.hpp.
template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using Gru = Recurrent<cells::Gru, Scalar, Inputs, H>;

/// The gated recurrent unit of Cho et al. 2014, reset before the product: cells/original_gru.hpp.
template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using OriginalGru = Recurrent<cells::OriginalGru, Scalar, Inputs, H>;

/// An LSTM whose gates see its memory (Gers & Schmidhuber 2000): cells/peephole_lstm.hpp.
template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using PeepholeLstm = Recurrent<cells::PeepholeLstm, Scalar, Inputs, H>;

/// A gated recurrent unit whose gates see x alone (Feng et al. 2024): cells/min_gru.hpp.
template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using MinGru = Recurrent<cells::MinGru, Scalar, Inputs, H>;

/// An LSTM whose gates see x alone (Feng et al. 2024): cells/min_gru.hpp.
template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using MinLstm = Recurrent<cells::MinLstm, Scalar, Inputs, H>;

/// An Lstm whose sigmoid and tanh are cheaper, off by at most 5.8e-5: cells/approximate.hpp.
template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using FastLstm = Recurrent<cells::Approximate<cells::Lstm>, Scalar, Inputs, H>;

/// A Gru whose sigmoid and tanh are cheaper, off by at most 5.8e-5: cells/approximate.hpp.
template <class Scalar = float, int Inputs = Dynamic, int H = Dynamic>
using FastGru = Recurrent<cells::Approximate<cells::Gru>, Scalar, Inputs, H>;

}  // namespace unroll::inline UNROLL_TARGET
