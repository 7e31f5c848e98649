// What a user's own file compiles when it trains one LSTM.
#include "unroll/unroll.hpp"

double train(unroll::Lstm<float>& lstm, const unroll::Matrix<float>& x, const unroll::Matrix<float>& target) {
  unroll::Adam adam(lstm);
  auto gradient = unroll::zeros_like(lstm);
  unroll::Lstm<float>::Tape tape;
  unroll::Matrix<float> d_y;
  double loss = 0;
  for (int epoch = 0; epoch < 100; ++epoch) {
    loss = unroll::mean_squared_error(lstm.forward(x, tape), target, d_y);
    unroll::set_zero(gradient);
    lstm.backward(x, d_y, tape, gradient);
    unroll::clip_by_global_norm(gradient, 1);
    adam.step(lstm, gradient);
  }
  return loss;
}
