#include "unroll/layers/chain.hpp"

#include "layers/layer_contract.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;
using Names = std::vector<std::string>;

namespace {

/// Three kinds of layers, 3 to 2.
auto mixed(std::uint64_t seed = 1) {
  Random random(seed);
  return Sequential{Dense<double>(3, 5, random), Lstm<double>(5, 7, random), Rnn<double>(7, 2, random)};
}
using Mixed = decltype(mixed());

/// `count` layers of one kind, 3 to 7.
template <class L = Lstm<double>>
Stack<L> stack(Index count, std::uint64_t seed = 1) {
  Random random(seed);
  return Stack<L>(count, 3, 7, random);
}

/// A state of its own for every layer, unit and sample.
template <class Model>
typename Model::State state(const Model& model, const Matrix<double>& x, const Batch& batch, std::uint64_t seed = 50) {
  typename Model::Tape tape;
  model.forward(x, tape, batch);
  const auto draw = [&](auto& value) { value = drawn(value.rows(), value.cols(), ++seed); };
  for_each_state(draw, tape.final_state);
  return tape.final_state;
}

template <class State>
std::vector<Matrix<double>> matrices(const State& state) {
  std::vector<Matrix<double>> result;
  for_each_state([&](const auto& value) { result.push_back(value); }, state);
  return result;
}

template <class Call>
void refuse(Call call, const std::string& why) {
  CHECK_THROWS_MATCHES(call(), std::invalid_argument, Message(why));
}

}  // namespace

TEST_CASE("a model is its layers one after the other", "[chain]") {
  const auto model = mixed();
  const auto& [dense, lstm, rnn] = model.layers;
  for (const Batch& batch : {Batch{.size = 1}, Batch{.size = 3}, Batch{.size = 3, .lengths = {0, 2, 1}}}) {
    const Matrix<double> x = drawn(3, 6);
    const auto start = state(model, x, batch);
    const auto& [none, lstm_start, rnn_start] = start.layers;
    Dense<double>::Tape dense_tape;
    Lstm<double>::Tape lstm_tape;
    Rnn<double>::Tape rnn_tape;
    const auto y = rnn.forward(lstm.forward(dense.forward(x, dense_tape, batch), lstm_tape, batch, lstm_start),
                               rnn_tape, batch, rnn_start);
    Mixed::Tape tape;
    CHECK(model.forward(x, tape, batch, start) == y);
    CHECK(tape.output() == y);
    const std::vector<Matrix<double>> expected{lstm_tape.final_state.values[0], lstm_tape.final_state.values[1],
                                               rnn_tape.final_state.values[0]};
    CHECK(matrices(tape.final_state) == expected);
  }
}

TEST_CASE("a stack is the sequential model of the same layers", "[chain]") {
  Random random(1);
  const auto three = stack(3);
  const Sequential model{Lstm<double>(3, 7, random), Lstm<double>(7, 7, random), Lstm<double>(7, 7, random)};
  check_equal(three, model, drawn(3, 6), {.size = 3});
}

TEST_CASE("a model's sizes are its first and its last layer's", "[chain]") {
  Random random(1);
  const Dropout<double> dropout(0.5);
  const auto check = [](const auto& model, Index inputs, Index outputs) {
    CHECK(model.input_size() == inputs);
    CHECK(model.output_size() == outputs);
  };
  check(mixed(), 3, 2);
  check(stack(1), 3, 7);
  check(stack<Bidirectional<Gru<double>>>(2), 3, 14);
  check(Sequential{dropout, Dense<double>(3, 7, random), dropout}, 3, 7);
  check(Sequential{Sequential{dropout}, mixed(), Stack(std::vector{dropout, dropout})}, 3, 2);
  check(Sequential{Embedding<double>(9, 3, random), mixed()}, 1, 2);
  check(Sequential{dropout}, 0, 0);
}

TEST_CASE("layers whose sizes do not fit are refused", "[chain]") {
  Random random(1);
  const Dense<double> three_to_seven(3, 7, random), eight_to_two(8, 2, random);
  const Dropout<double> dropout(0.5);
  refuse([&] { Sequential{three_to_seven, eight_to_two}; }, "layer 1 has input_size 8, the layer before it gives 7");
  refuse([&] { Sequential{three_to_seven, dropout, eight_to_two}; },
         "layer 2 has input_size 8, the layer before it gives 7");
  refuse([&] { Sequential{mixed(), Sequential{dropout, eight_to_two}}; },
         "layer 1 has input_size 8, the layer before it gives 2");
  refuse([&] { Stack(std::vector{three_to_seven, three_to_seven}); },
         "layer 1 has input_size 3, the layer before it gives 7");
  refuse([&] { Stack(std::vector<Lstm<>>{}); }, "a model needs at least one layer");
  for (const Index count : {0, -1})
    refuse([&] { stack(count); }, "Stack: " + std::to_string(count) + " layers, expected at least 1");
}

