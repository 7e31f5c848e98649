// Forward pass and all gradients against PyTorch: nn.RNN (tanh, ReLU), nn.LSTM and nn.GRU, 1 and 3 layers, one and two
// directions, ragged batches. The vectors are read from ../data/torch; torch_vectors.py, beside this file, makes them.

#include <array>
#include <cmath>
#include <iomanip>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "catch.hpp"
#include "read_vectors.hpp"
#include "unroll/unroll.hpp"

namespace {

using unroll::Index;

/// Calls f(layer, state, ending of PyTorch's names) for every recurrent layer of a model, or of its gradient.
template <class Layer, class State, class F>
void for_each_recurrent(Layer& layer, State& state, F f, const std::string& ending = "_l0") {
  f(layer, state, ending);
}
template <class Layer, class State, class F>
void for_each_recurrent(unroll::Bidirectional<Layer>& both, State& state, F f, const std::string& ending = "_l0") {
  f(both.forward_layer, state.forward, ending);
  f(both.reverse_layer, state.reverse, ending + "_reverse");
}
template <class Layer, class State, class F>
void for_each_recurrent(unroll::Stack<Layer>& stack, State& state, F f) {
  for (std::size_t k = 0; k < stack.layers.size(); ++k)
    for_each_recurrent(stack.layers[k], state.layers[k], f, "_l" + std::to_string(k));
}

/// PyTorch orders a GRU's gates r z n; here the rows of weight_ih are n r z, of weight_hh r z hn, of bias n r z hn.
template <class Layer>
constexpr bool is_gru = std::is_same_v<std::remove_const_t<Layer>, unroll::Gru<typename Layer::Scalar>>;

template <class Layer>
void load(Layer& layer, const Vectors& vectors, const std::string& ending) {
  using S = typename Layer::Scalar;
  const unroll::Matrix<S> weight_ih = vectors["weight_ih" + ending].cast<S>();
  const unroll::Matrix<S> weight_hh = vectors["weight_hh" + ending].cast<S>();
  const unroll::Vector<S> bias_ih = vectors["bias_ih" + ending].cast<S>();
  const unroll::Vector<S> bias_hh = vectors["bias_hh" + ending].cast<S>();
  layer.weight_hh = weight_hh;
  if constexpr (is_gru<Layer>) {
    const Index H = weight_hh.cols();
    layer.weight_ih << weight_ih.bottomRows(H), weight_ih.topRows(2 * H);
    layer.bias << bias_ih.tail(H), (bias_ih + bias_hh).head(2 * H), bias_hh.tail(H);
  } else {
    layer.weight_ih = weight_ih;
    layer.bias = bias_ih + bias_hh;
  }
}

/// Compares the results of one file in one precision and keeps count of them.
template <class S>
class Comparison {
 public:
  explicit Comparison(const Vectors& vectors) : vectors_(vectors) {}

  void operator()(const std::string& result, const unroll::Matrix<S>& ours) {
    const std::string name = prefix + result;
    const Eigen::MatrixXd& torch = vectors_[name];
    INFO(vectors_.path() << ": " << name);
    compared_.insert(name);
    REQUIRE(ours.rows() == torch.rows());
    REQUIRE(ours.cols() == torch.cols());
    for (Index col = 0; col < torch.cols(); ++col) {
      for (Index row = 0; row < torch.rows(); ++row) {
        const double got = static_cast<double>(ours(row, col)), expected = torch(row, col);
        if (std::abs(got - expected) <= absolute + relative * std::abs(expected)) continue;
        FAIL_CHECK(std::setprecision(17) << "row " << row << ", column " << col << " is " << got << ", PyTorch says "
                                         << expected);
        return;
      }
    }
  }

  template <class Layer>
  void gradient(const Layer& gradient, const std::string& ending) {
    const unroll::Matrix<S> bias = gradient.bias;
    if constexpr (is_gru<Layer>) {
      const Index H = gradient.weight_hh.cols();
      unroll::Matrix<S> weight_ih = gradient.weight_ih, bias_ih(3 * H, 1);
      weight_ih << gradient.weight_ih.bottomRows(2 * H), gradient.weight_ih.topRows(H);
      bias_ih << bias.middleRows(H, 2 * H), bias.topRows(H);
      (*this)("d_weight_ih" + ending, weight_ih);
      (*this)("d_bias_ih" + ending, bias_ih);
      (*this)("d_bias_hh" + ending, bias.bottomRows(3 * H));
    } else {
      (*this)("d_weight_ih" + ending, gradient.weight_ih);
      (*this)("d_bias_ih" + ending, bias);
      (*this)("d_bias_hh" + ending, bias);
    }
    (*this)("d_weight_hh" + ending, gradient.weight_hh);
  }

  /// Nothing that PyTorch computed was left out.
  void all_compared() const {
    for (const auto& [name, tensor] : vectors_.tensors()) {
      if (name.rfind(prefix, 0) == 0 && compared_.count(name) == 0)
        FAIL_CHECK(vectors_.path() << ": " << name << " was not compared");
    }
  }

