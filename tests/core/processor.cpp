// Inner loops for several processors in one program: which registers are used, and that the
// results are the same on all.

#include "unroll/core/processor.hpp"

#include <optional>
#include <vector>

using namespace unroll;
using namespace unroll::detail;

namespace {

/// The registers that this processor has, in bytes.
std::vector<int> available() {
#ifdef UNROLL_EVERY_PROCESSOR
  std::vector<int> found;
  for (const int bytes : {16, 32, 64})
    if (bytes <= find_register_size()) found.push_back(bytes);
  return found;
#else
  return {register_size};
#endif
}

/// What a model computes.
struct Results {
  std::vector<Matrix<float>> outputs;    ///< of forward, a predictor and a stream
  std::vector<Matrix<float>> gradients;  ///< dL/dx, the parameters' gradients, the parameters after a step of Adam
};

template <class Model>
Results results_of(const Model& made, const Matrix<float>& x, Index batch) {
  Model model = made, gradients = zeros_like(model);
  typename Model::Tape tape;
  Predictor predict(model);
  Results results;
  results.outputs = {model.forward(x, tape, {.size = batch}), predict(x, {.size = batch})};
  Stream stream(model);
  Matrix<float> streamed(results.outputs[0].rows(), x.cols());
  for (Index t = 0; t < x.cols(); ++t) streamed.col(t) = stream.step(x.col(t));
  results.outputs.push_back(streamed);
  const Matrix<float> d_y = results.outputs[0];
  results.gradients = {model.backward(x, d_y, tape, gradients)};
  for_each_tensor([&](auto, auto& gradient) { results.gradients.push_back(gradient); }, gradients);
  Adam(model, {}).step(model, gradients);
  for_each_tensor([&](auto, auto& parameter) { results.gradients.push_back(parameter); }, model);
  return results;
}

#ifdef UNROLL_EVERY_PROCESSOR
void check_near(const std::vector<Matrix<float>>& some, const std::vector<Matrix<float>>& others) {
  for (std::size_t i = 0; i < some.size(); ++i) CHECK((some[i] - others[i]).norm() <= 1e-4f * (1 + others[i].norm()));
}
#endif

/// The same results with whatever registers. Outputs have the same bits where multiply-adds are fused; errors on their
/// way back are added up register by register.
template <class Model>
void check_on_all_registers(const Model& model, bool same_bits = true) {
  constexpr Index batch = 5;
  const Matrix<float> x = Matrix<float>::Random(model.input_size(), 7 * batch);
#ifdef UNROLL_EVERY_PROCESSOR
  const int used = register_bytes();
  std::optional<Results> first, fused;
  for (const int bytes : available()) {
    CAPTURE(bytes);
    used_register_size = bytes;
    const Results now = results_of(Model(model), x, batch);
    if (!first) first = now;
    check_near(now.outputs, first->outputs);
    check_near(now.gradients, first->gradients);
    if (bytes == 16 || !same_bits) continue;
    if (!fused) fused = now;
    CHECK(now.outputs == fused->outputs);
  }
  used_register_size = used;
#else
  static_cast<void>(same_bits);
  CHECK(results_of(model, x, batch).outputs[0].allFinite());
#endif
}

}  // namespace

TEST_CASE("the widest registers of the processor are used") {
  const Index bytes = available().back();
  CHECK(lanes<float>() == std::max<Index>(bytes / 4, 1));
  CHECK(lanes<double>() == std::max<Index>(bytes / 8, 1));
  Index packs = 0;
  with_packs<float>([&]<class P>() { packs = P::size; });
  CHECK(packs == lanes<float>());
}

TEST_CASE("a function is compiled for a processor with its arguments and its result") {
  double sum = 0;
  on_processor<double>([&]<class P>() { sum = sum_of_lanes(P(0.5)); });
  CHECK(sum == 0.5 * static_cast<double>(lanes<double>()));
}

TEST_CASE("layers compute the same on all registers") {
  Random random(3);
  check_on_all_registers(Sequential{Lstm<float>(3, 24, random), Dense<float>(24, 1, random)});
  check_on_all_registers(Sequential{Gru<float>(3, 7, random), Dense<float>(7, 40, random)});
  check_on_all_registers(LayerNormLstm<float>(2, 20, random), false);  // so are its means
}