TEST_CASE("tensors are named by the layers' places", "[chain]") {
  Random random(1);
  const Sequential model{Embedding<double>(9, 3, random), Dropout<double>(0.5),
                         Sequential{stack(2), Dense<double>(7, 3, random)}, stack<Bidirectional<Rnn<double>>>(1)};
  CHECK(tensor_names(model) == Names{"0.weight", "2.0.0.weight_ih", "2.0.0.weight_hh", "2.0.0.bias", "2.0.1.weight_ih",
                                     "2.0.1.weight_hh", "2.0.1.bias", "2.1.weight", "2.1.bias", "3.0.forward.weight_ih",
                                     "3.0.forward.weight_hh", "3.0.forward.bias", "3.0.reverse.weight_ih",
                                     "3.0.reverse.weight_hh", "3.0.reverse.bias"});
}

TEST_CASE("gradients of models are those of central differences", "[chain]") {
  Random random(1);
  const auto check = [](const auto& model, Index steps, const Batch& batch, bool input = true) {
    Matrix<double> x = drawn(model.input_size(), steps * batch.size);
    if (!input) x = (x.array().abs() * 9).floor();  // tokens
    for (const bool initial : {false, true}) {
      const auto start = initial ? state(model, x, batch) : typename std::decay_t<decltype(model)>::State{};
      const auto report = testing::check_gradient(model, x, batch, {.entries = 12, .input = input}, start);
      CAPTURE(steps, batch.size, initial, report.where);
      CHECK(report.worst <= 1e-7);
    }
  };
  const auto check_all = [&](const auto& model, bool input = true) {
    check(model, 5, {.size = 3}, input);
    check(model, 5, {.size = 3, .lengths = {5, 0, 2}}, input);
    check(model, 1, {.size = 1}, input);
    check(model, 0, {.size = 3}, input);
  };
  SECTION("layers of different types") { check_all(mixed()); }
  SECTION("a stack") {
    check_all(stack<Gru<double>>(3));
    check_all(stack<Bidirectional<Lstm<double>>>(2));
    check(stack<OriginalGru<double>>(1), 7, {.size = 1});
  }
  SECTION("models in models") {
    check_all(Sequential{Embedding<double>(9, 3, random), Sequential{stack(2), Dense<double>(7, 3, random)},
                         stack<Rnn<double>>(1)},
              false);
  }
  SECTION("read out before the head") {
    for (const Readout readout : {Readout::last, Readout::mean})
      check_all(Sequential{Lstm<double>(3, 7, random), Gru<double>(7, 5, random, {Direction::reverse, readout}),
                           Dense<double>(5, 2, random)});
  }
}

TEST_CASE("models keep to what every layer does", "[chain]") {
  const Matrix<double> x = drawn(3, 6);
  const Batch batch{.size = 3};
  SECTION("sequential") {
    const auto model = mixed();
    check_backward(model, x, batch, {"Dense", "", ""});
    check_shapes(model, x, batch, {"", "model", "model"});
    check_values(model, x, batch, mixed(2));
    check_ragged(model, x, {0, 2, 1});
    check_stream(model, x);
  }
  SECTION("stack") {
    const auto model = stack(3);
    check_shapes(model, x, batch, {"", "model", "model"});
    check_values(model, x, batch, stack(1, 2));
    check_ragged(model, x, {3, 1});
    check_stream(model, x);
  }
}

TEST_CASE("values: a model in a model is copied with all it holds", "[chain]") {
  Random random(1);
  const Sequential model{stack(2), Sequential{Dropout<double>(0.5), Dense<double>(7, 2, random)}};
  const Sequential other{stack(3, 2), Sequential{Dropout<double>(0.1), Dense<double>(7, 4, random)}};
  check_values(model, drawn(3, 6), {.size = 3}, other, {.dropout_seed = 1});

  std::vector<Sequential<Stack<Lstm<double>>>> many(3, Sequential{stack(2)});
  many[1] = Sequential{stack(3, 2)};
  many.erase(many.begin());
  CHECK(flat(many[0]) == flat(stack(3, 2)));
  CHECK(flat(many[1]) == flat(stack(2)));
}

