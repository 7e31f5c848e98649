#pragma once

#include "unroll/unroll.hpp"

// What most tests use is compiled once, in common.cpp: it is the larger part of what each of them would compile.
namespace unroll {

namespace detail {
extern template struct Tiles<float, 1>;
extern template struct Tiles<float, 2>;
extern template struct Tiles<float, 3>;
extern template struct Tiles<float, 4>;
extern template struct Tiles<double, 1>;
extern template struct Tiles<double, 2>;
extern template struct Tiles<double, 3>;
extern template struct Tiles<double, 4>;
}  // namespace detail

extern template class Recurrent<cells::Rnn, float>;
extern template class Recurrent<cells::ReluRnn, float>;
extern template class Recurrent<cells::Lstm, float>;
extern template class Recurrent<cells::Gru, float>;
extern template class Recurrent<cells::OriginalGru, float>;
extern template class Recurrent<cells::Rnn, double>;
extern template class Recurrent<cells::ReluRnn, double>;
extern template class Recurrent<cells::Lstm, double>;
extern template class Recurrent<cells::Gru, double>;
extern template class Recurrent<cells::OriginalGru, double>;

extern template class LayerNormLstm<float>;
extern template class LayerNormLstm<double>;

}  // namespace unroll
