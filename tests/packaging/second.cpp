#include <unroll/unroll.hpp>

double train(const unroll::Matrix<double>& x, const unroll::Matrix<double>& target) {
  unroll::Random random(1);
  unroll::Gru<double, 3, 5> gru(random);
  unroll::Adam adam(gru);
  auto gradient = unroll::zeros_like(gru);
  decltype(gru)::Tape tape;
  unroll::Matrix<double> d_y;
  const double loss = unroll::mean_squared_error(gru.forward(x, tape), target, d_y);
  gru.backward(x, d_y, tape, gradient);
  unroll::clip_by_value(gradient, 1);
  adam.step(gru, gradient);
  return loss;
}