TEST_CASE("initialize draws all layers anew, in their order", "[chain]") {
  auto model = mixed(2);
  Random random(1), same(1);
  model.initialize(random);
  CHECK(flat(model) == flat(mixed(1)));
  model.initialize(random, Initial::pytorch);
  CHECK(flat(model) != flat(mixed(1)));
  CHECK(std::get<1>(model.layers).bias.minCoeff() < 0);

  auto three = stack(3, 2);
  three.initialize(same);
  CHECK(flat(three) == flat(stack(3, 1)));
}

TEST_CASE("a fresh tape has no outputs", "[chain]") {
  const Stack<Lstm<double>>::Tape tape;
  CHECK(tape.output().rows() == 0);
  CHECK(tape.output().cols() == 0);
  CHECK(tape.d_input().rows() == 0);
}

TEMPLATE_TEST_CASE("a sequence in parts that carry the state is the whole", "[chain]", Mixed, Stack<Gru<double>>,
                   Sequential<Stack<Lstm<double>>>) {
  const auto check = [](const auto& model) {
    using Model = std::decay_t<decltype(model)>;
    const Matrix<double> x = drawn(3, 15);
    for (const Index batch_size : {1, 3}) {
      const Batch batch{.size = batch_size};
      const auto start = state(model, x, batch);
      typename Model::Tape whole, part;
      const auto y = model.forward(x, whole, batch, start);
      const Index first = 2 * batch_size;
      CHECK(model.forward(x.leftCols(first), part, batch, start) == y.leftCols(first));
      // The tape's own final state, which this call replaces.
      CHECK(model.forward(x.rightCols(15 - first), part, batch, part.final_state) == y.rightCols(15 - first));
      CHECK(matrices(part.final_state) == matrices(whole.final_state));
      model.forward(Matrix<double>(3, 0), part, batch, part.final_state);
      CHECK(matrices(part.final_state) == matrices(whole.final_state));
    }
  };
  if constexpr (std::is_same_v<TestType, Mixed>)
    check(mixed());
  else if constexpr (std::is_same_v<TestType, Stack<Gru<double>>>)
    check(stack<Gru<double>>(3));
  else
    check(Sequential{stack(2)});
}

TEST_CASE("an empty state stands for zeros", "[chain]") {
  const auto model = stack(2);
  const Matrix<double> x = drawn(3, 6);
  Stack<Lstm<double>>::Tape tape;
  const Matrix<double> y = model.forward(x, tape, {.size = 3});
  auto zeros = tape.final_state;
  for_each_state([](auto& value) { value.setZero(); }, zeros);
  CHECK(model.forward(x, tape, {.size = 3}, zeros) == y);
  zeros.layers[1].values[0].resize(0, 0);
  CHECK(model.forward(x, tape, {.size = 3}, zeros) == y);

  Stream stream(model);
  const Matrix<double> first = stream.step(x.col(0));
  REQUIRE(stream.restore({}));
  CHECK(stream.step(x.col(0)) == first);
}

TEST_CASE("states that do not fit are refused", "[chain]") {
  const auto model = stack(2);
  const Matrix<double> x = drawn(3, 6);
  Stack<Lstm<double>>::Tape tape;
  const auto good = state(model, x, {.size = 3});
  auto few = good, narrow = good;
  few.layers.resize(1);
  narrow.layers[1].values[1] = drawn(6, 3);
  refuse([&] { model.forward(x, tape, {.size = 3}, few); }, "model: the initial state has 1 layers, expected 2");
  refuse([&] { model.forward(x, tape, {.size = 3}, narrow); },
         "Lstm::forward: the initial state c is 6 x 3, expected 7 x 3");
}

