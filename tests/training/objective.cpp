#include "unroll/training/objective.hpp"

#include "catch.hpp"
#include "core/flat.hpp"
#include "training/autoencoder.hpp"
#include "training/sine.hpp"
#include "unroll/optimizers/sgd.hpp"
#include "unroll/testing/gradient_check.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

const double nan_value = std::numeric_limits<double>::quiet_NaN();

/// What `fit` makes of the squared error, by hand; as a lambda, which cannot say where a number went wrong.
auto squares_by_hand() {
  return [tape = SineModel::Tape(), d_y = Matrix<double>()](const SineModel& model, const Example<double>& e,
                                                            ObjectivePass<SineModel>& pass,
                                                            SineModel* gradient) mutable -> ExampleLoss {
    const auto y =
        model.forward(e.x, tape, e.batch, e.batch.continues ? pass.carried : SineModel::State(), pass.forward);
    const double loss = mean_squared_error(y, e.target, d_y, e.batch, e.weights);
    pass.carried = tape.final_state;
    if (gradient) model.backward(e.x, d_y, tape, *gradient, pass.backward);
    return {loss, mean_squared_error.count(e.target, e.batch, e.weights)};
  };
}

/// Moves by the gradient itself.
auto plain_state() {
  Random random(3);
  const SineModel model{Lstm<double>(1, 5, random), Dropout<double>(0), Dense<double>(5, 1, random)};
  return TrainingState(model, Sgd(model, {.learning_rate = 1}), random);
}

/// The ragged sequences, with weights from 0 to 2 in batches of so many.
Sequences<double> weighted(Index batch_size) {
  std::vector<Matrix<double>> x, target, weights;
  for (Index n = 0; n < 7; ++n) {
    x.push_back(sine(4 + n % 3, 9 * n));
    target.push_back(sine(4 + n % 3, 9 * n + 1));
    weights.push_back(sine(4 + n % 3, n).array() + 1);
  }
  return {x, target, batch_size, weights};
}

void check_close(const Flat& found, const Flat& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - expected[i]) <= 1e-12);
}

}  // namespace

TEST_CASE("the check of an objective names what is broken", "[objective]") {
  const auto doubled = [objective = Reconstruct()](const Autoencoder& model, const Matrix<double>& x,
                                                   ObjectivePass<Autoencoder>& pass, Autoencoder* gradient) mutable {
    const ExampleLoss loss = objective(model, x, pass, gradient);
    if (gradient) gradient->decoder.bias[1] *= 2;
    return loss;
  };
  const testing::GradientReport report = testing::check_objective(autoencoder(), series().all[0], doubled);
  CHECK(report.worst == Approx(0.5).epsilon(1e-6));
  CHECK(report.where.find("decoder.bias[1] = ") == 0);
  CHECK(report.compared == 3 * 2 + 2 * 2 + 2 + 2 * 3 + 3);

  // With noise too, which the pass seeds: the objective of a loss is checked as it stands.
  const auto example = weighted(3).example(0, {0, 1, 2, 3, 4, 5, 6});
  CHECK(testing::check_objective(sine_state().model, example, squares_by_hand(), {.forward = {.dropout_seed = 5}})
            .worst <= 1e-7);
}

TEST_CASE("an objective of one's own is trained as a loss is, to the bit", "[objective]") {
  const auto compare = [](const auto& data) {
    SineState state = sine_state(), expected = sine_state();
    const FitOptions options{.epochs = 3, .clip_norm = 0.05, .keep_best = true, .backward = {.clip = 0.01}};
    fit(state, data, sine_sequences(), squares_by_hand(), options);
    fit(expected, data, sine_sequences(), mean_squared_error, options);
    CHECK(bits(state) == bits(expected));
    CHECK(evaluate(state.model, data, squares_by_hand()) == evaluate(state.model, data, mean_squared_error));
  };
  compare(sine_stream());
  compare(weighted(3));
}

TEST_CASE("a step of several batches has the gradient of all of them as one batch", "[objective]") {
  for (const double clip_norm : {0.0, 0.01}) {
    CAPTURE(clip_norm);
    auto together = plain_state(), apart = plain_state();
    FitOptions options{.epochs = 1, .clip_norm = clip_norm, .shuffle = false};
    fit(together, weighted(4), mean_squared_error, options);
    options.accumulate = 2;
    fit(apart, weighted(2), mean_squared_error, options);
    check_close(flat(apart.model), flat(together.model));
    CHECK(flat(apart.model) != flat(plain_state().model));
    CHECK(apart.optimizer.steps() == 2);
    CHECK(apart.history.loss.at(0) == Approx(together.history.loss.at(0)).epsilon(1e-13));
    CHECK(apart.history.clipped == std::vector<double>{clip_norm > 0 ? 2.0 : 0.0});
  }
}

