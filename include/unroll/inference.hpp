#pragma once

/// What runs a trained model: all layers, Stream and Predictor. It needs no threads, no file system, no exceptions and
/// no RTTI (docs/platforms.md); headers that export_header writes include it.
#include "unroll/core/flush_denormals.hpp"
#include "unroll/layers/activation.hpp"
#include "unroll/layers/bidirectional.hpp"
#include "unroll/layers/branches.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/layers/conv1d.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/dropout.hpp"
#include "unroll/layers/embedding.hpp"
#include "unroll/layers/layer_norm_lstm.hpp"
#include "unroll/layers/memoryless.hpp"
#include "unroll/layers/predictor.hpp"
#include "unroll/layers/projected_lstm.hpp"
#include "unroll/layers/recurrent_layers.hpp"
#include "unroll/layers/residual.hpp"
#include "unroll/layers/sampling.hpp"
#include "unroll/layers/stream.hpp"