TEST_CASE("a backward pass that throws changes no gradient, and the right one still goes", "[chain]") {
  const Matrix<double> x = drawn(3, 6);
  const Batch batch{.size = 3};
  const auto run = [&](const auto& model, auto wrong_calls) {
    using Model = std::decay_t<decltype(model)>;
    const Passes<Model> expected(model, x, batch);
    Model gradient = counted(model);
    typename Model::Tape tape;
    model.forward(x, tape, batch);
    wrong_calls([&](auto change, const std::string& why) {
      CAPTURE(why);
      Matrix<double> d_y = expected.d_y;
      Model into = gradient;
      BackwardOptions options;
      auto d_final = typename Model::State{};
      change(d_y, into, options, d_final);
      const auto before = flat(into);
      refuse([&] { model.backward(x, d_y, tape, into, options, d_final); }, why);
      CHECK(flat(into) == before);
    });
    set_zero(gradient);
    CHECK(model.backward(x, expected.d_y, tape, gradient) == expected.d_x);
    CHECK(flat(gradient) == flat(expected.gradient));
  };

  SECTION("sequential") {
    run(mixed(), [](auto wrong) {
      wrong([](auto& d_y, auto&...) { d_y = drawn(2, 7); },
            "model::backward: d_y is 2 x 7, expected 2 x 6 as in forward");
      wrong([](auto&, auto& gradient, auto&...) { std::get<0>(gradient.layers).bias.resize(4); },
            "Dense::backward: the gradient's bias is 4 x 1, the model's is 5 x 1");
      wrong([](auto&, auto& gradient, auto&...) { std::get<2>(gradient.layers).weight_hh.resize(2, 3); },
            "Rnn::backward: the gradient's weight_hh is 2 x 3, the model's is 2 x 2");
      wrong([](auto&, auto&, auto& options, auto&) { options.clip = -0.5; },
            "Lstm::backward: clip is -0.5, expected at least 0");
      wrong([](auto&, auto&, auto& options, auto&) { options.truncation = {.window = -1}; },
            "Lstm::backward: truncation window -1 and stride 0, expected window >= stride >= 0");
      wrong([](auto&, auto&, auto&, auto& d_final) { std::get<1>(d_final.layers).values[1] = drawn(7, 2); },
            "Lstm::backward: the final gradient's state c is 7 x 2, expected 7 x 3");
    });
  }
  SECTION("stack") {
    run(stack(2), [](auto wrong) {
      wrong([](auto&, auto& gradient, auto&...) { gradient = stack(1); },
            "model::backward: the gradient has 1 layers, expected 2");
      wrong([](auto&, auto& gradient, auto&...) { gradient = stack(3); },
            "model::backward: the gradient has 3 layers, expected 2");
      wrong([](auto&, auto&, auto&, auto& d_final) { d_final.layers.resize(1); },
            "model: the final gradient's state has 1 layers, expected 2");
    });
  }
}

TEST_CASE("a backward pass given other tokens than the forward pass's changes no gradient halfway", "[chain]") {
  Random random(1);
  const Sequential model{Embedding<double>(5, 3, random), Dense<double>(3, 2, random)};
  const Matrix<double> x = Matrix<double>::Ones(1, 6);
  const Passes expected(model, x, {});
  decltype(model)::Tape tape;
  auto gradient = zeros_like(model);
  model.forward(x, tape);
  model.backward(Matrix<double>::Constant(1, 6, 5), expected.d_y, tape, gradient);
  CHECK(flat(gradient) == flat(expected.gradient));
}

TEST_CASE("a tape of another model is refused", "[chain]") {
  const auto two = stack(2), three = stack(3);
  const Matrix<double> x = drawn(3, 6);
  Stack<Lstm<double>>::Tape tape, fresh;
  const auto refuse_tape = [&](const auto& model, auto& held, const std::string& why) {
    auto gradient = counted(model);
    CHECK_THROWS_MATCHES(model.backward(x, drawn(7, 6), held, gradient), std::logic_error, Message(why));
    CHECK(flat(gradient) == flat(counted(model)));
  };
  three.forward(x, tape);
  refuse_tape(two, tape, "model::backward: the tape holds no forward pass");
  refuse_tape(two, fresh, "model::backward: the tape holds no forward pass");
  CHECK(place(two.find_non_finite(tape)) == "");
  // A layer's own pass consumed its tape: the layers before it must not have been gone through.
  two.forward(x, tape);
  auto gradient = zeros_like(two.layers[0]);
  two.layers[0].backward(x, drawn(7, 6), tape.layers[0], gradient);
  refuse_tape(two, tape, "Lstm::backward: the tape holds no forward pass; a backward pass consumes it");
}

