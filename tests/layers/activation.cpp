#include "unroll/layers/activation.hpp"

#include "layers/layer_contract.hpp"
#include "reference/read_vectors.hpp"
#include "unroll/testing/allocations.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;

namespace {

/// f(layer) for each activation, with the options of activation_vectors.py.
template <class Scalar, class F>
void for_each_activation(F f) {
  f(Tanh<Scalar>());
  f(Sigmoid<Scalar>());
  f(Relu<Scalar>());
  f(LeakyRelu<Scalar>({.negative_slope = 0.125}));
  f(Elu<Scalar>({.alpha = 0.75}));
  f(Softplus<Scalar>({.beta = 1.5}));
  f(HardSigmoid<Scalar>());
  f(Softmax<Scalar>());
  f(Prelu<Scalar>(5));
}

/// A layer of a user's own: y = gain x, feature by feature.
struct Scale : Memoryless<Scale, double> {
  Vector<double> gain;

  explicit Scale(Index features) : gain(Vector<double>::Constant(features, 2)) {}
  Index input_size() const { return gain.size(); }
  Index output_size() const { return gain.size(); }
  static const char* name() { return "Scale"; }

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "gain", layers.gain...);
  }
  void apply(const Input<double>& x, WritableOutput<double> y) const { y = gain.asDiagonal() * x; }
  void apply_back(const Input<double>& x, const Input<double>&, const Input<double>& d_y, Scale& gradient,
                  WritableOutput<double> d_x) const {
    gradient.gain += x.cwiseProduct(d_y).rowwise().sum();
    d_x = gain.asDiagonal() * d_y;
  }
};

template <Layer L>
void check_layer(const L& layer, const Matrix<double>& x, const L& other) {
  const std::string name = layer.name();
  CAPTURE(name);
  const Speakers speakers{name, name, name};
  check_backward(layer, x, {.size = 3}, speakers);
  check_shapes(layer, x, {.size = 3}, speakers);
  check_values(layer, x, {.size = 3}, other);
  check_batches(layer, x, name + "::forward");
  check_reuse(layer, x);
  check_stream(Sequential{layer, Scale(5)}, x);
  check_ragged(Sequential{layer, Scale(5)}, drawn(5, 6), {2, 0, 1});
  for (const Batch& batch : {Batch{.size = 3}, Batch{.size = 3, .lengths = {2, 0, 1}}}) {
    const auto report = testing::check_gradient(layer, x, batch);
    CAPTURE(report.where);
    CHECK(report.worst <= 1e-7);
  }
  typename L::Tape tape;
  Matrix<double> wrong = x;
  wrong.col(4).setConstant(std::numeric_limits<double>::quiet_NaN());
  layer.forward(wrong, tape, {.size = 3});
  CHECK(place(layer.find_non_finite(tape)) == name + " y 1 1 forward");
}

}  // namespace

TEST_CASE("activations have PyTorch's values and gradients", "[activation]") {
  const Vectors torch(UNROLL_TEST_DATA "/activations.txt");
  const Matrix<double> x = torch["x"], d_y = torch["d_y"];
  for_each_activation<double>([&]<class L>(const L& layer) {
    const std::string name = layer.name();
    CAPTURE(name);
    typename L::Tape tape;
    L gradient = zeros_like(layer);
    CHECK(close(layer.forward(x, tape), torch[name]));
    CHECK(close(layer.backward(x, d_y, tape, gradient), torch["d_" + name]));
    if constexpr (std::is_same_v<L, Prelu<double>>) CHECK(close(gradient.weight, torch["d_weight"]));
  });
}

TEST_CASE("activations of float are those of double, rounded", "[activation]") {
  const Vectors torch(UNROLL_TEST_DATA "/activations.txt");
  const Matrix<float> x = torch["x"].cast<float>();
  for_each_activation<float>([&]<class L>(const L& layer) {
    CAPTURE(layer.name());
    typename L::Tape tape;
    CHECK(close(layer.forward(x, tape).template cast<double>(), torch[layer.name()], 1e-6));
  });
}

TEST_CASE("an activation keeps to what every layer does", "[activation]") {
  for_each_activation<double>([](const auto& layer) { check_layer(layer, drawn(5, 6), layer); });
}

TEST_CASE("a layer of a user's own that gives apply and apply_back keeps to it too", "[memoryless]") {
  Scale scale(5);
  scale.gain = drawn(5, 1);
  check_layer(scale, drawn(5, 6), Scale(2));
  check_foreign_tape(scale, Scale(4), "Scale::backward: the tape is of a weight of 4 x 4, this layer's is 5 x 5");
}