 private:
  static constexpr bool is_double = std::is_same_v<S, double>;
  static constexpr double absolute = is_double ? 1e-12 : 1e-5;
  static constexpr double relative = is_double ? 1e-12 : 1.3e-6;
  static constexpr const char* prefix = is_double ? "f64." : "f32.";

  const Vectors& vectors_;
  std::set<std::string> compared_;
};

template <class Layer>
Layer single(const Vectors& vectors, const std::string& ending, unroll::Direction direction) {
  return Layer::zeros(vectors["weight_ih" + ending].cols(), vectors["weight_hh" + ending].cols(), {direction});
}

template <class Layer>
Layer forward_layer(const Vectors& vectors, const std::string& ending) {
  return single<Layer>(vectors, ending, unroll::Direction::forward);
}

template <class Layer>
unroll::Bidirectional<Layer> bidirectional(const Vectors& vectors, const std::string& ending) {
  return {single<Layer>(vectors, ending, unroll::Direction::forward),
          single<Layer>(vectors, ending + "_reverse", unroll::Direction::reverse)};
}

template <class Layer, class Make>
unroll::Stack<Layer> stack(const Vectors& vectors, Make make) {
  return unroll::Stack<Layer>(std::vector<Layer>{make(vectors, "_l0"), make(vectors, "_l1"), make(vectors, "_l2")});
}

/// `model` has the shape of the file's network; its parameters are read from the file.
template <class Model>
void compare(const Vectors& vectors, Model model) {
  using S = typename Model::Scalar;
  const std::array state_names{"h", "c"};
  const unroll::Matrix<S> x = vectors["x"].cast<S>(), d_y = vectors["d_y"].cast<S>();
  typename Model::State initial = state_for(model), d_final = state_for(model);
  for_each_recurrent(model, initial, [&](auto& layer, auto& state, const std::string& ending) {
    load(layer, vectors, ending);
    for (std::size_t n = 0; n < state.values.size(); ++n)
      state.values[n] = vectors[state_names[n] + ("_0" + ending)].template cast<S>();
  });
  for_each_recurrent(model, d_final, [&](auto&, auto& state, const std::string& ending) {
    for (std::size_t n = 0; n < state.values.size(); ++n)
      state.values[n] = vectors["d_" + (state_names[n] + ("_n" + ending))].template cast<S>();
  });
  unroll::Batch batch{.size = vectors["h_0_l0"].cols()};
  if (vectors.has("lengths"))
    for (const double length : vectors["lengths"].reshaped()) batch.lengths.push_back(static_cast<Index>(length));

  Comparison<S> same(vectors);
  typename Model::Tape tape;
  Model gradient = unroll::zeros_like(model);
  same("y", model.forward(x, tape, batch, initial));
  for_each_recurrent(model, tape.final_state, [&](auto&, auto& state, const std::string& ending) {
    for (std::size_t n = 0; n < state.values.size(); ++n) same(state_names[n] + ("_n" + ending), state.values[n]);
  });
  same("d_x", model.backward(x, d_y, tape, gradient, unroll::BackwardOptions{}, d_final));
  for_each_recurrent(gradient, tape.d_initial, [&](auto& layer, auto& state, const std::string& ending) {
    same.gradient(layer, ending);
    for (std::size_t n = 0; n < state.values.size(); ++n)
      same("d_" + (state_names[n] + ("_0" + ending)), state.values[n]);
  });
  same.all_compared();
}

Vectors read(const std::string& name) { return Vectors(UNROLL_TEST_DATA "/torch/" + name + ".txt"); }

/// The files of one kind of layer, as torch_vectors.py names them.
template <class Layer>
void compare_files(const std::string& kind) {
  using Both = unroll::Bidirectional<Layer>;
  const Vectors one = read(kind + "_1"), one_both = read(kind + "_1_bidirectional");
  const Vectors three = read(kind + "_3"), three_both = read(kind + "_3_bidirectional");
  compare(one, forward_layer<Layer>(one, "_l0"));
  compare(one_both, bidirectional<Layer>(one_both, "_l0"));
  compare(three, stack<Layer>(three, forward_layer<Layer>));
  compare(three_both, stack<Both>(three_both, bidirectional<Layer>));
}

template <class Layer>
void compare_ragged_file(const std::string& kind) {
  const Vectors ragged = read(kind + "_1_bidirectional_ragged");
  compare(ragged, bidirectional<Layer>(ragged, "_l0"));
}

}  // namespace

TEMPLATE_TEST_CASE("nn.RNN with tanh", "", float, double) { compare_files<unroll::Rnn<TestType>>("rnn_tanh"); }

TEMPLATE_TEST_CASE("nn.RNN with ReLU", "", float, double) { compare_files<unroll::ReluRnn<TestType>>("rnn_relu"); }

TEMPLATE_TEST_CASE("nn.LSTM", "", float, double) {
  compare_files<unroll::Lstm<TestType>>("lstm");
  compare_ragged_file<unroll::Lstm<TestType>>("lstm");
}

TEMPLATE_TEST_CASE("nn.GRU", "", float, double) {
  compare_files<unroll::Gru<TestType>>("gru");
  compare_ragged_file<unroll::Gru<TestType>>("gru");
}