TEST_CASE("a forward pass that throws leaves no tape to go back through by mistake", "[chain]") {
  Random random(1);
  SECTION("refused by the first layer: the pass before it is still there") {
    const auto model = mixed();
    const Matrix<double> x = drawn(3, 6);
    const Passes expected(model, x, {.size = 3});
    Mixed::Tape tape;
    auto gradient = zeros_like(model);
    model.forward(x, tape, {.size = 3});
    refuse([&] { model.forward(drawn(4, 9), tape, {.size = 3}); },
           "Dense::forward: x has 4 rows, expected input_size 3");
    CHECK_NOTHROW(model.backward(x, expected.d_y, tape, gradient));
    CHECK(flat(gradient) == flat(expected.gradient));
  }
  SECTION("refused by a later layer: no gradient is changed") {
    const Sequential model{Lstm<double>(3, 7, random), Rnn<double>(7, 5, random, {Direction::reverse}),
                           Dense<double>(5, 2, random)};
    const Matrix<double> x = drawn(3, 6), d_y = drawn(2, 6);
    decltype(model)::Tape tape;
    auto gradient = counted(model);
    model.forward(x, tape, {.size = 2});
    refuse([&] { model.forward(drawn(3, 9), tape, {.size = 3, .continues = true}); },
           "Rnn::forward: a reverse layer starts behind these steps and cannot go on from those before them "
           "(Batch::continues)");
    CHECK_THROWS_AS(model.backward(drawn(3, 9), d_y, tape, gradient), std::logic_error);
    CHECK(flat(gradient) == flat(counted(model)));
  }
}

TEST_CASE("a forward pass that a layer breaks off leaves no mixture of two passes", "[chain]") {
  Random random(1);
  const auto check = [&](const auto& model, bool kept) {
    const Matrix<double> x = Matrix<double>::Zero(1, 6), d_y = drawn(model.output_size(), 6);
    typename std::remove_cvref_t<decltype(model)>::Tape tape;
    auto gradient = zeros_like(model), expected = gradient;
    model.forward(x, tape);
    model.backward(x, d_y, tape, expected);
    const Matrix<double> y = model.forward(x, tape);
    CHECK_THROWS_AS(model.forward(Matrix<double>::Constant(1, 7, 9), tape), std::invalid_argument);
    if (kept) {  // the first layer refused
      CHECK(tape.output() == y);
      model.backward(x, d_y, tape, gradient);
      CHECK(flat(gradient) == flat(expected));
    } else {
      CHECK_THROWS_AS(model.backward(x, d_y, tape, gradient), std::logic_error);
      CHECK_THROWS_AS(model.backward(Matrix<double>::Zero(1, 7), d_y, tape, gradient), std::logic_error);
      CHECK(flat(gradient) == flat(zeros_like(model)));
    }
    model.forward(x, tape);
    set_zero(gradient);
    model.backward(x, d_y, tape, gradient);
    CHECK(flat(gradient) == flat(expected));
  };
  auto same = Dense<double>::zeros(1, 1);
  same.weight(0, 0) = 1;
  check(Sequential{Embedding<double>(5, 3, random), Gru<double>(3, 4, random)}, true);
  check(Sequential{same, Embedding<double>(5, 3, random), Gru<double>(3, 4, random)}, false);
}

TEST_CASE("the first number that is not finite is found: layer, gate, step and sample", "[chain]") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const Batch batch{.size = 3};
  const auto found = [&](auto change) {
    auto model = mixed();
    Matrix<double> x = drawn(3, 12);
    change(model.layers, x);
    Mixed::Tape tape;
    model.forward(x, tape, batch);
    return place(model.find_non_finite(tape));
  };
  CHECK(found([](auto&, auto&) {}) == "");
  CHECK(found([&](auto&, auto& x) { x(2, 2 * 3 + 1) = nan; }) == "0.Dense y 2 1 forward");
  CHECK(found([&](auto& layers, auto&) { std::get<0>(layers).weight(4, 2) = -inf; }) == "0.Dense y 0 0 forward");
  const std::pair<Index, const char*> gates[] = {{0, "i"}, {1, "f"}, {2, "g"}, {3, "o"}};
  for (const auto& [gate, name] : gates) {
    const std::string expected = detail::text("1.Lstm ", name, " 0 0 forward");
    const Index row = gate * 7 + 6;
    CHECK(found([&](auto& layers, auto&) { std::get<1>(layers).weight_ih(row, 4) = nan; }) == expected);
    CHECK(found([&](auto& layers, auto&) { std::get<1>(layers).weight_hh(row, 0) = inf; }) == expected);
    CHECK(found([&](auto& layers, auto&) { std::get<1>(layers).bias[row] = nan; }) == expected);
  }
  CHECK(found([&](auto& layers, auto&) { std::get<2>(layers).bias[1] = nan; }) == "2.Rnn a 0 0 forward");
}

