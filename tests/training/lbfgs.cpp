// Against PyTorch: data/lbfgs.txt, made by reference/training_vectors.py.
#include "unroll/training/lbfgs.hpp"

#include "catch.hpp"
#include "core/flat.hpp"
#include "reference/read_vectors.hpp"
#include "training/sine.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

/// Two numbers, of any loss.
struct Pair {
  using Scalar = double;
  Vector<double> w = Vector<double>::Zero(2);

  template <class F, class... Pairs>
  static void visit(F&& f, const std::string& prefix, Pairs&... pairs) {
    f(prefix + "w", pairs.w...);
  }
};

Pair pair_of(double a, double b) {
  Pair pair;
  pair.w << a, b;
  return pair;
}

/// Rosenbrock 1960; its minimum is 0 at (1, 1).
double rosenbrock(const Pair& at, Pair& gradient) {
  const double a = at.w[0], b = at.w[1], off = b - a * a;
  gradient.w[0] += -400 * a * off - 2 * (1 - a);
  gradient.w[1] += 200 * off;
  return 100 * off * off + (1 - a) * (1 - a);
}

/// A hill upside down, its top at (6, 0), with slopes that grow at first.
double hill(const Pair& at, Pair& gradient) {
  const double a = at.w[0] - 6, b = at.w[1], height = std::exp(-a * a / 8 - b * b);
  gradient.w[0] += height * a / 4;
  gradient.w[1] += height * b * 2;
  return 1 - height;
}

using Network = Sequential<Rnn<double>, Dense<double>>;

Network network() { return Network(Rnn<double>::zeros(1, 3), Dense<double>::zeros(3, 1)); }

/// How far the weights that are asked for lie from PyTorch's, at most.
template <class Model, class Loss>
double distance(Model model, const std::string& name, Loss loss, Index iterations) {
  const Vectors vectors(UNROLL_TEST_DATA "/lbfgs.txt");
  const Matrix<double> expected = vectors[name];
  detail::set_flattened(model, expected.col(0));
  Index asked = 0;
  double worst = 0;
  const auto compare = [&](const Model& at, Model& gradient) {
    if (asked < expected.cols())
      worst = std::max(worst, (detail::flattened(at) - expected.col(asked++)).cwiseAbs().maxCoeff());
    return loss(at, gradient);
  };
  minimize(model, compare, {.iterations = iterations});
  return asked == expected.cols() ? worst : 1;
}

}  // namespace

TEST_CASE("every point of the search is PyTorch's to 1e-9", "[lbfgs]") {
  CHECK(distance(Pair(), "rosenbrock", rosenbrock, 100) <= 1e-9);
  const Sequences<double> data({sine(40)}, {sine(40, 1)}, 1);
  const detail::LossObjective<Network, MeanSquaredError> objective{mean_squared_error};
  CHECK(distance(network(), "network", detail::WholeLoss(network(), data, objective), 15) <= 1e-9);
}

TEST_CASE("known minima are found, and the report tells how", "[lbfgs]") {
  Pair at = pair_of(-1.2, 1);
  Index calls = 0;
  const auto counted_loss = [&](const Pair& p, Pair& gradient) { return ++calls, rosenbrock(p, gradient); };
  const LbfgsReport found = minimize(at, counted_loss, {.change_tolerance = 0});
  CHECK(found.end == LbfgsEnd::converged);
  CHECK(found.gradient <= 1e-7);
  CHECK((at.w - Vector<double>::Ones(2)).norm() <= 1e-7);
  CHECK(found.evaluations == calls);
  CHECK(found.iterations < found.evaluations);
  Pair gradient;
  CHECK(found.loss == rosenbrock(at, gradient));

  Pair far = pair_of(3, -2);  // a bowl: one pair of curvatures is enough
  const auto bowl = [](const Pair& p, Pair& g) {
    g.w += Vector<double>(p.w.array() * Eigen::Array2d(2, 2000));
    return p.w[0] * p.w[0] + 1000 * p.w[1] * p.w[1];
  };
  CHECK(minimize(far, bowl, {.memory = 1}).end == LbfgsEnd::converged);
  CHECK(far.w.norm() <= 1e-6);
  CHECK(minimize(far, bowl).iterations == 0);

  Pair sooner = pair_of(-1.2, 1);
  const LbfgsReport early = minimize(sooner, rosenbrock);
  CHECK(early.end == LbfgsEnd::no_change);
  CHECK(early.iterations < found.iterations);
}

