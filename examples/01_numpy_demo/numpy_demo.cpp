// A recurrent network over a random batch, its sizes and numbers printed in NumPy's notation. numpy_demo.py beside this
// file is the same program in Python and gives the same text.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iostream>
#include <string>
#include <system_error>
#include <type_traits>
#include <unroll/unroll.hpp>
#include <utility>
#include <vector>

#include "numpy_array.hpp"
#include "numpy_print.hpp"
#include "numpy_random.hpp"

using unroll::Index, unroll::Matrix;
using Rnn = unroll::Rnn<double>;
using Lstm = unroll::Lstm<double>;
using Gru = unroll::Gru<double>;
using Dense = unroll::Dense<double>;

struct Options {
  std::string cell = "rnn";
  Index input = 3, hidden = 5, output = 2, batch = 10, steps = 4;
  std::uint32_t seed = 1;
  bool full = false;
};

constexpr const char* draw_order = R"(The numbers are drawn from np.random.RandomState(seed).randn in this order:
  rnn   x, a0, Waa, Wax, Wya, ba, by
  lstm  x, a0, Wf, bf, Wi, bi, Wo, bo, Wc, bc, Wy, by
  gru   x, a0, Wr, br, Wz, bz, Wn, bn, bhn, Wy, by
x is (input, batch, steps), a0 (hidden, batch), Waa (hidden, hidden), Wax (hidden, input), Wya and Wy (output, hidden).
The other W are (hidden, hidden + input) and multiply a_prev stacked over x, each b is one column, the LSTM's memory c
starts at zero. The GRU is a = (1 - z) n + z a_prev with n = tanh(Wn_x x + bn + r (Wn_a a_prev + bhn)).)";

/// Draws tensors one after another, each in the shape it has.
void draw(numpy::RandomState& random, auto&&... tensors) {
  ((tensors = numpy::to_columns(random.randn({tensors.rows(), tensors.cols()}))), ...);
}

void draw_weights(numpy::RandomState& random, Rnn& layer, Dense& head) {
  draw(random, layer.weight_hh, layer.weight_ih, head.weight, layer.bias, head.bias);
}

/// One gate's weights for a_prev over x and its bias; the blocks are its places among the layer's rows.
template <class Layer>
void draw_gate(numpy::RandomState& random, Layer& layer, Index input_block, Index recurrent_block) {
  const Index hidden = layer.weight_hh.cols();
  const Index input = layer.weight_ih.cols();
  Matrix<double> weight(hidden, hidden + input);
  draw(random, weight);
  layer.weight_hh.middleRows(recurrent_block * hidden, hidden) = weight.leftCols(hidden);
  layer.weight_ih.middleRows(input_block * hidden, hidden) = weight.rightCols(input);
  draw(random, layer.bias.segment(input_block * hidden, hidden));
}

void draw_weights(numpy::RandomState& random, Lstm& layer, Dense& head) {
  for (const Index gate : {1, 0, 3, 2}) draw_gate(random, layer, gate, gate);  // f i o c; the layer has i f c o
  draw(random, head.weight, head.bias);
}

void draw_weights(numpy::RandomState& random, Gru& layer, Dense& head) {
  draw_gate(random, layer, 1, 0);  // r; the layer has n r z for the input and r z n for the recurrence
  draw_gate(random, layer, 2, 1);  // z
  draw_gate(random, layer, 0, 2);  // n
  draw(random, layer.bias.tail(layer.weight_hh.cols()), head.weight, head.bias);
}

Matrix<double> softmax(const Matrix<double>& logits) {
  const Matrix<double> e = (logits.rowwise() - logits.colwise().maxCoeff()).array().exp();
  return e.array().rowwise() / e.colwise().sum().array();
}

/// Prints one row or number, if the array reaches so far. A number has an array's 8 digits, not the 17 of Python's
/// str(): the last of those depend on the order of summation, which is another one in NumPy.
void show(std::string name, const numpy::Array& array, const std::vector<Index>& index) {
  for (const Index i : index) name += '[' + std::to_string(i) + ']';
  if (const auto part = numpy::at(array, index)) std::cout << name << " = " << numpy::text(*part) << '\n';
}