TEST_CASE("softmax has the same bits wherever a column lies", "[activation]") {
  Random random(5);
  for (const Index rows : {1, 2, 3, 5, 7, 9, 24, 100}) {
    Matrix<float> x(rows, 37), d_y(rows, 37);
    set_uniform(x, 2, random);
    set_uniform(d_y, 1, random);
    Softmax<float> layer, gradient;
    Softmax<float>::Tape tape, alone;
    const Matrix<float> y = layer.forward(x, tape, {.size = 37}), d_x = layer.backward(x, d_y, tape, gradient);
    for (Index b = 0; b < 37; ++b) {
      CAPTURE(rows, b);
      CHECK(layer.forward(x.col(b), alone) == y.col(b));
      CHECK(layer.backward(x.col(b), d_y.col(b), alone, gradient) == d_x.col(b));
    }
  }
}

TEST_CASE("far from zero an activation is its limit", "[activation]") {
  const double far = 1e4;
  const auto at = [](const auto& layer, double x) {
    typename std::decay_t<decltype(layer)>::Tape tape;
    return layer.forward(Matrix<double>::Constant(1, 1, x), tape)(0, 0);
  };
  CHECK(at(Elu<double>(), -far) == -1);
  CHECK(at(Softplus<double>(), far) == far);
  CHECK(at(Softplus<double>(), -far) == 0);
  CHECK(at(HardSigmoid<double>(), -far) == 0);
  CHECK(at(Softmax<double>(), far) == 1);
  CHECK(at(Elu<double>(), -1e-200) == -1e-200);
}

TEST_CASE("an activation's options may be large", "[activation]") {
  const auto check = []<class L>(const L& layer, auto x, auto y, auto slope) {
    using Numbers = Matrix<typename L::Scalar>;
    CAPTURE(layer.name(), x);
    typename L::Tape tape;
    L gradient = layer;
    const Numbers given = Numbers::Constant(1, 1, x);
    CHECK(layer.forward(given, tape)(0, 0) == Approx(y));
    CHECK(layer.backward(given, Numbers::Ones(1, 1), tape, gradient)(0, 0) == Approx(slope));
  };
  for (const double beta : {1e200, 1e300}) {
    const Softplus<double> steep({.beta = beta});
    check(steep, 1e150, 1e150, 1);
    check(steep, -1e150, 0., 0);
    check(steep, 0., std::log(2.) / beta, 0.5);
    check(Softplus<double>({.beta = -beta}), -1e150, -1e150, 1);
    check(Softplus<double>({.beta = -beta}), 1e150, 0., 0);
  }
  const Softplus<float> steep({.beta = 1e30});
  check(steep, 1e20f, 1e20f, 1);
  check(steep, -1e20f, 0.f, 0);
  check(steep, 0.f, std::log(2.f) / 1e30f, 0.5);
  check(Elu<double>({.alpha = 1.5e308}), -1., 1.5e308 * std::expm1(-1.), 1.5e308 * std::exp(-1.));
  check(Elu<float>({.alpha = 3e38}), -1.f, 3e38f * std::expm1(-1.f), 3e38f * std::exp(-1.f));
  check(LeakyRelu<double>({.negative_slope = 1e300}), -1e-300, -1., 1e300);
}

TEST_CASE("a stream of activations allocates nothing, and needs to know their number", "[activation]") {
  Random random(1);
  const Sequential model{Softmax<float>(), Sequential{Prelu<float>(), Tanh<float>()}, Dense<float>(5, 2, random)};
  Stream stream(model);
  const Vector<float> x = Vector<float>::Ones(5);
  const long before = testing::allocations();
  for (int t = 0; t < 100; ++t) stream.step(x);
  CHECK(testing::allocations() == before);
  CHECK_THROWS_MATCHES(Stream(Tanh<float>()), std::invalid_argument,
                       Message("Stream: the model takes 0 numbers a step; it is of no size of its own, or moved from"));
  CHECK_THROWS_AS(Prelu<float>(0), std::invalid_argument);
}

TEST_CASE("an activation refuses options that its numbers cannot hold", "[activation]") {
  CHECK_THROWS_MATCHES(
      Softplus<float>({.beta = 1e200}), std::invalid_argument,
      Message("Softplus: beta is 1e+200, expected from -3.4028234663852886e+38 to 3.4028234663852886e+38"));
  CHECK_NOTHROW(Softplus<double>({.beta = 1e200}));
  CHECK_THROWS_AS(Elu<float>({.alpha = std::numeric_limits<double>::quiet_NaN()}), std::invalid_argument);
  CHECK_THROWS_AS(LeakyRelu<double>({.negative_slope = -std::numeric_limits<double>::infinity()}),
                  std::invalid_argument);
}