TEST_CASE("a first step that is far too short is made longer fast", "[lbfgs]") {
  Pair foot = pair_of(0, 0.5);
  CHECK(minimize(foot, hill).evaluations <= 32);
  CHECK(foot.w[0] == Approx(6));
  Pair far = pair_of(1e6, 0);
  const auto bowl = [](const Pair& p, Pair& g) { return g.w = 2 * p.w, p.w.squaredNorm(); };
  CHECK(minimize(far, bowl).evaluations <= 10);
  CHECK(far.w.norm() <= 1e-6);
}

TEST_CASE("few iterations go on where the last ones ended", "[lbfgs]") {
  Pair at = pair_of(-1.2, 1);
  const LbfgsReport none = minimize(at, rosenbrock, {.iterations = 0});
  CHECK(none.end == LbfgsEnd::iterations);
  CHECK(none.evaluations == 1);
  CHECK(none.loss == Approx(24.2));
  CHECK(at.w == pair_of(-1.2, 1).w);
  double before = none.loss;
  for (int k = 0; k < 5; ++k) {
    const LbfgsReport some = minimize(at, rosenbrock, {.iterations = 2});
    CHECK(some.iterations == 2);
    CHECK(some.loss < before);
    before = some.loss;
  }
}

TEST_CASE("a search that meets numbers that are not finite turns back", "[lbfgs]") {
  Pair at = pair_of(3, 1);
  bool met = false;
  const auto walled = [&](const Pair& p, Pair& g) {  // x - log x, and nothing below 0
    met = met || p.w[0] <= 0;
    g.w[0] += 1 - 1 / p.w[0];
    return p.w[0] > 0 ? p.w[0] - std::log(p.w[0]) : std::nan("");
  };
  CHECK(minimize(at, walled, {.change_tolerance = 0}).end == LbfgsEnd::converged);
  CHECK(met);
  CHECK(at.w[0] == Approx(1).epsilon(1e-6));
  CHECK(at.w[1] == 1);
}

TEST_CASE("a search goes back where a farther point is higher than the one before", "[lbfgs]") {
  Pair at;
  const auto ripples = [](const Pair& p, Pair& g) {  // from 0 on: -0.06 at 1, -0.04 at 2, the slopes -0.92 and -0.84
    const double x = p.w[0], round = 8 * std::atan(1.0);
    g.w[0] += -0.9 * std::cos(round * x) - 0.1 + 0.08 * x;
    return -0.9 / round * std::sin(round * x) - 0.1 * x + 0.04 * x * x;
  };
  CHECK(minimize(at, ripples, {.iterations = 1}).loss < -0.06);
}

TEST_CASE("where nothing is lower, or all is, the search ends", "[lbfgs]") {
  Pair at = pair_of(-1.2, 1);
  const auto uphill = [](const Pair& p, Pair& g) {
    const double loss = rosenbrock(p, g);
    return g.w *= -1, loss;
  };
  const LbfgsReport stuck = minimize(at, uphill);
  CHECK(stuck.end == LbfgsEnd::no_change);
  CHECK(stuck.iterations == 0);
  CHECK(stuck.evaluations < 20);
  CHECK(at.w == pair_of(-1.2, 1).w);

  const auto endless = [](const Pair& p, Pair& g) { return g.w[0] -= 1, -p.w[0]; };
  const LbfgsReport gone = minimize(at, endless, {.iterations = 3});
  CHECK(gone.iterations > 1);
  CHECK(gone.loss < -1e20);
  CHECK(gone.loss == -at.w[0]);
}

TEST_CASE("a model whose loss or gradient is not finite stays as it was", "[lbfgs]") {
  Pair at = pair_of(1, 2);
  const auto check = [&](double loss, double slope, const std::string& problem) {
    const LbfgsReport report = minimize(at, [&](const Pair&, Pair& g) { return g.w[1] = slope, loss; });
    CHECK(report.end == LbfgsEnd::not_finite);
    CHECK(report.problem == problem);
    CHECK(at.w == pair_of(1, 2).w);
  };
  const double inf = std::numeric_limits<double>::infinity();
  check(std::nan(""), 1, "the loss is not finite");
  check(-inf, 1, "the loss is not finite");
  check(1, inf, "the gradient is not finite");

  Network model = network();
  Matrix<double> x = sine(4);
  x(0, 2) = inf;
  const LbfgsReport report =
      minimize(model, Sequences<double>({x, sine(4)}, {sine(4), sine(4)}, 1), mean_squared_error);
  CHECK(report.end == LbfgsEnd::not_finite);
  CHECK(report.problem == "the loss is not finite: the data: x of sample 0 is not finite at step 2 (forward)");
  CHECK(flat(model) == flat(network()));
}

