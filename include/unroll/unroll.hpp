#pragma once

/// All of Unroll but unroll/testing/.
#include "unroll/core/flush_denormals.hpp"
#include "unroll/layers/bidirectional.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/layers/dense.hpp"
#include "unroll/layers/dropout.hpp"
#include "unroll/layers/embedding.hpp"
#include "unroll/layers/parallel.hpp"
#include "unroll/layers/recurrent_layers.hpp"
#include "unroll/layers/stream.hpp"
#include "unroll/losses/mean_squared_error.hpp"
#include "unroll/optimizers/adam.hpp"
#include "unroll/training/clipping.hpp"