TEST_CASE("a state that grows without bound is found where it overflows", "[chain]") {
  auto model = stack<ReluRnn<double>>(2);
  set_zero(model);
  model.layers[0].weight_ih.setIdentity();
  model.layers[1].weight_ih.setIdentity();
  model.layers[1].weight_hh(3, 1) = model.layers[1].weight_hh(1, 1) = 1e300;
  Matrix<double> x = Matrix<double>::Zero(3, 15);
  x(1, 1 * 3 + 2) = 1;  // sample 2, step 1: 1 at step 1, 1e300 at step 2, too much at step 3
  Stack<ReluRnn<double>>::Tape tape;
  const Batch batch{.size = 3};
  model.forward(x, tape, batch);
  CHECK(place(model.find_non_finite(tape)) == "1.ReluRnn a 3 2 forward");
  model.forward(x, tape, {.size = 3, .lengths = {5, 5, 3}});
  CHECK(place(model.find_non_finite(tape)) == "");

  const Sequential nested{Dense<double>::zeros(3, 3), model};
  decltype(nested)::Tape nested_tape;
  CHECK(place(nested.find_non_finite(nested_tape)) == "");
  auto filled = nested;
  std::get<0>(filled.layers).weight.setIdentity();
  filled.forward(x, nested_tape, batch);
  CHECK(place(filled.find_non_finite(nested_tape)) == "1.1.ReluRnn a 3 2 forward");
}

TEST_CASE("a gradient that is not finite is found where it came up", "[chain]") {
  const auto model = mixed();
  const Matrix<double> x = drawn(3, 12);
  Mixed::Tape tape;
  auto gradient = zeros_like(model);
  Matrix<double> d_y = drawn(2, 12);
  d_y(1, 2 * 3 + 1) = std::numeric_limits<double>::infinity();
  model.forward(x, tape, {.size = 3});
  model.backward(x, d_y, tape, gradient);
  const auto found = model.find_non_finite(tape);
  CHECK(place(found) == "2.Rnn a 2 1 backward");
}

TEST_CASE("what is not finite is told in a sentence", "[chain]") {
  auto model = mixed();
  std::get<1>(model.layers).bias[7] = std::numeric_limits<double>::quiet_NaN();
  Mixed::Tape tape;
  model.forward(drawn(3, 6), tape, {.size = 3});
  CHECK(model.find_non_finite(tape).value().message() ==
        "1.Lstm: gate f of sample 0 is not finite at step 0 (forward)");
}

TEST_CASE("what a tape's inner layers gave back may be x", "[chain]") {
  Random random(31);
  const Matrix<double> x = drawn(4, 5);
  const auto check = [&](const auto& model, auto inner) {
    typename std::remove_cvref_t<decltype(model)>::Tape tape;
    model.forward(x, tape);
    const Output<double> again = inner(tape);
    const Matrix<double> copy = again;
    const Matrix<double> y = model.forward(again, tape);
    CHECK(y == model.forward(copy, tape));
  };
  const Dense<double> first(4, 4, random), second(4, 4, random);
  check(Sequential{first, second}, [](auto& tape) { return std::get<0>(tape.layers).output(); });
  check(Sequential{Branches{first, second}, Dense<double>(8, 4, random)},
        [](auto& tape) { return std::get<0>(std::get<0>(tape.layers).layers).output(); });
  check(Residual{Sequential{first, second}}, [](auto& tape) { return std::get<0>(tape.layer.layers).output(); });
}

