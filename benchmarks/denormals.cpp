// What denormal numbers cost: a network after its input has ended, its states decaying, with and without the guard.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <unroll/unroll.hpp>

using namespace unroll;

namespace {

struct Decay {
  double ns = 0;        // a step, over steps 2,000 to 12,000 of silence
  Index denormals = 0;  // among the states at the end
};

Decay decay(const ReluRnn<float>& model) {
  Stream stream(model);
  stream.step(1);
  for (int t = 0; t < 2000; ++t) stream.step(0);
  const auto start = std::chrono::steady_clock::now();
  float sum = 0;
  for (int t = 0; t < 10'000; ++t) sum += stream.step(0)[0];
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  if (std::isnan(sum)) std::puts("NaN");
  Decay result{time.count() / 10'000};
  for (const Matrix<float>& state : stream.save().values)
    for (Index i = 0; i < state.size(); ++i) result.denormals += std::fpclassify(state(i)) == FP_SUBNORMAL;
  return result;
}

}  // namespace

int main() {
  Random random(1);
  ReluRnn<float> model(1, 64, random);
  model.weight_ih.setOnes();
  model.weight_hh.setIdentity();
  model.weight_hh *= 0.95f;  // rounding keeps the smallest denormals for ever
  const Decay slow = decay(model);
  const FlushDenormals guard;
  const Decay fast = decay(model);
  std::printf("a decayed network (H = 64): %.0f ns a step, %d of 64 states denormal\n", slow.ns,
              static_cast<int>(slow.denormals));
  std::printf("with FlushDenormals:        %.0f ns a step, %d denormal: %.1f times faster\n", fast.ns,
              static_cast<int>(fast.denormals), slow.ns / fast.ns);
}