template <class Layer>
void run(const Options& o) {
  numpy::RandomState random(o.seed);
  const numpy::Array x = random.randn({o.input, o.batch, o.steps});
  const numpy::Array a0 = random.randn({o.hidden, o.batch});
  auto layer = Layer::zeros(o.input, o.hidden);
  auto head = Dense::zeros(o.hidden, o.output);
  draw_weights(random, layer, head);

  typename Layer::State initial;
  initial.values[0] = numpy::to_columns(a0);  // the LSTM's second one stays empty: zeros
  typename Layer::Tape tape;
  Dense::Tape head_tape;
  const auto outputs = layer.forward(numpy::to_columns(x), tape, {.size = o.batch}, initial);
  const numpy::Array a = numpy::to_array(outputs, o.batch);
  const numpy::Array y_pred = numpy::to_array(softmax(head.forward(outputs, head_tape, {.size = o.batch})), o.batch);

  std::vector<std::pair<std::string, numpy::Array>> arrays = {{"x", x}, {"a0", a0}, {"a", a}, {"y_pred", y_pred}};
  for (const auto& [name, array] : arrays) std::cout << name << ".shape = " << numpy::shape_text(array) << '\n';
  show("a", a, {4, 1});
  show("y_pred", y_pred, {1, 3});
  if constexpr (std::is_same_v<Layer, Lstm>) {
    const numpy::Array c = numpy::to_array(tape.states[1].rightCols(o.steps * o.batch), o.batch);
    std::cout << "c.shape = " << numpy::shape_text(c) << '\n';
    show("c", c, {1, 2, 1});
    show("a", a, {4, 3, 6});
    arrays.insert(arrays.end() - 1, {"c", c});
  }
  if (!o.full) return;
  for (const auto& [name, array] : arrays) std::cout << name << " =\n" << numpy::text(array) << '\n';
}

/// Reads plain digits only: CLI11 itself takes 010 for 8.
void add_number(CLI::App& app, const std::string& name, auto& value, Index least, Index most) {
  const std::string range = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  const auto read = [&value, name, range, least, most](const std::string& text) {
    Index number = 0;
    const char* text_end = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), text_end, number);
    if (error != std::errc() || end != text_end || number < least || number > most)
      throw CLI::ValidationError(name, "'" + text + "' is not " + range);
    value = static_cast<std::decay_t<decltype(value)>>(number);
  };
  app.add_option_function<std::string>(name, read, range)->type_name("N")->default_str(std::to_string(value));
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Runs a recurrent network over random numbers and prints sizes and values.", "numpy_demo");
  app.footer(draw_order);
  app.add_option("--cell", o.cell, "which layer")->check(CLI::IsMember({"rnn", "lstm", "gru"}))->capture_default_str();
  constexpr Index largest = 1'000'000;
  add_number(app, "--input", o.input, 1, largest);
  add_number(app, "--hidden", o.hidden, 1, largest);
  add_number(app, "--output", o.output, 1, largest);
  add_number(app, "--batch", o.batch, 1, largest);
  add_number(app, "--steps", o.steps, 1, largest);
  add_number(app, "--seed", o.seed, 0, 0xFFFFFFFF);
  app.add_flag("--full", o.full, "print whole arrays too");
  try {
    app.parse(argc, argv);
    if ((o.input + o.hidden + o.output) * (o.batch * o.steps + o.hidden) > 10 * largest)
      throw CLI::ValidationError("arrays of these sizes hold more than 10 million numbers");
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    std::string message = error.what();
    std::replace(message.begin(), message.end(), '\n', ' ');
    std::cerr << "numpy_demo: " << message << '\n';
    return 2;
  }
  if (o.cell == "rnn") run<Rnn>(o);
  if (o.cell == "lstm") run<Lstm>(o);
  if (o.cell == "gru") run<Gru>(o);
  return std::cout.flush() ? 0 : 1;
}
