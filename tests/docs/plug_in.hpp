// What docs/plug_in.md takes as given.
#include <unroll/unroll.hpp>

#include "../../examples/13_eight_channels/board.hpp"

namespace page {

inline unroll::Random random(1);
inline const unroll::Residual model(unroll::Sequential{unroll::Gru<float, 1, 8>(random),
                                                       unroll::Dense<float, 8, 1>(random)}),
    other = model;
inline const unroll::Sequential with_knob{unroll::Gru<float>(2, 8, random), unroll::Dense<float>(8, 3, random)};

inline constexpr int samples = 64;
inline constexpr float left = 0.1f, right = 0.2f, knob = 0.5f, buffer[2 * samples] = {};
inline const unroll::Matrix<float> in = unroll::Matrix<float>::Zero(channels, samples);
inline unroll::Matrix<float> out = in;

inline const unroll::Matrix<float> dry(1, 960'000), wet = dry;
inline const unroll::StreamWindows<float> held_out(dry, wet, 1, 4096);
inline unroll::TrainingState state(model, unroll::Adam(model), random);

}  // namespace page
