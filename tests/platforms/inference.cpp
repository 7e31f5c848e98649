// Trained models step by step and on whole sequences, wherever there is a C++ library. Prints a number for the bits of
// the outputs; sums over units, as a layer norm takes them, have the order of the processor's registers.
#include <cstdio>

#include "../io/exported_both.hpp"
#include "../io/exported_mixed.hpp"
#include "hash.hpp"
#include "pedal.hpp"

namespace {

template <class Model, class Storage = unroll::Full>
void step(const char* name, const Model& model, Storage storage = {}) {
  unroll::Stream stream(model, storage);
  unroll::Vector<float> x(stream.input_size());
  Hash hash;
  for (int t = 0; t < 500; ++t) {
    for (int i = 0; i < x.size(); ++i) x[i] = signal(t + i);
    hash.add(stream.step(x).data(), stream.output_size());
  }
  std::printf("%s step by step %lu\n", name, static_cast<unsigned long>(hash.value));
}

template <class Model>
void run(const char* name, const Model& model, bool tokens) {
  using Scalar = typename Model::Scalar;
  unroll::Matrix<Scalar> x(model.input_size(), 3 * 40);
  for (int i = 0; i < x.size(); ++i) x.data()[i] = tokens ? static_cast<Scalar>(i * i % 5) : Scalar(signal(i));
  unroll::ThreadPool pool(2);
  unroll::Predictor predict(model);
  const auto y = predict(x, {.size = 3}, {}, {.pool = &pool});
  Hash hash;
  hash.add(y.data(), y.size());
  if (tokens)
    std::printf("%s on sequences, the norm %.6f\n", name, static_cast<double>(y.norm()));
  else
    std::printf("%s on sequences %lu\n", name, static_cast<unsigned long>(hash.value));
}

}  // namespace

int main() {
  step("pedal", pedal::model());
  step("mixed", mixed::model());
  step("pedal in bfloat16", pedal::model(), unroll::Bfloat16());
  step("pedal in int8", pedal::model(), unroll::Int8());
  run("pedal", pedal::model(), false);
  run("mixed", mixed::model(), false);
  run("both", both::model(), true);
}
