// What is refused: with a clear message, and before anything is changed.

#include <limits>

#include "layers/layer_contract.hpp"
#include "passes.hpp"

using namespace engine_test;

namespace {

/// What f throws, with its words.
template <class F>
std::string thrown_by(F f) {
  try {
    f();
  } catch (const std::invalid_argument& error) {
    return std::string("invalid_argument: ") + error.what();
  } catch (const std::logic_error& error) {
    return std::string("logic_error: ") + error.what();
  }
  return "nothing";
}

/// Arguments of both passes; each refusal spoils one of them.
template <class Model>
struct Arguments {
  Model model;
  Sequence<Model> in;
  Model gradient;
  BackwardOptions options = {};
};

template <class Model>
struct Refusal {
  const char* words;
  void (*spoil)(Arguments<Model>&);
};

/// Two sequences of four steps.
template <class Model>
Arguments<Model> good_arguments(Random& random, const Model& model) {
  Arguments<Model> result{model, random_sequence(model, 4, {.size = 2}, random), zeros_like(model)};
  const auto draw = [&](const std::string&, auto& tensor) { set_uniform(tensor, 1, random); };
  for_each_tensor(draw, result.gradient);
  return result;
}

/// Fails unless forward, or backward after a good forward, refuses each of the spoiled arguments with its words, and
/// leaves tape and gradient as they were: the backward pass that comes then gives what it would have given.
template <class Model>
void check_refusals(const Model& model, bool of_backward, const std::vector<Refusal<Model>>& refusals) {
  for (const auto& [words, spoil] : refusals) {
    CAPTURE(words);
    Random random(5);
    const Arguments<Model> good = good_arguments(random, model);
    Arguments<Model> bad = good;
    if (!of_backward) bad.in.x *= 2;  // which the tape must not see
    spoil(bad);
    typename Model::Tape tape;
    good.model.forward(good.in.x, tape, good.in.batch, good.in.initial);
    const auto go_back = [&](const Arguments<Model>& with, Model& gradient) -> Matrix<typename Model::Scalar> {
      return good.model.backward(with.in.x, with.in.d_y, tape, gradient, with.options, with.in.d_final);
    };
    CHECK(thrown_by([&] {
            if (of_backward)
              go_back(bad, bad.gradient);
            else
              bad.model.forward(bad.in.x, tape, bad.in.batch, bad.in.initial);
          }) == std::string("invalid_argument: ") + words);

    const Pass<Model> expected = run(good.model, good.in);
    if (parameter_count(bad.gradient) == parameter_count(good.gradient))
      check_gradients_agree(bad.gradient, good.gradient, 0);
    CHECK(tape.output() == expected.y);
    Model gradient = zeros_like(good.model);
    CHECK(go_back(good, gradient) == expected.d_x);
    check_gradients_agree(gradient, expected.gradient, 0);
  }
}

using L = Lstm<double>;
using S = Sequential<Gru<double>, L, Dense<double>>;
using B = Bidirectional<L>;

Matrix<double> zeros(Index rows, Index cols) { return Matrix<double>::Zero(rows, cols); }

}  // namespace

TEST_CASE("a layer's forward pass refuses what does not fit", "[refusals]") {
  Random random(6);
  check_refusals<L>(
      L(3, 5, random), false,
      {{"Lstm::forward: x has 4 rows, expected input_size 3", [](auto& a) { a.in.x = zeros(4, 8); }},
       {"Lstm: batch size is 0, expected at least 1", [](auto& a) { a.in.batch.size = 0; }},
       {"Lstm: batch size is -2, expected at least 1", [](auto& a) { a.in.batch.size = -2; }},
       {"Lstm: x has 8 columns, expected a multiple of the batch size 3", [](auto& a) { a.in.batch.size = 3; }},
       {"Lstm: 3 lengths for a batch of 2", [](auto& a) { a.in.batch.lengths = {4, 4, 4}; }},
       {"Lstm: a sequence's length is -1, expected at least 0", [](auto& a) { a.in.batch.lengths = {4, -1}; }},
       {"Lstm: a sequence's length is 5, x has 4 steps", [](auto& a) { a.in.batch.lengths = {5, 1}; }},
       {"Lstm: 7 resets for 8 columns, expected one a column", [](auto& a) { a.in.batch.resets.resize(7); }},
       {"Lstm::forward: the initial state h is 5 x 3, expected 5 x 2",
        [](auto& a) { a.in.initial.values[0] = zeros(5, 3); }},
       {"Lstm::forward: the initial state c is 4 x 2, expected 5 x 2",
        [](auto& a) { a.in.initial.values[1] = zeros(4, 2); }},
       {"Lstm: weight_ih is 19 x 3, expected 20 x 3", [](auto& a) { a.model.weight_ih = zeros(19, 3); }},
       {"Lstm: weight_hh is 24 x 5, expected 20 x 5", [](auto& a) { a.model.weight_hh = zeros(24, 5); }},
       {"Lstm: bias has 21 rows, expected 20", [](auto& a) { a.model.bias.resize(21); }}});
}

