#include "unroll/training/fit.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "catch.hpp"
#include "core/flat.hpp"
#include "training/sine.hpp"
#include "unroll/layers/bidirectional.hpp"
#include "unroll/optimizers/sgd.hpp"
#include "unroll/training/interrupt.hpp"
#include "unroll/training/metrics.hpp"
#include "unroll/training/progress.hpp"
#include "unroll/training/write_csv.hpp"

using namespace unroll;
using Catch::Matchers::Message;

namespace {

const double nan_value = std::numeric_limits<double>::quiet_NaN();

/// The stream, with one number that is none in its third window.
StreamWindows<double> broken(bool in_target) {
  Matrix<double> x = sine(80), target = sine(80, 1);
  (in_target ? target : x)(0, 40 + 23) = nan_value;
  return {x, target, 2, 10};
}

/// A loss of one's own, whose gradient is broken at step 2 of sample 1.
struct BrokenGradient : MeanSquaredError {
  double operator()(const Output<double>& y, const Matrix<double>& target, Matrix<double>& d_y, const Batch& batch,
                    const std::vector<double>& weights) const {
    const double loss = MeanSquaredError::operator()(y, target, d_y, batch, weights);
    d_y(0, 5) = nan_value;
    return loss;
  }
};

std::string text_of(std::FILE* file) {
  std::rewind(file);
  std::string text;
  for (int c; (c = std::fgetc(file)) != EOF;) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("fit does what a loop by hand does, to the bit", "[fit]") {
  SineState state = sine_state(), by_hand = sine_state();
  CHECK(fit(state, sine_stream(), mean_squared_error, {.epochs = 2, .clip_norm = 0.05}).end == FitEnd::epochs);
  SineModel::Tape tape;
  SineModel gradient = by_hand.model;
  Matrix<double> d_y;
  double clipped = 0, sum = 0;
  for (int epoch = 0; epoch < 2; ++epoch) {
    by_hand.random.bits();
    SineModel::State carried;
    sum = clipped = 0;
    for (Index k = 0; k < 4; ++k) {
      const auto e = sine_stream().example(k, {});
      const ForwardOptions options{.dropout_seed = by_hand.random.bits()};
      sum += mean_squared_error(by_hand.model.forward(e.x, tape, e.batch, carried, options), e.target, d_y);
      carried = tape.final_state;
      set_zero(gradient);
      by_hand.model.backward(e.x, d_y, tape, gradient);
      clipped += clip_by_global_norm(gradient, 0.05).clipped;
      by_hand.optimizer.step(by_hand.model, gradient);
    }
  }
  CHECK(flat(state.model) == flat(by_hand.model));
  CHECK(state.random == by_hand.random);
  CHECK(clipped > 0);
  CHECK(state.history.clipped.at(1) == clipped);
  CHECK(state.history.loss.at(1) == Approx(sum / 4).epsilon(1e-14));
}

TEST_CASE("fit leaves what is frozen alone and clips by the norm of the rest, and ties before it begins", "[fit]") {
  SineState state = sine_state();
  const SineModel start = state.model;
  state.optimizer.options.groups = {{.names = "0.*", .frozen = true},
                                    {.names = "2.weight", .tied_to = "2.bias", .transposed = true}};
  CHECK_THROWS_AS(fit(state, sine_stream(), mean_squared_error), std::invalid_argument);
  state.optimizer.options.groups = {{.names = "0.*", .frozen = true}};
  double norm = 0;
  const FitObserver first = [&](FitProgress& now) {
    norm = now.gradient_norm;
    now.stop = true;
  };
  SineState free = sine_state();
  fit(free, sine_stream(), mean_squared_error, {.observers = {first}});
  const double of_all = norm;
  fit(state, sine_stream(), mean_squared_error, {.clip_norm = 1e-9, .observers = {first}});
  CHECK(norm > 0);
  CHECK(norm < of_all);
  CHECK(flat(std::get<0>(state.model.layers)) == flat(std::get<0>(start.layers)));
  CHECK(std::get<2>(state.model.layers).weight != std::get<2>(start.layers).weight);
  state.optimizer.options.groups = {{.names = "0.bias", .tied_to = "0.weight_ih"}};
  fit(state, sine_stream(), mean_squared_error, {.epochs = 0});
  CHECK(std::get<0>(state.model.layers).bias == std::get<0>(start.layers).weight_ih);
}

TEST_CASE("fit learns, and evaluates without dropout", "[fit]") {
  SineState state = sine_state();
  const double before = evaluate(state.model, sine_sequences(), mean_squared_error);
  fit(state, sine_sequences(), sine_sequences(), mean_squared_error, {.epochs = 200});
  const double after = evaluate(state.model, sine_sequences(), mean_squared_error);
  CHECK(after < before / 4);
  CHECK(state.history.validation_loss.back() == after);
  CHECK(state.history.validation_loss.size() == 200);
  CHECK(state.epoch == 200);
}

TEST_CASE("fit stops where nothing gets better, and the model is the best there was", "[fit]") {
  SineState state = sine_state();
  state.optimizer.options.learning_rate = 0.3;
  std::vector<Flat> models;
  std::vector<double> losses;
  const auto keep = [&](FitProgress& now) {
    if (!now.epoch_done) return;
    models.push_back(flat(state.model));
    losses.push_back(*now.validation_loss);
  };
  FitOptions options{.epochs = 500, .patience = 4, .observers = {keep}};
  SineState patient = state;
  options.keep_best = true;
  CHECK(fit(state, sine_stream(), sine_sequences(), mean_squared_error, options).end == FitEnd::no_better);
  const auto best = static_cast<std::size_t>(std::min_element(losses.begin(), losses.end()) - losses.begin());
  CHECK(losses.size() == best + 5);
  CHECK(flat(state.model) == models[best]);
  CHECK(flat(state.model) != models.back());
  CHECK(state.best_loss == losses[best]);

  options.keep_best = false;
  options.observers.clear();
  CHECK(fit(patient, sine_stream(), sine_sequences(), mean_squared_error, options).end == FitEnd::no_better);
  CHECK(flat(patient.model) == models.back());
  CHECK(flat(patient.best) == models[best]);
}

TEST_CASE("evaluate gives as many metrics as are asked for, and the loss that it gives without", "[fit]") {
  const SineState state = sine_state();
  const double loss = evaluate(state.model, sine_sequences(), mean_squared_error);
  const Evaluation found = evaluate(state.model, sine_sequences(), mean_squared_error, {rmse(), mae(), r2()});
  CHECK(found.loss == loss);
  CHECK(found.metrics.size() == 3);
  CHECK(found.metrics.at("rmse") == Approx(std::sqrt(loss)).epsilon(1e-12));
  CHECK(evaluate(state.model, broken(false), mean_squared_error, {rmse()}).metrics.empty());
  const auto blind = [](const SineModel&, const Example<double>&, ObjectivePass<SineModel>&, SineModel*) {
    return ExampleLoss{1, 1};
  };
  CHECK_THROWS_MATCHES(
      evaluate(state.model, sine_sequences(), blind, {rmse()}), std::invalid_argument,
      Message("the metrics saw no column; an objective of one's own gives them its outputs by pass.measure"));
}

TEST_CASE("fit shows metrics, keeps the best by one of them, and the history is CSV", "[fit]") {
  SineState state = sine_state();
  state.optimizer.options.learning_rate = 0.3;
  std::vector<Flat> models{flat(state.model)};
  std::vector<double> found{-evaluate(state.model, sine_sequences(), mean_squared_error, {r2()}).metrics.at("r2")};
  std::FILE* file = std::tmpfile();
  {
    Progress progress(file, false);
    const auto keep = [&](FitProgress& now) {
      progress(now);
      if (!now.epoch_done) return;
      models.push_back(flat(state.model));
      found.push_back(-now.metrics.at("r2"));
    };
    // The loss falls where R2 rises; so the metric's sign is what is tested.
    Metric worst = r2();
    worst.name = "worst";
    worst.higher_is_better = false;
    fit(state, sine_stream(), sine_sequences(), mean_squared_error,
        {.epochs = 1, .keep_best = true, .metrics = {r2(), worst}, .best_by = "worst", .observers = {keep}});
    CHECK(state.best_loss == std::min(-found[0], -found[1]));
    state.model = sine_state().model;
    state.forget_best();
    models = {flat(state.model)};
    found = {found[0]};
    fit(state, sine_stream(), sine_sequences(), mean_squared_error,
        {.epochs = 5, .keep_best = true, .metrics = {r2(), rmse()}, .best_by = "r2", .observers = {keep}});
  }
  const auto best = static_cast<std::size_t>(std::min_element(found.begin(), found.end()) - found.begin());
  CHECK(flat(state.model) == models[best]);
  CHECK(state.best_loss == found[best]);
  CHECK(state.history.metrics.at("r2").at(4) == -found.back());
  CHECK(std::isnan(state.history.metrics.at("rmse").at(0)));
  CHECK(std::isnan(state.history.metrics.at("worst").at(1)));
  CHECK(text_of(file).find(detail::text(", r2 ")) != std::string::npos);
  History plain;
  plain.loss = {2, 1};
  CHECK(csv_of(plain) == "epoch,loss\n1,2\n2,1\n");
  const std::string csv = csv_of(state.history);
  CHECK(csv.starts_with("epoch,loss,validation_loss,learning_rate,clipped,skipped,r2,rmse,worst\n1,"));
  CHECK(csv.find(detail::text(",0,0,", -found.back(), ",", state.history.metrics.at("rmse")[4], ",\n")) !=
        std::string::npos);
  CHECK_THROWS_AS(write_csv(state.history, "no such folder/history.csv"), std::system_error);
}

TEST_CASE("fit averages the weights over its steps, evaluates the average and keeps it as the best", "[fit]") {
  SineState state = sine_state();
  state.average.emplace(state.model, 0.75);
  SineModel expected = state.model;
  int steps = 0;
  double validated = 0;
  const FitObserver observe = [&](FitProgress& now) {
    const auto mix = [&](const std::string&, auto& average, const auto& weights) {
      average = steps == 0 ? weights.eval() : (0.75 * average + 0.25 * weights).eval();
    };
    for_each_tensor(mix, expected, state.model);
    ++steps;
    if (now.epoch_done) validated = *now.validation_loss;
  };
  fit(state, sine_stream(), sine_sequences(), mean_squared_error,
      {.epochs = 2, .keep_best = true, .observers = {observe}});
  CHECK(steps == 8);
  const Flat average = flat(state.average->model), by_hand = flat(expected);
  for (std::size_t i = 0; i < average.size(); ++i) CHECK(average[i] == Approx(by_hand[i]).epsilon(1e-12));
  CHECK(validated == evaluate(state.average->model, sine_sequences(), mean_squared_error));
  CHECK(flat(state.model) == average);
  CHECK(state.best_loss == validated);

  WeightAverage<SineModel> alone(state.model, 0.5);
  alone.add(zeros_like(state.model));
  CHECK(global_norm(alone.model) == 0);
  alone.add(state.model);
  CHECK(global_norm(alone.model) == Approx(global_norm(state.model) / 2));
  CHECK_THROWS_MATCHES(state.average.emplace(state.model, 1), std::invalid_argument,
                       Message("WeightAverage: decay is 1, expected at least 0 and less than 1"));
}

TEST_CASE("a schedule sets the rate of each epoch or each batch, a plateau lowers it", "[fit]") {
  std::vector<double> rates;
  const FitObserver keep = [&](FitProgress& now) { rates.push_back(now.learning_rate); };
  const auto schedule = [](Index t) { return 1.0 / static_cast<double>(t + 1); };
  SineState state = sine_state();
  fit(state, sine_stream(), mean_squared_error, {.epochs = 2, .schedule = schedule, .observers = {keep}});
  CHECK(rates == std::vector<double>{1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5});
  CHECK(state.history.learning_rate == std::vector<double>{1, 0.5});
  rates.clear();
  state = sine_state();
  fit(state, sine_stream(), mean_squared_error, {.epochs = 2, .batch_schedule = schedule, .observers = {keep}});
  CHECK(rates.back() == 1.0 / 8);
  state = sine_state();
  state.plateau = ReduceOnPlateau(0.5, {.factor = 0.5, .patience = 0, .threshold = 0.9});
  fit(state, sine_stream(), mean_squared_error, {.epochs = 3});
  CHECK(state.history.learning_rate == std::vector<double>{0.5, 0.5, 0.25});
}

TEST_CASE("a number that is not finite stops the run, which says where, and leaves the state before it", "[fit]") {
  SineState state = sine_state(), expected = sine_state();
  const FitOptions stopping{.epochs = 2, .on_non_finite = OnNonFinite::stop};
  const FitReport report = fit(state, broken(false), mean_squared_error, stopping);
  CHECK(report.end == FitEnd::not_finite);
  CHECK(report.problem ==
        "epoch 1, batch 3: the loss is not finite: the data: x of sample 1 is not finite at step 3 (forward)");
  FitOptions options{.epochs = 1};
  options.observers = {[](FitProgress& now) { now.stop = now.batch == 2; }};
  fit(expected, sine_stream(), mean_squared_error, options);
  CHECK(bits(state) == bits(expected));

  state = sine_state();
  CHECK(fit(state, broken(true), mean_squared_error, stopping).problem ==
        "epoch 1, batch 3: the loss is not finite: every layer's numbers are; look at the targets and weights");
}

TEST_CASE("or it is an error, if nothing else is asked for", "[fit]") {
  SineState state = sine_state(), expected = sine_state();
  CHECK_THROWS_MATCHES(fit(state, broken(false), mean_squared_error, {.epochs = 2}), std::runtime_error,
                       Message("fit: epoch 1, batch 3: the loss is not finite: the data: x of sample 1 is not finite "
                               "at step 3 (forward)"));
  fit(expected, broken(false), mean_squared_error, {.epochs = 2, .on_non_finite = OnNonFinite::stop});
  CHECK(bits(state) == bits(expected));
  Lstm<double>& lstm = std::get<0>(state.model.layers);
  lstm.bias[2] = nan_value;  // of gate i
  CHECK_THROWS_MATCHES(
      fit(state, sine_stream(), mean_squared_error, {.epochs = 2}), std::runtime_error,
      Message("fit: epoch 1, batch 3: the loss is not finite: 0.Lstm: gate i of sample 0 is not finite "
              "at step 0 (forward)"));
}

TEST_CASE("epochs without validation data have no validation loss", "[fit]") {
  SineState state = sine_state();
  fit(state, sine_stream(), mean_squared_error, {.epochs = 1});
  CHECK(state.history.validation_loss.empty());
  fit(state, sine_stream(), sine_sequences(), mean_squared_error, {.epochs = 2});
  fit(state, sine_stream(), mean_squared_error, {.epochs = 3});
  const auto& losses = state.history.validation_loss;
  REQUIRE(losses.size() == 3);
  CHECK(std::isnan(losses[0]));
  CHECK(std::isfinite(losses[1]));
  CHECK(std::isnan(losses[2]));
  const std::string csv = csv_of(state.history);
  CHECK(csv.find("\n1," + detail::text(state.history.loss[0]) + ",,") != csv.npos);
  CHECK(csv.find("\n3," + detail::text(state.history.loss[2]) + ",,") != csv.npos);
}

TEST_CASE("an observer, a metric or validation data that are none are refused before a step", "[fit]") {
  SineState state = sine_state();
  const auto refused = [&](const FitOptions& options, const std::string& why) {
    CHECK_THROWS_MATCHES(fit(state, sine_stream(), mean_squared_error, options), std::invalid_argument, Message(why));
  };
  refused({.observers = {FitObserver()}}, "fit: an observer is empty");
  refused({.metrics = {Metric{"mine", false, {}, {}}}}, "the metric 'mine' has no add or no value");
  Metric loss = mae();
  loss.name = "loss";
  refused({.metrics = {loss}}, "a metric is called 'loss', as a column of the history is");
  CHECK_THROWS_MATCHES(fit(state, sine_stream(), Examples(std::vector<Example<double>>()), mean_squared_error),
                       std::invalid_argument, Message("fit: there is no batch to validate with"));
  CHECK(bits(state) == bits(sine_state()));
}

TEST_CASE("a gradient that is not finite is found in its layer", "[fit]") {
  SineState state = sine_state();
  const auto before = flat(state.model);
  const FitReport report =
      fit(state, sine_stream(), BrokenGradient(), {.epochs = 1, .on_non_finite = OnNonFinite::stop});
  CHECK(report.end == FitEnd::not_finite);
  CHECK(report.problem ==
        "epoch 1, batch 1: the gradient is not finite: 0.Lstm: gate i of sample 1 is not finite at step 2 (backward)");
  CHECK(flat(state.model) == before);
}

TEST_CASE("or the batch is skipped and counted", "[fit]") {
  SineState state = sine_state();
  std::vector<std::string> problems;
  const FitOptions options{.epochs = 2, .on_non_finite = OnNonFinite::skip, .observers = {[&](FitProgress& now) {
                                                                              if (!now.problem.empty())
                                                                                problems.push_back(now.problem);
                                                                            }}};
  CHECK(fit(state, broken(false), mean_squared_error, options).end == FitEnd::epochs);
  CHECK(state.history.skipped == std::vector<double>{1, 1});
  REQUIRE(problems.size() == 2);
  CHECK(problems[1].find("epoch 2, batch 3: the loss is not finite: the data: x") == 0);
  CHECK(state.optimizer.steps() == 6);
  for (const double value : flat(state.model)) CHECK(std::isfinite(value));
}

TEST_CASE("a metric that judges but is no number is a problem", "[fit]") {
  const Metric nothing{
      "nothing", true,
      [](const Metric::Column&, const Metric::Column&, double, Matrix<double>& sums) { sums.setOnes(1, 1); },
      [](const Matrix<double>&) { return nan_value; }};
  FitOptions options{
      .epochs = 3, .keep_best = true, .metrics = {nothing}, .best_by = "nothing", .on_non_finite = OnNonFinite::stop};
  SineState state = sine_state();
  FitReport report = fit(state, sine_stream(), mean_squared_error, options);
  CHECK(report.end == FitEnd::not_finite);
  CHECK(report.problem == "epoch 1, evaluation: the metric 'nothing' is not finite");
  CHECK(!state.has_best());

  state = sine_state();
  Index said = 0;
  options.on_non_finite = OnNonFinite::skip;
  options.observers = {[&](FitProgress& now) { said += now.problem.empty() ? 0 : 1; }};
  report = fit(state, sine_stream(), sine_sequences(), mean_squared_error, options);
  CHECK(report.end == FitEnd::epochs);
  CHECK(said == 3);
  CHECK(!state.has_best());
  CHECK(state.history.validation_loss.size() == 3);
}

TEST_CASE("after a first window that is skipped the next one goes on from no epoch before", "[fit]") {
  SineState state = sine_state();
  std::get<1>(state.model.layers) = Dropout<double>(0);
  Matrix<double> x = sine(80);
  x(0, 3) = nan_value;
  const StreamWindows<double> data(x, sine(80, 1), 2, 10);
  for (const Index accumulate : {1, 2}) {
    CAPTURE(accumulate);
    SineState run = state;
    fit(run, data, mean_squared_error,
        {.epochs = 3, .accumulate = accumulate, .on_non_finite = OnNonFinite::skip, .schedule = ConstantRate{0}});
    CHECK(run.history.skipped == std::vector<double>{1, 1, 1});
    CHECK(run.history.loss[1] == run.history.loss[0]);
    CHECK(run.history.loss[2] == run.history.loss[0]);
  }
}

TEST_CASE("an epoch of skipped batches has no loss", "[fit]") {
  SineState state = sine_state();
  const StreamWindows<double> nothing(Matrix<double>::Constant(1, 80, nan_value), sine(80, 1), 2, 10);
  const FitOptions options{.epochs = 2, .keep_best = true, .on_non_finite = OnNonFinite::skip};
  CHECK(fit(state, nothing, mean_squared_error, options).end == FitEnd::epochs);
  CHECK(state.history.skipped == std::vector<double>{4, 4});
  for (const double loss : state.history.loss) CHECK(std::isnan(loss));
  CHECK(!state.has_best());
}

TEST_CASE("batches that weigh nothing move nothing, alone and accumulated", "[fit]") {
  const StreamWindows<double> nothing(sine(80, 0), sine(80, 1), 2, 10, Matrix<double>::Zero(1, 80));
  for (const Index accumulate : {1, 2}) {
    CAPTURE(accumulate);
    SineState state = sine_state();
    const auto before = flat(state.model);
    CHECK(fit(state, nothing, mean_squared_error, {.epochs = 1, .accumulate = accumulate}).end == FitEnd::epochs);
    CHECK(state.history.skipped == std::vector<double>{0});
    CHECK(std::isnan(state.history.loss.at(0)));
    CHECK(flat(state.model) == before);
  }
}

TEST_CASE("evaluate goes on from the state of the window before", "[fit]") {
  const SineModel model = sine_state().model;
  SineModel::Tape tape;
  Matrix<double> d_y;
  const StreamWindows<double> whole(sine(80), sine(80, 1), 1, 80), windows(sine(80), sine(80, 1), 1, 20);
  const double expected = mean_squared_error(model.forward(sine(80), tape), sine(80, 1), d_y);
  CHECK(evaluate(model, whole, mean_squared_error) == expected);
  CHECK(evaluate(model, windows, mean_squared_error) == Approx(expected).epsilon(1e-14));
  const StreamWindows<double> weightless(sine(80), sine(80, 1), 1, 20, Matrix<double>::Zero(1, 80));
  CHECK(std::isnan(evaluate(model, weightless, mean_squared_error)));
}

TEST_CASE("a reverse layer cannot go on from the window before, and is refused before a step", "[fit]") {
  Random random(1);
  const Sequential model{Bidirectional<Gru<double>>(1, 3, random), Dense<double>(6, 1, random)};
  TrainingState state(model, Sgd(model), random);
  const auto message = Message(
      "Gru::forward: a reverse layer starts behind these steps and cannot go on from those before them "
      "(Batch::continues)");
  CHECK_THROWS_MATCHES(fit(state, sine_stream(), mean_squared_error), std::invalid_argument, message);
  CHECK(flat(state.model) == flat(model));
  CHECK(state.batch == 0);
  CHECK_THROWS_MATCHES(evaluate(model, sine_stream(), mean_squared_error), std::invalid_argument, message);
  CHECK(fit(state, sine_sequences(), mean_squared_error, {.epochs = 1}).end == FitEnd::epochs);
}

TEST_CASE("Ctrl-C ends the run after its batch, and the handler before it is back afterwards", "[fit]") {
  static int others = 0;
  std::signal(SIGINT, [](int) { ++others; });
  {
    StopOnInterrupt interrupt;
    SineState state = sine_state();
    const FitObserver press = [](FitProgress& now) {
      if (now.batch == 2) std::raise(SIGINT);
    };
    CHECK(!interrupt.requested());
    const FitReport report =
        fit(state, sine_stream(), mean_squared_error, {.epochs = 9, .observers = {press, std::ref(interrupt)}});
    CHECK(report.end == FitEnd::asked);
    CHECK(interrupt.requested());
    CHECK(state.batch == 2);
    CHECK(others == 0);
  }
  std::raise(SIGINT);
  CHECK(others == 1);
  std::signal(SIGINT, SIG_DFL);
}

TEST_CASE("progress is a plain line an epoch, or a bar that ends its line", "[fit]") {
  for (const bool terminal : {false, true}) {
    std::FILE* file = std::tmpfile();
    REQUIRE(file != nullptr);
    std::string metric;
    {
      Progress progress(file, terminal);
      SineState state = sine_state();
      fit(state, sine_stream(), sine_sequences(), mean_squared_error,
          {.epochs = 2, .metrics = {rmse()}, .observers = {std::ref(progress)}});
      char last[32];
      std::snprintf(last, sizeof last, ", rmse %.5g, ", state.history.metrics.at("rmse").back());
      metric = last;
    }
    const std::string text = text_of(file);
    CAPTURE(text);
    CHECK(std::count(text.begin(), text.end(), '\n') == 2);
    CHECK(text.back() == '\n');
    CHECK(text.find("epoch 2/2") != std::string::npos);
    CHECK(text.find(", validation ") != std::string::npos);
    CHECK(text.find(metric, text.rfind("epoch 2/2")) != std::string::npos);  // in the last line or bar
    CHECK(text.find(" steps/s, 0:00 left") != std::string::npos);
    CHECK((text.find('\r') != std::string::npos) == terminal);
    CHECK((text.find("[========================]") != std::string::npos) == terminal);
  }
  std::FILE* file = std::tmpfile();
  CHECK(!detail::is_terminal(file));
  {
    Progress progress(file);
    FitProgress now;
    now.problem = "the loss is not finite";
    progress(now);
  }
  CHECK(text_of(file) == "skipped: the loss is not finite\n");

  file = std::tmpfile();
  {
    Progress bar(file, true);
    FitProgress now;
    now.epochs = now.batches = now.batch = 2;
    std::this_thread::sleep_for(std::chrono::milliseconds(120));  // it is drawn ten times a second
    bar(now);
  }
  const std::string text = text_of(file);
  CAPTURE(text);
  CHECK(text.front() == '\r');
  CHECK(text.back() == '\n');  // though the run ended amid an epoch

  file = std::tmpfile();
  {
    Progress line(file, false);
    FitProgress now;
    now.epoch_done = true;
    now.columns = 1'000'000;
    line(now);
  }
  const std::string said = text_of(file);
  CAPTURE(said);
  CHECK(std::stod(said.substr(said.find(", ") + 2)) > 1e6);  // within a second

  file = std::tmpfile();
  {
    Progress progress(file, false);
    FitProgress now;  // of an epoch whose steps were done before: see Fit::next
    now.epochs = 3;
    now.batches = now.batch = 2;
    now.accumulated = 0;
    now.epoch_done = true;
    progress(now);
  }
  CHECK(text_of(file).find(" 0:00 left") != std::string::npos);
}

TEST_CASE("the time left is that of the batches left, of this epoch and the next", "[fit]") {
  for (const Index epoch : {1, 3}) {
    const Index accumulated = epoch;  // batches of the one step that is done
    CAPTURE(epoch);
    std::FILE* file = std::tmpfile();
    REQUIRE(file != nullptr);
    using Seconds = std::chrono::duration<double>;
    using Clock = std::chrono::steady_clock;
    Seconds least, most;
    {
      const auto before = Clock::now();
      Progress progress(file, true);
      const auto begin = Clock::now();
      std::this_thread::sleep_for(std::chrono::milliseconds(110));
      least = Clock::now() - begin;
      progress({.epoch = epoch,
                .epochs = 3,
                .batch = accumulated,
                .batches = 1'001,
                .accumulated = accumulated,
                .columns = 1});
      most = Clock::now() - before;
    }
    const std::string text = text_of(file);
    CAPTURE(text);
    int minutes = 0, seconds = 0;
    REQUIRE(std::sscanf(text.c_str() + text.rfind(", "), ", %d:%d left", &minutes, &seconds) == 2);
    const double left =
        static_cast<double>((3 - epoch) * 1'001 + 1'001 - accumulated) / static_cast<double>(accumulated);
    CHECK(60 * minutes + seconds >= left * least.count() - 1);
    CHECK(60 * minutes + seconds <= left * most.count() + 1);
  }
}

TEST_CASE("options that make no sense are refused", "[fit]") {
  SineState state = sine_state();
  const auto before = bits(state);
  const auto refuse = [&](const FitOptions& options, const std::string& why) {
    CHECK_THROWS_MATCHES(fit(state, sine_stream(), mean_squared_error, options), std::invalid_argument, Message(why));
  };
  refuse({.epochs = -1}, "fit: epochs is -1, expected at least 0");
  refuse({.accumulate = 0}, "fit: accumulate is 0, expected at least 1");
  refuse({.clip_norm = -1}, "fit: clip_norm is -1, expected at least 0");
  refuse({.patience = -1}, "fit: patience is -1, expected at least 0");
  refuse({.metrics = {mae()}, .best_by = "f1"}, "fit: best_by is 'f1', expected the name of a metric");
  refuse({.metrics = {mae()}, .best_by = "mae"},
         "fit: best_by is 'mae', but neither patience nor keep_best asks for the best");
  CHECK(bits(state) == before);
  state.batch = 5;
  refuse({}, "fit: the state stands at batch 5, the data have 4");
  state.batch = -3;
  refuse({}, "the state's batch is -3, expected from 0 to 2147483648");
  state.batch = 0;
  for (const double rate : {-0.5, nan_value, std::numeric_limits<double>::infinity()}) {
    const auto schedule = [&](Index batch) { return batch < 6 ? 0.01 : rate; };
    SineState moved = state;
    CHECK_THROWS_MATCHES(fit(moved, sine_stream(), mean_squared_error, {.batch_schedule = schedule}),
                         std::invalid_argument,
                         Message(detail::text("fit: the learning rate is ", rate,
                                              " at batch 3 of epoch 2, expected a finite number of at least 0")));
    CHECK(moved.epoch == 1);
    CHECK(moved.batch == 2);
  }
  refuse({.schedule = ConstantRate{1}, .batch_schedule = ConstantRate{1}},
         "fit: schedule and batch_schedule would both set the learning rate");
  state.plateau = ReduceOnPlateau(1);
  for (const FitOptions& how : {FitOptions{.schedule = ConstantRate{1}}, FitOptions{.batch_schedule = ConstantRate{1}}})
    refuse(how, "fit: a schedule and a plateau would both set the learning rate");
}