TEST_CASE("a tape's states may be x, and their gradients d_y", "[chain]") {
  Random random(35);
  const Batch batch{.size = 2};
  const Matrix<double> x = drawn(4, 6), d_y = drawn(4, 2);
  const auto check = [&](const auto& model, auto h_of) {
    typename std::remove_cvref_t<decltype(model)>::Tape tape, other;
    auto gradient = zeros_like(model);
    model.forward(x, tape, batch);
    const auto state = tape.final_state;  // an initial state that is not zero
    Matrix<double>& h = h_of(tape.final_state);
    const Matrix<double> x_copy = h;
    const Matrix<double> expected = model.forward(x_copy, other, batch, state);
    CHECK(model.forward(h, tape, batch, state) == expected);

    model.backward(x_copy, d_y, tape, gradient);
    model.forward(x_copy, tape, batch, state);
    Matrix<double>& d_h = h_of(tape.d_initial);
    const Matrix<double> d_copy = d_h, expected_d_x = model.backward(x_copy, d_copy, other, gradient);
    CHECK(model.backward(x_copy, d_h, tape, gradient) == expected_d_x);
  };
  const Lstm<double> layer(4, 4, random), second(4, 4, random);
  check(layer, [](auto& state) -> auto& { return state.values[0]; });
  check(LayerNormLstm<double>(4, 4, random), [](auto& state) -> auto& { return state.values[1]; });
  check(Conv1d<double>(4, 4, 2, random), [](auto& state) -> auto& { return state.values[0]; });
  check(Sequential{layer, second}, [](auto& state) -> auto& { return std::get<0>(state.layers).values[0]; });
  check(Bidirectional{layer, Lstm<double>(4, 4, random, {Direction::reverse}), Merge::sum},
        [](auto& state) -> auto& { return state.forward.values[0]; });
}

TEST_CASE("a model that was moved from is refused", "[chain]") {
  Random random(36);
  const Matrix<double> x = drawn(4, 6);
  const auto refuses = [&](auto model, const Matrix<double>& of_model, const std::string& message) {
    typename decltype(model)::Tape tape;
    const auto taken = std::move(model);
    CHECK_THROWS_MATCHES(model.forward(of_model, tape), std::invalid_argument, Message(message));
  };
  const std::string no_weights = ": there are no weights; the layer was moved from";
  refuses(Dense<double>(4, 2, random), x, "Dense" + no_weights);
  refuses(Sequential{Dense<double>(4, 2, random), Tanh<double>()}, x, "Dense" + no_weights);
  refuses(Prelu<double>(4), x, "Prelu" + no_weights);
  refuses(Prelu<double>(), x, "Prelu" + no_weights);
  refuses(Lstm<double>(4, 2, random), drawn(0, 6), "Lstm" + no_weights);
  refuses(Stack<Lstm<double>>(2, 4, 3, random), x, "model: there is no layer; it was moved from");
}

TEST_CASE("what a tape's inner layers gave back may be the final gradient", "[chain]") {
  Random random(33);
  const Matrix<double> x = drawn(4, 5);
  const auto check = [&](const auto& model, auto inner) {
    typename std::remove_cvref_t<decltype(model)>::Tape tape;
    auto gradient = zeros_like(model);
    model.forward(x, tape);
    model.backward(x, x, tape, gradient);
    const auto copy = inner(tape);
    model.forward(x, tape);
    const Matrix<double> expected = model.backward(x, x, tape, gradient, {}, copy);
    model.forward(x, tape);
    model.backward(x, x, tape, gradient);
    model.forward(x, tape);
    CHECK(model.backward(x, x, tape, gradient, {}, inner(tape)) == expected);
  };
  const Lstm<double> layer(4, 4, random);
  check(Residual{layer}, [](auto& tape) -> auto& { return tape.layer.d_initial; });
  check(Parallel{layer, std::make_shared<ThreadPool>(1)},
        [](auto& tape) -> auto& { return tape.shards[0].tape.d_initial; });
}

TEST_CASE("a batch that goes on wants the state that it goes on from", "[chain]") {
  Random random(3);
  const auto check = [](const auto& model, const std::string& name) {
    typename std::remove_cvref_t<decltype(model)>::Tape tape;
    const Matrix<double> x = drawn(3, 6);
    const Matrix<double> y = model.forward(x, tape, {.size = 2});
    const auto left = tape.final_state;
    const std::string why =
        name +
        "::forward: the batch goes on from the steps before it (Batch::continues), but the initial state is "
        "empty; give it the final state that they left";
    refuse([&] { model.forward(x, tape, {.size = 2, .continues = true}); }, why);
    CHECK(tape.output() == y);
    CHECK_NOTHROW(model.forward(x, tape, {.size = 2, .continues = true}, left));
  };
  check(Gru<double>(3, 4, random), "Gru");
  check(mixed(), "model");
  check(stack(2), "model");
  check(Parallel(stack(2), std::make_shared<ThreadPool>(1)), "model");
  Dense<double>::Tape none;
  CHECK_NOTHROW(Dense<double>(3, 2, random).forward(drawn(3, 6), none, {.continues = true}));
}

