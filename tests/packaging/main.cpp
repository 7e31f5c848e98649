#include <iostream>
#include <unroll/unroll.hpp>

int main() {
  unroll::Random random(1);
  const unroll::Lstm<float> lstm(3, 5, random);
  unroll::Lstm<float>::Tape tape;
  const unroll::Matrix<float> x = unroll::Matrix<float>::Ones(3, 4);
  const auto y = lstm.forward(x, tape);
  auto stream = lstm.stream();
  std::cout << "outputs of " << y.rows() << " x " << y.cols() << ", streamed " << stream.step(x.data())[0] << "\n";
}
