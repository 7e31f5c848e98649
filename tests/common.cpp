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

template class RecurrentLayer<detail::PointwiseStep<cells::Rnn, float>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::PointwiseStep<cells::ReluRnn, float>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::PointwiseStep<cells::Lstm, float>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::PointwiseStep<cells::Gru, float>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::PointwiseStep<cells::OriginalGru, float>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::PointwiseStep<cells::Rnn, double>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::PointwiseStep<cells::ReluRnn, double>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::PointwiseStep<cells::Lstm, double>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::PointwiseStep<cells::Gru, double>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::PointwiseStep<cells::OriginalGru, double>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::PointwiseStep<cells::PeepholeLstm, double>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::PointwiseStep<cells::MinLstm, double>, Dynamic, Dynamic>;

template class RecurrentLayer<detail::LayerNormStep<float>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::LayerNormStep<double>, Dynamic, Dynamic>;
template class RecurrentLayer<detail::ProjectedStep<double>, Dynamic, Dynamic>;

}  // namespace unroll