TEST_CASE("a model is not its own gradient", "[chain]") {
  auto model = mixed();
  Mixed::Tape tape;
  const Matrix<double> x = drawn(3, 6), y = model.forward(x, tape);
  const Flat weights = flat(model);
  refuse([&] { model.backward(x, y, tape, model); },
         "model::backward: the gradient is the model itself; it wants a value of its own, zeros_like(model)");
  CHECK(flat(model) == weights);
}

TEST_CASE("a layer behind a read-out takes one step of each sample", "[chain]") {
  Random random(9);
  for (const Readout readout : {Readout::last, Readout::mean}) {
    const Lstm<double> reader(3, 7, random, {.readout = readout});
    const Gru<double> behind(7, 4, random);
    const Dense<double> head(4, 2, random);
    const Sequential model{reader, behind, head};
    const Sequential nested{Sequential{Dropout<double>(0.3), reader}, Residual(Gru<double>(7, 7, random)),
                            Dense<double>(7, 2, random)};
    std::vector<bool> resets(15);
    resets[7] = resets[9] = true;
    for (const Batch& batch : {Batch{.size = 3}, Batch{.size = 3, .lengths = {5, 0, 2}}, Batch{3, {5, 0, 2}, resets}}) {
      const Matrix<double> x = drawn(3, 15);
      Lstm<double>::Tape of_reader;
      Gru<double>::Tape of_behind;
      Dense<double>::Tape of_head;
      Batch one{.size = 3};
      if (!batch.lengths.empty()) one.lengths = {1, 0, 1};
      const auto y = head.forward(behind.forward(reader.forward(x, of_reader, batch), of_behind, one), of_head, one);
      Sequential<Lstm<double>, Gru<double>, Dense<double>>::Tape tape;
      CHECK(model.forward(x, tape, batch) == y);
      CHECK(std::get<1>(tape.final_state.layers).values[0] == of_behind.final_state.values[0]);
      const Parallel parallel(model, std::make_shared<ThreadPool>(2));
      decltype(parallel)::Tape of_parallel;
      CHECK(parallel.forward(x, of_parallel, batch) == y);
      CHECK(Predictor(model)(x, batch) == y);
      for (const auto& report : {testing::check_gradient(model, x, batch), testing::check_gradient(nested, x, batch)}) {
        CAPTURE(report.where);
        CHECK(report.worst <= 1e-7);
      }
    }
  }
}

TEST_CASE("behind a read-out of no steps there is no step, with and without lengths", "[chain]") {
  Random random(10);
  Sequential model{Lstm<double>(3, 7, random, {.readout = Readout::last}), Dense<double>(7, 4, random)};
  std::get<1>(model.layers).bias.setOnes();
  for (const Batch& batch : {Batch{.size = 2}, Batch{.size = 2, .lengths = {0, 0}}}) {
    decltype(model)::Tape tape;
    auto gradient = zeros_like(model);
    CHECK(model.forward(drawn(3, 0), tape, batch) == Matrix<double>::Zero(4, 2));
    model.backward(drawn(3, 0), drawn(4, 2), tape, gradient);
    CHECK(global_norm(gradient) == 0);
  }
}

TEST_CASE("a state behind a read-out is refused by a stream", "[chain]") {
  Random random(9);
  const auto reader = [&] { return Lstm<double>(3, 7, random, {.readout = Readout::last}); };
  refuse([&] { Stream{Sequential{reader(), Dense<double>(7, 4, random), Gru<double>(4, 4, random)}}; },
         "a stream: layer 2 keeps a state behind layer 0's read-out: it takes one step of a sequence, and all of a "
         "stream");
  refuse([&] { Stream{Sequential{Sequential{reader(), Dropout<double>(0.1)}, Residual(Gru<double>(7, 7, random))}}; },
         "a stream: layer 1 keeps a state behind layer 0's read-out: it takes one step of a sequence, and all of a "
         "stream");
  const Sequential model{reader(), Dropout<double>(0.3), Dense<double>(7, 4, random)};
  Stream stream(model);
  decltype(model)::Tape tape;
  const Matrix<double> x = drawn(3, 5);
  Vector<double> y;
  for (Index t = 0; t < 5; ++t) y = stream.step(x.col(t));
  CHECK(y == model.forward(x, tape));
}
