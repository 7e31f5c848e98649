// A program for every processor (core/target.hpp): on the registers that this one has, its outputs have the same bits
// wherever multiply-adds are fused. Ends with 1 where they do not. (check.cmake: nothing that is computed with wide
// registers stands outside the functions for them.)

#include <cmath>
#include <cstdio>

#include "unroll/core/processor.hpp"
#include "unroll/layers/activation.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/layers/recurrent_layers.hpp"
#include "unroll/optimizers/adam.hpp"

#ifndef UNROLL_EVERY_PROCESSOR
#error "this program is compiled for one processor"
#endif

using namespace unroll;

namespace {

/// A cell whose backward rule is derived, and which has a function of its own.
struct OwnCell {
  static constexpr const char* name = "OwnCell";
  static constexpr std::array gate_names{"f", "n"};
  static constexpr std::array state_names{"h"};

  template <class V>
  EIGEN_ALWAYS_INLINE static V between(const V& share, const V& a, const V& b) {
    return a + share * (b - a);
  }
  template <class V>
  static void forward(std::array<V, 2>& gates, std::array<V, 1>& state) {
    state[0] = between(sigmoid(gates[0]), state[0], tanh(gates[1]) / (2 + exp(-gates[0])));
  }
};

template <class Model>
std::vector<Matrix<float>> results_of(Model model, const Matrix<float>& x) {
  const Batch batch{.size = 5};
  typename Model::Tape tape;
  Model gradient = zeros_like(model);
  std::vector<Matrix<float>> results{model.forward(x, tape, batch)};
  results.emplace_back(model.backward(x, results[0], tape, gradient));
  Adam(model, {}).step(model, gradient);
  results.emplace_back(model.forward(x, tape, batch));
  return results;
}

template <class Model>
bool is_same_on_all_registers(const char* name, const Model& model) {
  const Matrix<float> x = Matrix<float>::Random(model.input_size(), 35);
  const int widest = detail::find_register_size();
  std::vector<std::vector<Matrix<float>>> all;
  for (const int bytes : {16, 32, 64})
    if (bytes <= widest) {
      detail::used_register_size = bytes;
      all.push_back(results_of(Model(model), x));  // packed for these registers
    }
  bool same = true;
  for (const auto& results : all) {
    for (std::size_t i = 0; i < results.size(); ++i)
      same = same && (results[i] - all[0][i]).norm() <= 1e-4f * (1 + all[0][i].norm());
    // Of the way there alone: errors on their way back are added up register by register.
    if (&results != &all[0]) same = same && results[0] == all[1][0];
  }
  std::printf("%s: %s\n", name, same ? "the same" : "NOT THE SAME");
  return same;
}

}  // namespace

int main() {
  Random random(3);
  bool same = is_same_on_all_registers("Lstm", Sequential{Lstm<float>(3, 24, random), Elu<float>()});
  same = is_same_on_all_registers("OwnCell", Recurrent<OwnCell, float>(3, 20, random)) && same;
  same = is_same_on_all_registers("FastLstm", FastLstm<float>(3, 24, random)) && same;
  return same ? 0 : 1;
}