TEST_CASE("what throws leaves the model as it was, what makes no sense is refused", "[lbfgs]") {
  Pair at = pair_of(-1.2, 1);
  int left = 10;
  const auto breaks = [&](const Pair& p, Pair& g) {
    return --left > 0 ? rosenbrock(p, g) : throw std::runtime_error("enough");
  };
  CHECK_THROWS_WITH(minimize(at, breaks), "enough");
  CHECK(at.w == pair_of(-1.2, 1).w);
  const auto wider = [](const Pair&, Pair& g) { return g.w.resize(3), 1.0; };
  CHECK_THROWS_MATCHES(minimize(at, wider), std::invalid_argument,
                       Message("minimize: the gradient's w is 3 x 1, the model's is 2 x 1"));
  const auto refuse = [&](const LbfgsOptions& options, const std::string& why) {
    CHECK_THROWS_MATCHES(minimize(at, rosenbrock, options), std::invalid_argument, Message("minimize: " + why));
  };
  refuse({.iterations = -1}, "iterations is -1, expected at least 0");
  refuse({.memory = 0}, "memory is 0, expected at least 1");
  refuse({.gradient_tolerance = -1}, "the tolerances are -1 and 1e-09, expected at least 0");
  refuse({.change_tolerance = std::nan("")}, "the tolerances are 1e-07 and nan, expected at least 0");
}

TEST_CASE("the loss over all data does not depend on their batches", "[lbfgs]") {
  std::vector<Matrix<double>> x, target, weights;
  for (Index n = 0; n < 5; ++n) {
    x.push_back(sine(4 + n % 3, 9 * n));
    target.push_back(sine(4 + n % 3, 9 * n + 1));
    weights.push_back(sine(4 + n % 3, n).array() + 1);
  }
  const auto gradient_of = [&](Index batch_size) {
    const Sequences<double> data(x, target, batch_size, weights);
    Random random(1);
    const Network model{Rnn<double>(1, 3, random), Dense<double>(3, 1, random)};
    Network gradient = network();
    detail::WholeLoss whole(model, data, detail::LossObjective<Network, MeanSquaredError>{mean_squared_error});
    const double loss = whole(model, gradient);
    CHECK(loss == Approx(evaluate(model, data, mean_squared_error)).epsilon(1e-14));
    return detail::flattened(gradient);
  };
  const Vector<double> whole = gradient_of(5);
  for (const Index batch_size : {1, 2}) CHECK((gradient_of(batch_size) - whole).norm() <= 1e-14);
  Random random(1);
  Network model{Rnn<double>(1, 3, random), Dense<double>(3, 1, random)}, gradient = network();
  const auto stream = sine_stream();  // whose windows go on from one another
  detail::WholeLoss of_stream(model, stream, detail::LossObjective<Network, MeanSquaredError>{mean_squared_error});
  CHECK(of_stream(model, gradient) == Approx(evaluate(model, stream, mean_squared_error)).epsilon(1e-14));
  CHECK_THROWS_MATCHES(
      minimize(model, Sequences<double>({sine(2)}, {sine(2)}, 1, {Matrix<double>::Zero(1, 2)}), mean_squared_error),
      std::invalid_argument, Message("minimize: the data weigh nothing"));
}

TEST_CASE("the data may weigh as little as a weight can say", "[lbfgs]") {
  using Model = Sequential<Rnn<float>, Dense<float>>;
  const auto gradient_of = [](int exponent) {
    const auto data = weighted_sequences<float>({exponent, exponent + 1, exponent});
    Random random(1);
    const Model model{Rnn<float>(1, 3, random), Dense<float>(3, 1, random)};
    Model gradient = zeros_like(model);
    detail::WholeLoss whole(model, data, detail::LossObjective<Model, MeanSquaredError>{mean_squared_error});
    CHECK(whole(model, gradient) == Approx(evaluate(model, data, mean_squared_error)).epsilon(1e-14));
    return flat(gradient);
  };
  const Flat expected = gradient_of(0);
  for (const int exponent : {-149, -140, 120}) {
    CAPTURE(exponent);
    CHECK(gradient_of(exponent) == expected);
  }
}