TEST_CASE("a layer's backward pass refuses what does not fit", "[refusals]") {
  Random random(7);
  check_refusals<L>(
      L(3, 5, random), true,
      {{"Lstm::backward: x is 3 x 6, expected 3 x 8 as in forward", [](auto& a) { a.in.x = zeros(3, 6); }},
       {"Lstm::backward: x is 2 x 8, expected 3 x 8 as in forward", [](auto& a) { a.in.x = zeros(2, 8); }},
       {"Lstm::backward: d_y is 5 x 2, expected 5 x 8 as in forward", [](auto& a) { a.in.d_y = zeros(5, 2); }},
       {"Lstm::backward: d_y is 3 x 8, expected 5 x 8 as in forward", [](auto& a) { a.in.d_y = zeros(3, 8); }},
       {"Lstm::backward: the final gradient's state h is 5 x 1, expected 5 x 2",
        [](auto& a) { a.in.d_final.values[0] = zeros(5, 1); }},
       {"Lstm::backward: the final gradient's state c is 2 x 5, expected 5 x 2",
        [](auto& a) { a.in.d_final.values[1] = zeros(2, 5); }},
       {"Lstm::backward: the gradient's weight_ih is 24 x 3, the model's is 20 x 3",
        [](auto& a) { a.gradient = L::zeros(3, 6); }},
       {"Lstm::backward: the gradient's weight_ih is 20 x 2, the model's is 20 x 3",
        [](auto& a) { a.gradient = L::zeros(2, 5); }},
       {"Lstm::backward: truncation window 2 and stride 3, expected window >= stride >= 0",
        [](auto& a) { a.options.truncation = {2, 3}; }},
       {"Lstm::backward: truncation window 0 and stride 3, expected window >= stride >= 0",
        [](auto& a) { a.options.truncation = {0, 3}; }},
       {"Lstm::backward: truncation window 2 and stride -1, expected window >= stride >= 0",
        [](auto& a) { a.options.truncation = {2, -1}; }},
       {"Lstm::backward: clip is -1, expected at least 0", [](auto& a) { a.options.clip = -1; }},
       {"Lstm::backward: clip is nan, expected at least 0",
        [](auto& a) { a.options.clip = std::numeric_limits<double>::quiet_NaN(); }}});
}

TEST_CASE("a whole model's forward pass refuses what does not fit in any of its layers", "[refusals]") {
  Random random(8);
  check_refusals<S>(
      S{Gru<double>(3, 4, random), L(4, 5, random), Dense<double>(5, 2, random)}, false,
      {{"Gru::forward: x has 4 rows, expected input_size 3", [](auto& a) { a.in.x = zeros(4, 8); }},
       {"Lstm::forward: the initial state h is 5 x 3, expected 5 x 2",
        [](auto& a) { std::get<1>(a.in.initial.layers).values[0] = zeros(5, 3); }},
       {"Lstm: bias has 21 rows, expected 20", [](auto& a) { std::get<1>(a.model.layers).bias.resize(21); }}});
  check_refusals<B>(B(3, 5, random), false,
                    {{"Lstm::forward: the initial state c is 5 x 1, expected 5 x 2",
                      [](auto& a) { a.in.initial.reverse.values[1] = zeros(5, 1); }},
                     {"Lstm: bias has 21 rows, expected 20", [](auto& a) { a.model.reverse_layer.bias.resize(21); }}});
}

TEST_CASE("a whole model's backward pass refuses what does not fit in any of its layers", "[refusals]") {
  Random random(9);
  check_refusals<S>(
      S{Gru<double>(3, 4, random), L(4, 5, random), Dense<double>(5, 2, random)}, true,
      {{"model::backward: x is 2 x 8, expected 3 x 8 as in forward", [](auto& a) { a.in.x = zeros(2, 8); }},
       {"model::backward: d_y is 5 x 8, expected 2 x 8 as in forward", [](auto& a) { a.in.d_y = zeros(5, 8); }},
       {"Gru::backward: the final gradient's state h is 5 x 2, expected 4 x 2",
        [](auto& a) { std::get<0>(a.in.d_final.layers).values[0] = zeros(5, 2); }},
       {"Gru::backward: clip is -1, expected at least 0", [](auto& a) { a.options.clip = -1; }},
       {"Dense::backward: the gradient's weight is 3 x 5, the model's is 2 x 5",
        [](auto& a) { std::get<2>(a.gradient.layers) = Dense<double>::zeros(5, 3); }}});
  check_refusals<B>(
      B(3, 5, random), true,
      {{"Lstm::backward: x is 3 x 6, expected 3 x 8 as in forward", [](auto& a) { a.in.x = zeros(3, 6); }},
       {"Bidirectional::backward: d_y is 5 x 8, expected 10 x 8 as in forward",
        [](auto& a) { a.in.d_y = zeros(5, 8); }},
       {"Lstm::backward: the final gradient's state h is 5 x 1, expected 5 x 2",
        [](auto& a) { a.in.d_final.reverse.values[0] = zeros(5, 1); }},
       {"Lstm::backward: the gradient's weight_ih is 24 x 3, the model's is 20 x 3",
        [](auto& a) { a.gradient.reverse_layer = L::zeros(3, 6, {Direction::reverse}); }}});
}