namespace {

/// The parameters after one step of all batches.
template <class Scalar>
Flat after_one_step(const std::vector<int>& exponents) {
  Random random(3);
  const Sequential model{Rnn<Scalar>(1, 3, random), Dense<Scalar>(3, 1, random)};
  TrainingState state(model, Sgd(model, {.learning_rate = 1}), random);
  const FitOptions options{.epochs = 1, .accumulate = 4, .shuffle = false};
  fit(state, weighted_sequences<Scalar>(exponents), mean_squared_error, options);
  return flat(state.model);
}

}  // namespace

TEST_CASE("several batches may weigh as little and as much as a weight can say", "[objective]") {
  const Flat expected = after_one_step<float>({0, 0, 0, 0}), in_double = after_one_step<double>({0, 0, 0, 0});
  for (const int exponent : {-149, -140, 100, 120}) {
    CAPTURE(exponent);
    CHECK(after_one_step<float>(std::vector<int>(4, exponent)) == expected);
  }
  for (const int exponent : {-1070, 900}) {
    CAPTURE(exponent);
    CHECK(after_one_step<double>(std::vector<int>(4, exponent)) == in_double);
  }
  CHECK(after_one_step<double>({-1070, 900, -1070, 901}) == after_one_step<double>({-1074, 0, -1074, 1}));
  CHECK(after_one_step<float>({120, -149, 121, -149}) == after_one_step<float>({0, -149, 1, -149}));
}

TEST_CASE("observers are told of steps, their batches and columns, the last step of what is left", "[objective]") {
  std::vector<Index> batch, accumulated, columns;
  std::vector<double> rates;
  const auto keep = [&](FitProgress& now) {
    batch.push_back(now.batch);
    accumulated.push_back(now.accumulated);
    columns.push_back(now.columns);
    rates.push_back(now.learning_rate);
    CHECK(now.epoch_done == (now.batch == 4));
  };
  SineState state = sine_state();
  fit(state, sine_stream(), mean_squared_error,
      {.epochs = 1,
       .accumulate = 3,
       .batch_schedule = [](Index batches_done) { return static_cast<double>(batches_done); },
       .observers = {keep}});
  CHECK(batch == std::vector<Index>{3, 4});
  CHECK(accumulated == std::vector<Index>{3, 1});
  CHECK(columns == std::vector<Index>{60, 20});
  CHECK(rates == std::vector<double>{0, 3});
}

TEST_CASE("windows of one step go on from one another", "[objective]") {
  // Without a step between them, windows with a carried state are truncated back-propagation over all of them.
  auto whole = plain_state(), windows = plain_state();
  const StreamWindows<double> long_ones(sine(80), sine(80, 1), 2, 20);
  fit(whole, long_ones, mean_squared_error, {.epochs = 1, .backward = {.truncation = {10, 10}}});
  fit(windows, sine_stream(), mean_squared_error, {.epochs = 1, .accumulate = 2});
  check_close(flat(windows.model), flat(whole.model));
}

TEST_CASE("one batch of several that is not finite is named, and its step is left out", "[objective]") {
  Matrix<double> x = sine(80);
  x(0, 40 + 23) = nan_value;  // in the third of four windows
  const StreamWindows<double> broken(x, sine(80, 1), 2, 10);
  SineState state = sine_state();
  const FitOptions stopping{.epochs = 1, .accumulate = 4, .on_non_finite = OnNonFinite::stop};
  CHECK(fit(state, broken, mean_squared_error, stopping).problem ==
        "epoch 1, batch 3: the loss is not finite: the data: x of sample 1 is not finite at step 3 (forward)");
  CHECK(bits(state) == bits(sine_state()));
  CHECK(fit(state, broken, squares_by_hand(), stopping).problem == "epoch 1, batch 3: the loss is not finite");
  CHECK(
      fit(state, broken, mean_squared_error, {.epochs = 2, .accumulate = 2, .on_non_finite = OnNonFinite::skip}).end ==
      FitEnd::epochs);
  CHECK(state.history.skipped == std::vector<double>{1, 1});
  CHECK(state.optimizer.steps() == 2);

  // A gradient is looked for in the batch that it came from, not in the last one.
  int calls = 0;
  const auto breaks_second = [&](const auto& y, const auto& target, auto& d_y) -> double {
    const double loss = mean_squared_error(y, target, d_y);
    if (++calls == 2) d_y(0, 5) = nan_value;
    return loss;
  };
  state = sine_state();
  CHECK(fit(state, sine_stream(), breaks_second, stopping).problem ==
        "epoch 1, batch 2: the gradient is not finite: 0.Lstm: gate i of sample 1 is not finite at step 2 (backward)");
}

