#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <type_traits>

#include "catch.hpp"
#include "unroll/testing/gradient_check.hpp"
#include "unroll/unroll.hpp"

/// What the engine's tests share: random models and sequences, one forward and backward pass as a value, and
/// comparisons of such passes.
namespace engine_test {

using namespace unroll;

/// One of each kind: peepholes are gates that nobody feeds, MinLstm's units do not feed one another, as MinGru's.
using AllCells =
    std::tuple<cells::Rnn, cells::Lstm, cells::Gru, cells::OriginalGru, cells::PeepholeLstm, cells::MinLstm>;

template <class Cell>
using LayerOf = Recurrent<Cell, double>;

/// Of the noise what the cell has a place for.
template <class Cell>
constexpr Unrolling noise_of(Unrolling how) {
  if (recurrent_gates<Cell>().count == 0) how.recurrent_dropout = 0;
  if (Cell::state_names.size() == 1) how.zoneout_cell_state = 0;
  return how;
}

inline constexpr Direction directions[] = {Direction::forward, Direction::reverse};

template <class Scalar>
Matrix<Scalar> random_matrix(Index rows, Index cols, Random& random) {
  Matrix<Scalar> result(rows, cols);
  set_uniform(result, 1, random);
  return result;
}

/// The model with biases that are not zero.
template <class Model>
Model with_biases(Model model, Random& random) {
  const auto draw = [&](const std::string& name, auto& tensor) {
    if (name.ends_with("bias")) set_uniform(tensor, 0.5, random);
  };
  for_each_tensor(draw, model);
  return model;
}

/// All that goes into a forward and a backward pass.
template <class Model>
struct Sequence {
  Matrix<typename Model::Scalar> x;
  Batch batch;
  typename Model::State initial;
  Matrix<typename Model::Scalar> d_y;
  typename Model::State d_final = {};
  ForwardOptions forward = {};
};

/// All that comes out.
template <class Model>
struct Pass {
  Matrix<typename Model::Scalar> y;
  typename Model::State final_state;
  Model gradient;
  Matrix<typename Model::Scalar> d_x;
  typename Model::State d_initial;
};

template <class Model>
Pass<Model> run(const Model& model, const Sequence<Model>& in, const BackwardOptions& options = {}) {
  typename Model::Tape tape;
  Matrix<typename Model::Scalar> y = model.forward(in.x, tape, in.batch, in.initial, in.forward);
  typename Model::State final_state = tape.final_state;
  Model gradient = zeros_like(model);
  const auto d_x = model.backward(in.x, in.d_y, tape, gradient, options, in.d_final);
  return {std::move(y), std::move(final_state), std::move(gradient), d_x, tape.d_initial};
}

/// Adds one gradient to another.
template <class Model>
void add(Model& to, const Model& gradient) {
  for_each_tensor([](const std::string&, auto& sum, const auto& d) { sum += d; }, to, gradient);
}

template <class State>
void set_random(State& state, Random& random) {
  for_each_state([&](auto& value) { set_uniform(value, 1, random); }, state);
}

/// A sequence of `steps` steps with random numbers everywhere.
template <class Model>
Sequence<Model> random_sequence(const Model& model, Index steps, const Batch& batch, Random& random,
                                const ForwardOptions& forward = {}) {
  using Scalar = typename Model::Scalar;
  typename Model::Tape tape;
  const Matrix<Scalar> x = random_matrix<Scalar>(model.input_size(), steps * batch.size, random);
  const auto y = model.forward(x, tape, batch, {}, forward);
  Sequence<Model> result{
      x, batch, tape.final_state, random_matrix<Scalar>(y.rows(), y.cols(), random), tape.final_state, forward};
  set_random(result.initial, random);
  set_random(result.d_final, random);
  return result;
}

/// Sample b's columns of the steps [first, last).
template <class Scalar>
Matrix<Scalar> sample(const Matrix<Scalar>& columns, Index size, Index b, Index first, Index last) {
  Matrix<Scalar> result(columns.rows(), last - first);
  for (Index t = first; t < last; ++t) result.col(t - first) = columns.col(t * size + b);
  return result;
}

/// Sample b's states.
template <class State>
State sample(State state, Index b) {
  const auto take = [&](auto& value) { value = value.col(b).eval(); };
  for_each_state(take, state);
  return state;
}

/// The largest difference, relative to the largest number of `expected`; NaN where there is one.
template <class A, class B>
double relative_difference(const A& given, const B& expected) {
  REQUIRE(given.rows() == expected.rows());
  REQUIRE(given.cols() == expected.cols());
  if (expected.size() == 0) return 0;
  const double scale = static_cast<double>(expected.array().abs().maxCoeff());
  return static_cast<double>((given - expected).array().abs().template maxCoeff<Eigen::PropagateNaN>()) /
         std::max(scale, 1e-300);
}

/// Fails unless every tensor of the gradients agrees.
template <class Model>
void check_gradients_agree(const Model& given, const Model& expected, double tolerance) {
  const auto compare = [&](const std::string& name, const auto& a, const auto& b) {
    INFO("gradient of " << name);
    CHECK(relative_difference(a, b) <= tolerance);
  };
  for_each_tensor(compare, given, expected);
}

template <class State>
bool same_bits(const State& a, const State& b) {
  bool same = true;
  for_each_state([&](const auto& x, const auto& y) { same = same && x == y; }, a, b);
  return same;
}

}  // namespace engine_test
