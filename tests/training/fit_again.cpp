// What a run may go on from: after an exception, with other options, with other data. The trained model is never lost.
#include <new>

#include "catch.hpp"
#include "core/flat.hpp"
#include "training/sine.hpp"

using namespace unroll;

namespace {

const double nan_value = std::numeric_limits<double>::quiet_NaN();

double loss_of(const SineModel& model) { return evaluate(model, sine_sequences(), mean_squared_error); }

/// Throws when it is called for the n-th time, once.
struct Thrower {
  int* left;

  void operator()() const {
    if (--*left == 0) throw std::bad_alloc();
  }
};

struct ThrowingLoss : MeanSquaredError {
  Thrower thrower;

  double operator()(const Output<double>& y, const Matrix<double>& target, Matrix<double>& d_y, const Batch& batch,
                    const std::vector<double>& weights) const {
    const double loss = MeanSquaredError::operator()(y, target, d_y, batch, weights);
    thrower();
    return loss;
  }
};

struct ThrowingData : Sequences<double> {
  Thrower thrower;

  std::vector<Index> order(std::optional<std::uint64_t> seed) const {
    thrower();
    return Sequences<double>::order(seed);
  }
  Example<double> example(Index k, const std::vector<Index>& order) const {
    thrower();
    return Sequences<double>::example(k, order);
  }
};

}  // namespace

TEST_CASE("after an exception from anything that fit calls, the next call goes on to the same bits", "[fit]") {
  const auto accumulate = GENERATE(1, 2, 3);
  const bool by_batch = GENERATE(false, true);
  FitOptions options{.epochs = 2, .accumulate = accumulate, .clip_norm = 0.05, .patience = 9, .keep_best = true};
  SineState whole = sine_state();
  auto& schedule = by_batch ? options.batch_schedule : options.schedule;
  schedule = [](Index t) { return 0.02 / static_cast<double>(1 + t); };
  fit(whole, sine_sequences(), sine_sequences(), mean_squared_error, options);

  int left = 0, calls = 0, threw = 0;
  const Thrower thrower{&left};
  schedule = [&](Index t) {
    thrower();
    return 0.02 / static_cast<double>(1 + t);
  };
  options.observers = {[&](FitProgress&) { thrower(); }};
  const ThrowingData data{sine_sequences(), thrower};
  const ThrowingLoss loss{{}, thrower};
  for (int n = 1; calls == threw; ++n) {
    CAPTURE(n);
    SineState state = sine_state();
    left = n;
    ++calls;
    try {
      fit(state, data, data, loss, options);
    } catch (const std::bad_alloc&) {
      ++threw;
      fit(state, data, data, loss, options);
    }
    CHECK(bits(state) == bits(whole));
  }
  CHECK(threw > 50);
}

TEST_CASE("a call that asks for the best after one that did not keeps what was trained", "[fit]") {
  SineState state = sine_state();
  fit(state, sine_sequences(), mean_squared_error, {.epochs = 60});
  const Flat trained = flat(state.model);
  CHECK(!state.has_best());
  CHECK(fit(state, sine_sequences(), mean_squared_error, {.epochs = 60, .patience = 5, .keep_best = true}).end ==
        FitEnd::epochs);
  CHECK(flat(state.model) == trained);

  // Nor does a call lose it that makes things worse.
  const double before = loss_of(state.model);
  state.optimizer.options.learning_rate = 3;
  CHECK(fit(state, sine_sequences(), mean_squared_error, {.epochs = 99, .patience = 3, .keep_best = true}).end ==
        FitEnd::no_better);
  CHECK(state.epoch == 63);
  CHECK(flat(state.model) == trained);
  CHECK(state.best_loss == before);
}

TEST_CASE("the best of other data is judged by the data at hand", "[fit]") {
  SineState state = sine_state();
  const FitOptions options{.epochs = 40, .keep_best = true};
  fit(state, sine_sequences(), sine_sequences(), mean_squared_error, options);
  CHECK(state.best_loss == loss_of(state.model));

  // Of the new data, which are harder, every model has a larger loss than the old best had of the old.
  const StreamWindows<double> harder(sine(80), 9 * sine(80, 1), 2, 10);
  const double old = state.best_loss, start = evaluate(state.model, harder, mean_squared_error);
  FitOptions more = options;
  more.epochs = 60;
  fit(state, harder, harder, mean_squared_error, more);
  const double found = evaluate(state.model, harder, mean_squared_error);
  CHECK(found > old);
  CHECK(found < start);
  CHECK(state.best_loss == found);

  state.forget_best();
  CHECK(state.epochs_since_best == 0);
  CHECK(!state.has_best());
}