TEST_CASE("the gradient of a frozen tensor need not be finite, however many batches a step has", "[objective]") {
  const auto spoilt = [whole = squares_by_hand()](const SineModel& model, const Example<double>& e,
                                                  ObjectivePass<SineModel>& pass, SineModel* gradient) mutable {
    const ExampleLoss loss = whole(model, e, pass, gradient);
    if (gradient) std::get<0>(gradient->layers).weight_ih(0, 0) = nan_value;
    return loss;
  };
  for (const Index batches : {1, 3}) {
    CAPTURE(batches);
    SineState state = sine_state();
    state.optimizer.options.groups = {{.names = "0.*", .frozen = true}};
    SineState expected = state;
    const FitOptions options{.epochs = 2, .accumulate = batches, .clip_norm = 0.1};
    fit(expected, sine_stream(), squares_by_hand(), options);
    CHECK_NOTHROW(fit(state, sine_stream(), spoilt, options));
    CHECK(bits(state) == bits(expected));
  }
}

TEST_CASE("a model that is no layer is trained on examples of one's own, by an objective whose gradient is right",
          "[objective]") {
  const Autoencoder model = autoencoder();
  CHECK(testing::check_objective(model, series().all[1], Reconstruct()).worst <= 1e-7);

  TrainingState state(model, Adam(model, {.learning_rate = 0.01}), Random(2)), again = state;
  const double before = evaluate(model, series(), Reconstruct());
  CHECK(before == Approx((4 * evaluate(model, Series{{series().all[0]}}, Reconstruct()) +
                          7 * evaluate(model, Series{{series().all[1]}}, Reconstruct()) +
                          10 * evaluate(model, Series{{series().all[2]}}, Reconstruct()) +
                          5 * evaluate(model, Series{{series().all[3]}}, Reconstruct())) /
                         26));
  Index steps = 0;
  const auto count = [&](FitProgress& now) { steps += now.columns; };
  fit(state, series(), series(), Reconstruct(),
      {.epochs = 100, .accumulate = 3, .keep_best = true, .observers = {count}});
  CHECK(evaluate(state.model, series(), Reconstruct()) < before / 2);
  CHECK(steps == 2600);

  // std::ref keeps the tapes and buffers.
  Reconstruct objective;
  fit(again, series(), std::ref(objective), {.epochs = 1, .shuffle = false});
  CHECK(objective.d_x.cols() == 5);
}

TEST_CASE("a count that cannot be, or a gradient of another shape, is refused and changes nothing", "[objective]") {
  SineState state = sine_state();
  const auto refuse = [&](const auto& objective, Index accumulate, const std::string& why) {
    CHECK_THROWS_MATCHES(fit(state, sine_stream(), objective, {.accumulate = accumulate}), std::invalid_argument,
                         Message(why));
    CHECK(bits(state) == bits(sine_state()));
  };
  const auto counting = [](double count) {
    return [count](const SineModel&, const Example<double>&, ObjectivePass<SineModel>&, auto*) -> ExampleLoss {
      return {1, count};
    };
  };
  refuse(counting(-2), 1, "an objective counts -2, expected a finite number of at least 0");
  refuse(counting(nan_value), 2, "an objective counts nan, expected a finite number of at least 0");
  CHECK_THROWS_AS(evaluate(state.model, sine_stream(), counting(-2)), std::invalid_argument);

  const auto shapeless = [](const SineModel&, const Example<double>&, ObjectivePass<SineModel>&, auto* gradient) {
    std::get<2>(gradient->layers).bias.resize(3);
    return ExampleLoss{1, 1};
  };
  refuse(shapeless, 1, "Adam::step: the gradient's 2.bias is 3 x 1, the model's is 1 x 1");
  refuse(shapeless, 2, "fit: the gradient's 2.bias is 3 x 1, the model's is 1 x 1");
}