TEST_CASE("a layer refuses a tape of other sizes, and weights that do not fit together", "[refusals]") {
  Random random(12);
  const L layer(3, 90, random);
  check_foreign_tape(layer, L(3, 5, random),
                     "Lstm::backward: the tape is of a layer of 3 inputs and 5 units, this one has 3 and 90");
  check_foreign_tape(layer, L(2, 90, random),
                     "Lstm::backward: the tape is of a layer of 2 inputs and 90 units, this one has 3 and 90");
  L torn = layer, gradient = layer;
  torn.weight_ih = gradient.weight_ih = zeros(300, 3);
  L::Tape tape;
  layer.forward(zeros(3, 4), tape);
  CHECK(thrown_by([&] { torn.backward(zeros(3, 4), zeros(90, 4), tape, gradient); }) ==
        "invalid_argument: Lstm: weight_ih is 300 x 3, expected 360 x 3");
}

TEST_CASE("what a layer gave back may be its next argument", "[refusals]") {
  Random random(13);
  for (const Direction direction : directions) {
    const OriginalGru<double> layer(9, 9, random, {direction});
    check_reuse(layer, random_matrix<double>(9, 5, random));
    check_reuse(layer, random_matrix<double>(9, 10'000, random));  // more than is projected at once
  }
  check_reuse(Sequential{L(9, 9, random)}, random_matrix<double>(9, 5, random));
}

TEST_CASE("a layer refuses sizes that are none", "[refusals]") {
  Random random(10);
  CHECK(thrown_by([&] { L(0, 5, random); }) == "invalid_argument: Lstm: input_size is 0, expected at least 1");
  CHECK(thrown_by([&] { L(3, -1, random); }) == "invalid_argument: Lstm: hidden_size is -1, expected at least 1");
  CHECK(thrown_by([&] { Gru<float, 3, 5>(4, 5, random); }) == "invalid_argument: Gru: input_size is 4, expected 3");
  CHECK(thrown_by([&] { Gru<float, 3, 5>(3, 6, random); }) == "invalid_argument: Gru: hidden_size is 6, expected 5");
  CHECK(thrown_by([&] { Rnn<float>::zeros(3, 0); }) == "invalid_argument: Rnn: hidden_size is 0, expected at least 1");
  constexpr Index quarter = (std::numeric_limits<Index>::max)() / 4;
  CHECK(thrown_by([&] { Lstm<float>::zeros(3, quarter + 1); }) ==
        detail::text("invalid_argument: Lstm: hidden_size is ", quarter + 1, ", expected at most ", quarter));
}

TEST_CASE("a backward pass needs a forward pass of its own", "[refusals]") {
  Random random(11);
  const auto check = [&](const auto& model, const std::string& never, const std::string& twice) {
    const auto in = random_sequence(model, 4, {.size = 2}, random);
    typename std::remove_cvref_t<decltype(model)>::Tape tape;
    auto gradient = zeros_like(model);
    const auto go_back = [&] { model.backward(in.x, in.d_y, tape, gradient, {}, in.d_final); };
    CHECK(thrown_by(go_back) == "logic_error: " + never);
    CHECK(global_norm(gradient) == 0);
    model.forward(in.x, tape, in.batch, in.initial, in.forward);
    go_back();
    const auto kept = gradient;
    CHECK(thrown_by(go_back) == "logic_error: " + twice);
    check_gradients_agree(gradient, kept, 0);
    model.forward(in.x, tape, in.batch, in.initial, in.forward);
    CHECK(thrown_by(go_back) == "nothing");
  };
  const std::string consumed = "::backward: the tape holds no forward pass; a backward pass consumes it";
  check(L(3, 5, random), "Lstm" + consumed, "Lstm" + consumed);
  check(B(3, 5, random), "Lstm" + consumed, "Lstm" + consumed);
  check(S{Gru<double>(3, 4, random), L(4, 5, random), Dense<double>(5, 2, random)}, "Gru" + consumed, "Gru" + consumed);
  check(Stack<L>(2, 3, 5, random), "model::backward: the tape holds no forward pass", "Lstm" + consumed);
}
