#pragma once

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "passes.hpp"

/// A batch against the episodes it is made of, each run alone.
namespace engine_test {

/// Adds what the names of the reverse layers' states begin with.
template <class L>
void add_reverse_layers(const L& layer, const std::string& prefix, std::set<std::string>& to) {
  const auto add = [&](const std::string& name, const auto& part) { add_reverse_layers(part, name, to); };
  if constexpr (Composite<L>)
    L::children(add, prefix, layer);
  else if constexpr (requires { layer.unrolling; })
    if (layer.unrolling.direction == Direction::reverse) to.insert(prefix);
}

/// Zeroes the states of the forward layers, or of the reverse ones, that are not to be kept.
template <class L, class State>
void keep(const L& layer, State& state, bool of_forward, bool of_reverse) {
  std::set<std::string> reverse;
  add_reverse_layers(layer, "", reverse);
  const auto each = [&](const std::string& name, auto& value) {
    if (!(reverse.count(name.substr(0, name.rfind('.') + 1)) > 0 ? of_reverse : of_forward)) value.setZero();
  };
  State::visit(each, "", state);
}

/// The steps [first, last) of one sample that no state crosses.
struct Episode {
  Index first;
  Index last;
  bool begins;  ///< whether its sequence begins with it,
  bool ends;    ///< and ends
  bool enters;  ///< whether a forward layer's initial state enters it
};

/// An empty sequence is one episode of no steps.
inline std::vector<Episode> episodes(const Batch& batch, Index b, Index steps) {
  const Index length = batch.length(b, steps);
  std::vector<Episode> result{{0, length, true, true, length == 0 || !batch.reset(0, b)}};
  for (Index t = 1; t < length; ++t) {
    if (!batch.reset(t, b)) continue;
    result.back().last = t;
    result.back().ends = false;
    result.push_back({t, length, false, true, false});
  }
  return result;
}

/// Sets what lies past the sequences' ends to NaN.
template <class Scalar>
void spoil_padding(Matrix<Scalar>& columns, const Batch& batch) {
  for (Index j = 0; j < columns.cols(); ++j)
    if (!batch.active(j / batch.size, j % batch.size, batch.steps(columns.cols())))
      columns.col(j).setConstant(std::numeric_limits<Scalar>::quiet_NaN());
}

/// One episode of sample b as a sequence of its own. States enter and leave it where it is its sequence's first or
/// last.
template <class Model>
Sequence<Model> episode_of(const Model& model, const Sequence<Model>& in, Index b, const Episode& episode) {
  const Index first = episode.first, last = episode.last;
  const bool all = in.d_y.cols() == in.x.cols();  // not read out
  // Said to be empty, a sequence has no read-out step either, and a head gives it zeros and not its bias.
  const Batch of_one{.lengths = first == last ? std::vector<Index>{0} : std::vector<Index>{}};
  Sequence<Model> result{sample(in.x, in.batch.size, b, first, last), of_one, sample(in.initial, b),
                         all ? sample(in.d_y, in.batch.size, b, first, last) : Matrix<double>(in.d_y.col(b)),
                         sample(in.d_final, b)};
  keep(model, result.initial, episode.enters, episode.ends);
  keep(model, result.d_final, episode.ends, episode.begins);
  return result;
}

/// A batch made of its episodes, each run alone: `result` is a pass of the same shape.
template <class Model>
Pass<Model> run_episodes(const Model& model, const Sequence<Model>& in, Pass<Model> result) {
  const Index size = in.batch.size;
  const bool all = in.d_y.cols() == in.x.cols();
  result.y.setZero();
  result.d_x.setZero();
  set_zero(result.gradient);
  keep(model, result.final_state, false, false);
  keep(model, result.d_initial, false, false);
  for (Index b = 0; b < size; ++b)
    for (const Episode& episode : episodes(in.batch, b, in.batch.steps(in.x.cols()))) {
      Pass<Model> pass = run(model, episode_of(model, in, b, episode));
      keep(model, pass.final_state, episode.ends, episode.begins);
      keep(model, pass.d_initial, episode.enters, episode.ends);
      const auto add_state = [&](auto& to, const auto& value) { to.col(b) += value; };
      for_each_state(add_state, result.final_state, pass.final_state);
      for_each_state(add_state, result.d_initial, pass.d_initial);
      add(result.gradient, pass.gradient);
      for (Index t = episode.first; t < episode.last; ++t) {
        result.d_x.col(t * size + b) = pass.d_x.col(t - episode.first);
        if (all) result.y.col(t * size + b) = pass.y.col(t - episode.first);
      }
      if (!all) result.y.col(b) = pass.y;
    }
  return result;
}

/// Fails unless a batch gives what its episodes give alone: outputs, states and dL/dx to the bit, and the sum of their
/// gradients; zeros past the ends, where x and d_y hold NaN.
template <class Model>
void check_is_its_episodes(const Model& model, Index steps, const Batch& batch, Random& random) {
  Sequence<Model> in = random_sequence(model, steps, batch, random);
  spoil_padding(in.x, batch);
  if (in.d_y.cols() == in.x.cols()) spoil_padding(in.d_y, batch);
  const Pass<Model> together = run(model, in);
  const Pass<Model> alone = run_episodes(model, in, together);
  CHECK(together.y == alone.y);
  CHECK(same_bits(together.final_state, alone.final_state));
  CHECK(together.d_x == alone.d_x);
  CHECK(same_bits(together.d_initial, alone.d_initial));
  check_gradients_agree(together.gradient, alone.gradient, 1e-14);
}

}  // namespace engine_test
