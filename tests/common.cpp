// The home of what all tests share: the precompiled header, and the templates of common.hpp.

#include "common.hpp"

namespace unroll {

namespace detail {
template struct MicroTiles<float, 1>;
template struct MicroTiles<float, 2>;
template struct MicroTiles<float, 3>;
template struct MicroTiles<float, 4>;
template struct MicroTiles<double, 1>;
template struct MicroTiles<double, 2>;
template struct MicroTiles<double, 3>;
template struct MicroTiles<double, 4>;
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

template class PackedRecurrent<detail::PointwiseStep<cells::Rnn, float>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::PointwiseStep<cells::Rnn, float>, Dynamic, Dynamic, Full>;
template class PackedRecurrent<detail::PointwiseStep<cells::Lstm, float>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::PointwiseStep<cells::Lstm, float>, Dynamic, Dynamic, Full>;
template class PackedRecurrent<detail::PointwiseStep<cells::Gru, float>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::PointwiseStep<cells::Gru, float>, Dynamic, Dynamic, Full>;
template class PackedRecurrent<detail::PointwiseStep<cells::OriginalGru, float>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::PointwiseStep<cells::OriginalGru, float>, Dynamic, Dynamic, Full>;
template class PackedRecurrent<detail::PointwiseStep<cells::Rnn, double>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::PointwiseStep<cells::Rnn, double>, Dynamic, Dynamic, Full>;
template class PackedRecurrent<detail::PointwiseStep<cells::Lstm, double>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::PointwiseStep<cells::Lstm, double>, Dynamic, Dynamic, Full>;
template class PackedRecurrent<detail::PointwiseStep<cells::Gru, double>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::PointwiseStep<cells::Gru, double>, Dynamic, Dynamic, Full>;
template class PackedRecurrent<detail::PointwiseStep<cells::OriginalGru, double>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::PointwiseStep<cells::OriginalGru, double>, Dynamic, Dynamic, Full>;
template class PackedRecurrent<detail::PointwiseStep<cells::PeepholeLstm, double>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::PointwiseStep<cells::PeepholeLstm, double>, Dynamic, Dynamic, Full>;
template class PackedRecurrent<detail::PointwiseStep<cells::MinLstm, double>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::PointwiseStep<cells::MinLstm, double>, Dynamic, Dynamic, Full>;
template class PackedRecurrent<detail::LayerNormStep<float>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::LayerNormStep<float>, Dynamic, Dynamic, Full>;
template class PackedRecurrent<detail::LayerNormStep<double>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::LayerNormStep<double>, Dynamic, Dynamic, Full>;
template class PackedRecurrent<detail::ProjectedStep<double>, Dynamic, Dynamic, Full>;
template class RecurrentStream<detail::ProjectedStep<double>, Dynamic, Dynamic, Full>;

}  // namespace unroll
