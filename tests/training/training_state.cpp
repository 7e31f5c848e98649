// A run that was stopped and goes on from a copy, or from what visit gave, ends with the bits of one that never was.
#include "unroll/training/training_state.hpp"

#include <set>

#include "catch.hpp"
#include "training/sine.hpp"

using namespace unroll;

namespace {

template <class Data>
void check_resumes(const Data& data, bool plateau, Index accumulate = 1) {
  const auto start = [&] {
    SineState state = sine_state();
    if (plateau) state.plateau = ReduceOnPlateau(0.02, {.factor = 0.5, .patience = 0, .threshold = 0.2});
    if (plateau) state.average.emplace(state.model, 0.75);
    return state;
  };
  FitOptions options{.epochs = 3, .accumulate = accumulate, .clip_norm = 0.05, .patience = 10};

  // The state after each step: copies made on the way, one more than the run needs.
  SineState whole = start();
  std::vector<SineState> copies{whole};
  options.observers = {[&](FitProgress&) { copies.push_back(whole); }};
  CHECK(fit(whole, data, sine_sequences(), mean_squared_error, options).end == FitEnd::epochs);
  REQUIRE(static_cast<Index>(copies.size()) == 1 + 3 * ((data.batches() + accumulate - 1) / accumulate));
  std::set<std::vector<std::uint64_t>> different;
  for (const SineState& copy : copies) different.insert(bits(copy));
  CHECK(different.size() == copies.size());

  options.observers.clear();
  for (std::size_t k = 0; k < copies.size(); ++k) {
    CAPTURE(k);
    SineState loaded = sine_state(7);
    if (plateau) loaded.plateau = start().plateau;
    if (plateau) loaded.average = start().average;
    const auto assign = [](const std::string&, auto& to, const auto& from) { to = from; };
    SineState::visit(assign, "", loaded, std::as_const(copies[k]));
    CHECK(bits(loaded) == bits(copies[k]));
    fit(copies[k], data, sine_sequences(), mean_squared_error, options);
    fit(loaded, data, sine_sequences(), mean_squared_error, options);
    CHECK(bits(copies[k]) == bits(whole));
    CHECK(bits(loaded) == bits(whole));
  }
}

}  // namespace

TEST_CASE("streams with a carried state go on from any batch to the same bits", "[training_state]") {
  check_resumes(sine_stream(), false);
  check_resumes(sine_stream(), false, 3);
}

TEST_CASE("shuffled sequences go on from any batch to the same bits", "[training_state]") {
  check_resumes(sine_sequences(), true);
}

TEST_CASE("a stop is asked for, and a second call of fit goes on", "[training_state]") {
  SineState whole = sine_state(), stopped = sine_state();
  const FitOptions to_the_end{.epochs = 2};
  FitOptions options = to_the_end;
  int batches = 0;
  options.observers = {[&](FitProgress& now) { now.stop = ++batches == 3; }};
  fit(whole, sine_stream(), mean_squared_error, to_the_end);
  CHECK(fit(stopped, sine_stream(), mean_squared_error, options).end == FitEnd::asked);
  CHECK(stopped.epoch == 0);
  CHECK(stopped.batch == 3);
  CHECK(bits(stopped) != bits(whole));
  fit(stopped, sine_stream(), mean_squared_error, to_the_end);
  CHECK(bits(stopped) == bits(whole));
}

TEST_CASE("every part of the state has a name of its own", "[training_state]") {
  SineState state = sine_state();
  state.plateau = ReduceOnPlateau(1);
  state.average.emplace(state.model);
  std::set<std::string> names;
  int parts = 0;
  SineState::visit(
      [&](const std::string& name, auto&) {
        names.insert(name);
        ++parts;
      },
      "state.", state);
  CHECK(static_cast<int>(names.size()) == parts);
  for (const char* name :
       {"state.model.0.weight_ih", "state.best.2.bias", "state.optimizer.v.0.bias", "state.optimizer.steps",
        "state.carried.0.c", "state.random", "state.plateau.bad", "state.average.model.2.bias"})
    CHECK(names.count(name) == 1);
}
