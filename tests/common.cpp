// The home of what all tests share: the precompiled header, and the templates of common.hpp.

#include "common.hpp"

namespace unroll {

namespace detail {
template struct Tiles<float, 1>;
template struct Tiles<float, 2>;
template struct Tiles<float, 3>;
template struct Tiles<float, 4>;
template struct Tiles<double, 1>;
template struct Tiles<double, 2>;
template struct Tiles<double, 3>;
template struct Tiles<double, 4>;
}  // namespace detail

template class Recurrent<cells::Rnn, float>;
template class Recurrent<cells::ReluRnn, float>;
template class Recurrent<cells::Lstm, float>;
template class Recurrent<cells::Gru, float>;
template class Recurrent<cells::OriginalGru, float>;
template class Recurrent<cells::Rnn, double>;
template class Recurrent<cells::ReluRnn, double>;
template class Recurrent<cells::Lstm, double>;
template class Recurrent<cells::Gru, double>;
template class Recurrent<cells::OriginalGru, double>;

template class LayerNormLstm<float>;
template class LayerNormLstm<double>;

}  // namespace unroll
