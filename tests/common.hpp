#pragma once

#include "unroll/unroll.hpp"

// What most tests use is compiled once, in common.cpp: it is the larger part of what each of them would compile.
namespace unroll {

namespace detail {
extern template struct MicroTiles<float, 1>;
extern template struct MicroTiles<float, 2>;
extern template struct MicroTiles<float, 3>;
extern template struct MicroTiles<float, 4>;
extern template struct MicroTiles<double, 1>;
extern template struct MicroTiles<double, 2>;
extern template struct MicroTiles<double, 3>;
extern template struct MicroTiles<double, 4>;
}  // namespace detail

extern template class RecurrentLayer<detail::PointwiseStep<cells::Rnn, float>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::PointwiseStep<cells::ReluRnn, float>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::PointwiseStep<cells::Lstm, float>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::PointwiseStep<cells::Gru, float>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::PointwiseStep<cells::OriginalGru, float>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::PointwiseStep<cells::Rnn, double>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::PointwiseStep<cells::ReluRnn, double>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::PointwiseStep<cells::Lstm, double>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::PointwiseStep<cells::Gru, double>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::PointwiseStep<cells::OriginalGru, double>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::PointwiseStep<cells::PeepholeLstm, double>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::PointwiseStep<cells::MinLstm, double>, Dynamic, Dynamic>;

extern template class RecurrentLayer<detail::LayerNormStep<float>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::LayerNormStep<double>, Dynamic, Dynamic>;
extern template class RecurrentLayer<detail::ProjectedStep<double>, Dynamic, Dynamic>;

extern template class PackedRecurrent<detail::PointwiseStep<cells::Rnn, float>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::PointwiseStep<cells::Rnn, float>, Dynamic, Dynamic, Full>;
extern template class PackedRecurrent<detail::PointwiseStep<cells::Lstm, float>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::PointwiseStep<cells::Lstm, float>, Dynamic, Dynamic, Full>;
extern template class PackedRecurrent<detail::PointwiseStep<cells::Gru, float>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::PointwiseStep<cells::Gru, float>, Dynamic, Dynamic, Full>;
extern template class PackedRecurrent<detail::PointwiseStep<cells::OriginalGru, float>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::PointwiseStep<cells::OriginalGru, float>, Dynamic, Dynamic, Full>;
extern template class PackedRecurrent<detail::PointwiseStep<cells::Rnn, double>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::PointwiseStep<cells::Rnn, double>, Dynamic, Dynamic, Full>;
extern template class PackedRecurrent<detail::PointwiseStep<cells::Lstm, double>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::PointwiseStep<cells::Lstm, double>, Dynamic, Dynamic, Full>;
extern template class PackedRecurrent<detail::PointwiseStep<cells::Gru, double>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::PointwiseStep<cells::Gru, double>, Dynamic, Dynamic, Full>;
extern template class PackedRecurrent<detail::PointwiseStep<cells::OriginalGru, double>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::PointwiseStep<cells::OriginalGru, double>, Dynamic, Dynamic, Full>;
extern template class PackedRecurrent<detail::PointwiseStep<cells::PeepholeLstm, double>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::PointwiseStep<cells::PeepholeLstm, double>, Dynamic, Dynamic, Full>;
extern template class PackedRecurrent<detail::PointwiseStep<cells::MinLstm, double>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::PointwiseStep<cells::MinLstm, double>, Dynamic, Dynamic, Full>;
extern template class PackedRecurrent<detail::LayerNormStep<float>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::LayerNormStep<float>, Dynamic, Dynamic, Full>;
extern template class PackedRecurrent<detail::LayerNormStep<double>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::LayerNormStep<double>, Dynamic, Dynamic, Full>;
extern template class PackedRecurrent<detail::ProjectedStep<double>, Dynamic, Dynamic, Full>;
extern template class RecurrentStream<detail::ProjectedStep<double>, Dynamic, Dynamic, Full>;

}  // namespace unroll
