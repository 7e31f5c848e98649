// One program of files with different flags: each part is compiled for other registers, and gives the same outputs.
#ifdef PART

#include "unroll/layers/recurrent_layers.hpp"

std::vector<float> PART() {
  unroll::Random random(1);
  const unroll::Lstm<float> layer(3, 20, random);
  unroll::Lstm<float>::Tape tape;
  unroll::Matrix<float> x(3, 40);
  for (unroll::Index i = 0; i < x.size(); ++i) x(i) = 0.01f * static_cast<float>(i % 100);
  const auto y = layer.forward(x, tape, {.size = 4});
  return {y.data(), y.data() + y.size()};
}

#else

#include <cmath>
#include <vector>

std::vector<float> every_processor();
std::vector<float> sse2();
std::vector<float> avx2();

int main() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
  const std::vector<float> first = every_processor(), second = avx2(), third = sse2();
  bool good = first.size() == 800 && second.size() == first.size() && third.size() == first.size();
  for (std::size_t i = 0; i < first.size() && good; ++i)
    good = std::abs(first[i] - second[i]) <= 1e-6f && std::abs(first[i] - third[i]) <= 1e-6f;
  return good && every_processor() == first && sse2() == third ? 0 : 1;
}

#endif