TEST_CASE("a checkpoint whose best was never stored does not bring it back", "[fit]") {
  SineState state = sine_state();
  fit(state, sine_sequences(), mean_squared_error, {.epochs = 30});
  state.best_loss = state.history.loss.back();  // as older files hold it, beside an untrained `best`
  state.epochs_since_best = 2;
  const double trained = loss_of(state.model);
  CHECK(loss_of(state.best) > trained);
  fit(state, sine_sequences(), mean_squared_error, {.epochs = 31, .patience = 2, .keep_best = true});
  CHECK(state.epoch == 31);
  CHECK(loss_of(state.model) <= trained);
}

TEST_CASE("without validation data the best loss is that of the weights after the epoch", "[fit]") {
  SineState state = sine_state();
  state.optimizer.options.learning_rate = 2;  // every step is worse than the one before
  const double start = loss_of(state.model);
  fit(state, sine_sequences(), mean_squared_error, {.epochs = 3, .keep_best = true});
  CHECK(state.best_loss == loss_of(state.model));
  CHECK(state.best_loss <= start);
}

TEST_CASE("a validation loss that is not finite ends the run, which says where, and goes on when it is mended",
          "[fit]") {
  SineState state = sine_state(), expected = sine_state();
  Matrix<double> x = sine(80), target = sine(80, 1);
  x(0, 50) = nan_value;
  const StreamWindows<double> holed(x, target, 2, 20), whole(sine(80), target, 2, 20);
  FitOptions options{.epochs = 2, .patience = 1, .keep_best = true, .on_non_finite = OnNonFinite::stop};
  FitReport report = fit(state, sine_sequences(), holed, mean_squared_error, options);
  CHECK(report.end == FitEnd::not_finite);
  CHECK(report.problem ==
        "epoch 1, validation: batch 1: the loss is not finite: the data: x of sample 1 is not finite at step 10 "
        "(forward)");
  CHECK(state.history.validation_loss.empty());
  CHECK(flat(state.model) != flat(sine_state().model));
  fit(expected, sine_sequences(), whole, mean_squared_error, {.epochs = 2});
  fit(state, sine_sequences(), whole, mean_squared_error, {.epochs = 2});
  CHECK(flat(state.model) == flat(expected.model));
  CHECK(state.history.validation_loss == expected.history.validation_loss);

  // Or its batch is skipped, as one of the training data is.
  options.on_non_finite = OnNonFinite::skip;
  options.observers = {[&](FitProgress& now) { report.problem = now.problem; }};
  SineState skips = sine_state();
  fit(skips, sine_sequences(), StreamWindows<double>(x.leftCols(60), target.leftCols(60), 1, 20), mean_squared_error,
      options);
  CHECK(report.problem.find("epoch 2, validation: batch 3: the loss is not finite: the data: x") == 0);
  CHECK(skips.has_best());
  CHECK(std::isfinite(skips.history.validation_loss.at(1)));
}

TEST_CASE("validation data that weigh nothing have no loss", "[fit]") {
  SineState state = sine_state();
  const StreamWindows<double> nothing(sine(80), sine(80, 1), 2, 20, Matrix<double>::Zero(1, 80));
  const FitReport report = fit(state, sine_sequences(), nothing, mean_squared_error,
                               {.epochs = 9, .keep_best = true, .on_non_finite = OnNonFinite::stop});
  CHECK(report.end == FitEnd::not_finite);
  CHECK(report.problem == "epoch 1, validation: the data weigh nothing");
  CHECK(flat(state.model) != flat(sine_state().model));
}

TEST_CASE("an average that a run begins with is tied as the model is", "[fit]") {
  Random random(1);
  const Sequential model{Dense<double>(1, 1, random), Dense<double>(1, 1, random)};
  Sequential<Dense<double>, Dense<double>>::Tape tape;
  const Matrix<double> x = sine(8), y = model.forward(x, tape);  // which the model meets before it is tied
  TrainingState state(model, Adam(model, {.groups = {{.names = "1.weight", .tied_to = "0.weight"}}}), random);
  state.average.emplace(state.model);
  fit(state, StreamWindows<double>(x, y, 1, 8), mean_squared_error, {.epochs = 2, .keep_best = true});
  CHECK(std::get<1>(state.model.layers).weight == std::get<0>(state.model.layers).weight);
}
