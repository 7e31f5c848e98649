// A checkpoint: everything that a training goes on from, in one file.

#include "catch.hpp"
#include "core/flat.hpp"
#include "io/files.hpp"
#include "layers/delay.hpp"
#include "layers/rms_norm.hpp"
#include "training/autoencoder.hpp"
#include "training/sine.hpp"
#include "unroll/io/checkpoints.hpp"
#include "unroll/layers/bidirectional.hpp"
#include "unroll/layers/parallel.hpp"
#include "unroll/layers/predictor.hpp"
#include "unroll/layers/stream.hpp"
#include "unroll/optimizers/adadelta.hpp"
#include "unroll/optimizers/adagrad.hpp"
#include "unroll/optimizers/lion.hpp"
#include "unroll/optimizers/nadam.hpp"
#include "unroll/optimizers/radam.hpp"
#include "unroll/optimizers/rms_prop.hpp"
#include "unroll/optimizers/sgd.hpp"

using namespace unroll;

namespace {

using Model = Sequential<Stack<Lstm<float>>, Dropout<float>, Dense<float>>;

Model model(std::uint64_t seed) {
  Random random(seed);
  return Model{Stack<Lstm<float>>(2, 2, 3, random), Dropout<float>(0.3), Dense<float>(3, 1, random)};
}

struct Carried {
  Sequential<Delay>::State state;

  template <class F, class... T>
  static void visit(F&& f, const std::string& prefix, T&... values) {
    visit_state(f, prefix + "carried.", values.state...);
  }
};

/// A training with momentum: the model, a moment, the generator, the order and place of the data, the carried state.
struct Training {
  Model model, moment;
  Random random;
  std::vector<Index> order;
  Index position = 0;
  double best_loss = 1e300;
  bool finished = false;
  Model::State carried;

  explicit Training(std::uint64_t seed)
      : model(::model(seed)), moment(zeros_like(model)), random(seed), carried(state_for(model)) {}

  template <class F, class... T>
  static void children(F&& f, const std::string& prefix, T&... values) {
    f(prefix + "model.", values.model...);
  }

  template <class F, class... T>
  static void visit(F&& f, const std::string& prefix, T&... values) {
    Model::visit(f, prefix + "model.", values.model...);
    Model::visit(f, prefix + "moment.", values.moment...);
    f(prefix + "random", values.random...);
    f(prefix + "order", values.order...);
    f(prefix + "position", values.position...);
    f(prefix + "best_loss", values.best_loss...);
    f(prefix + "finished", values.finished...);
    visit_state(f, prefix + "carried.", values.carried...);
  }

  void step() {
    if (position % 4 == 0) {
      order.assign(4, 0);
      for (auto& index : order) index = static_cast<Index>(random.bits() % 1000);
    }
    const auto data = static_cast<std::uint64_t>(order[static_cast<std::size_t>(position++ % 4)]);
    Random numbers(data);
    Matrix<float> x(2, 3 * 5), d_y;
    set_uniform(x, 1, numbers);
    const Matrix<float> target = x.topRows(1);
    Model::Tape tape;
    Model gradient = zeros_like(model);
    const auto y = model.forward(x, tape, {.size = 3}, carried, {.dropout_seed = random.bits()});
    best_loss = std::min(best_loss, static_cast<double>(mean_squared_error(y, target, d_y)));
    model.backward(x, d_y, tape, gradient);
    carried = tape.final_state;
    for_each_tensor(
        [](const std::string&, auto& w, auto& m, const auto& g) {
          m = 0.9f * m + g;
          w -= 0.05f * m;
        },
        model, moment, gradient);
  }
};

/// Every bit of it, as a file.
template <class State>
std::string bits(const State& training, const Folder& folder) {
  save(training, folder / "bits");
  return read_bytes(folder / "bits");
}

/// The message of loading a changed checkpoint, which must leave the training as it was.
template <class State>
std::string refusal(State training, const Folder& folder, const TensorFile& file) {
  write_safetensors(file, folder / "changed");
  const std::string before = bits(training, folder);
  std::string message = "accepted";
  try {
    load(training, folder / "changed");
  } catch (const format_error& error) {
    message = error.what();
    CHECK((bits(training, folder) == before));
  }
  return message;
}

/// A run of a user's own, which says what its optimizer is.
struct Run {
  SineModel model;
  RmsProp<SineModel> mover;
  std::string optimizer = "a member of this name is none";

  template <class F>
  void each_part(F&& f) const {
    f("mover", mover);
  }
  template <class F, class... Runs>
  static void visit(F&& f, const std::string& prefix, Runs&... runs) {
    SineModel::visit(f, prefix + "model.", runs.model...);
    RmsProp<SineModel>::visit(f, prefix + "mover.", runs.mover...);
  }
};

/// What a layer of a user's own may carry: a row, and a matrix of fixed rows.
template <class Row, class Block>
struct RowAndBlock {
  struct State {
    Row row;
    Block block;

    template <class F, class... States>
    static void visit(F&& f, const std::string& prefix, States&... states) {
      f(prefix + "row", states.row...);
      f(prefix + "block", states.block...);
    }
  };
  State state;

  template <class F, class... T>
  static void visit(F&& f, const std::string& prefix, T&... values) {
    visit_state(f, prefix, values.state...);
  }
};

}  // namespace

TEST_CASE("a training resumed at any step ends with the bits of one that never stopped", "[visit_state]") {
  const Folder folder("resume");
  Training whole(1);
  for (int k = 0; k < 6; ++k) {
    save(whole, folder / std::to_string(k));
    whole.step();
  }
  CHECK(whole.best_loss < 1e300);
  const std::string expected = bits(whole, folder);
  for (int stop = 0; stop < 6; ++stop) {
    Training resumed(2);
    load(resumed, folder / std::to_string(stop));
    CHECK(resumed.position == stop);
    for (int k = stop; k < 6; ++k) resumed.step();
    CHECK(bits(resumed, folder) == expected);
  }
  const FileDescription found = describe(folder / "5");
  REQUIRE(found.layers.size() == 4);
  CHECK(found.layers[1].name == "model.0.1");
  CHECK(found.tensors.at("carried.0.1.c").shape == std::vector<std::uint64_t>{3, 3});
  CHECK(found.tensors.at("position").shape.empty());
}

TEST_CASE("a bad part of a checkpoint changes none of it", "[visit_state]") {
  const Folder folder("bad");
  Training training(1);
  training.step();
  save(training, folder / "good");
  const TensorFile good = read_safetensors(folder / "good");
  const auto with = [&](const std::string& name, const StoredTensor& tensor) {
    TensorFile file = good;
    file.tensors[name] = tensor;
    return refusal(Training(2), folder, file);
  };
  CHECK_THAT(with("finished", detail::store(2)), contains_text("tensor 'finished'") && contains_text("the integer 2"));
  CHECK_THAT(with("position", detail::store(1.5)), contains_text("the dtype is F64, expected I64"));
  CHECK_THAT(with("position", detail::store(std::vector<int>{1})), contains_text("the shape is [1], expected []"));
  CHECK_THAT(with("order", detail::store(1)), contains_text("the shape is [], expected one size"));
  CHECK_THAT(with("random", detail::store(std::vector<int>(4, 1))), contains_text("the dtype is I64, expected U64"));
  CHECK_THAT(with("random", detail::store(std::vector<std::uint64_t>(4))), contains_text("all zero"));
  CHECK_THAT(with("random", detail::store(std::vector<std::uint64_t>(3, 1))), contains_text("expected [4]"));
  CHECK_THAT(with("carried.0.0.h", detail::store(1.0f)), contains_text("expected 2 sizes"));
  CHECK_THAT(with("carried.0.2.h", detail::store(1.0f)),
             contains_text("tensor 'carried.0.2.h'") && contains_text("surplus"));
  StoredTensor vast{"F32", {0, std::uint64_t(1) << 63}, "", 0};
  CHECK_THAT(with("carried.0.0.h", vast), contains_text("which no matrix has"));
}

TEST_CASE("states of all kinds are walked by name", "[visit_state]") {
  Random random(1);
  const Sequential both{Dropout<float>(0.1), Bidirectional<Gru<float>>(2, 3, random), Lstm<float>(6, 2, random)};
  auto state = state_for(both);
  std::vector<std::string> names;
  visit_state([&](const std::string& name, const auto&) { names.push_back(name); }, "", state);
  CHECK(names == std::vector<std::string>{"1.forward.h", "1.reverse.h", "2.h", "2.c"});
}

TEST_CASE("a state that is a row, or has fixed rows, comes back whole", "[visit_state]") {
  const Folder folder("fixed");
  using Row = Eigen::Matrix<float, 1, Dynamic>;
  RowAndBlock<Row, Eigen::Matrix<float, 2, Dynamic>> saved, loaded;
  saved.state.row = Row::LinSpaced(5, 1, 5);
  saved.state.block.setConstant(2, 3, 7);
  save(saved, folder / "f");
  load(loaded, folder / "f");
  CHECK(loaded.state.row == saved.state.row);
  CHECK(loaded.state.block == saved.state.block);

  RowAndBlock<Row, Matrix<float>> other{{saved.state.row, Matrix<float>::Ones(3, 4)}};
  save(other, folder / "other");
  CHECK_THROWS_WITH(
      load(loaded, folder / "other"),
      contains_text("tensor 'block'") && contains_text("the shape is [3, 4], which its matrix, of fixed"));
  CHECK(loaded.state.block == saved.state.block);
}

TEST_CASE("the state of a layer of a user's own comes back", "[visit_state]") {
  const Folder folder("own");
  Carried saved, loaded;
  std::get<0>(saved.state.layers).last.setConstant(2, 3, 0.5);
  save(saved, folder / "m");
  load(loaded, folder / "m");
  CHECK(std::get<0>(loaded.state.layers).last == Matrix<double>::Constant(2, 3, 0.5));
}

TEST_CASE("a run of fit that went through a file ends with the bits of one that never stopped", "[checkpoint]") {
  const Folder folder("run");
  const auto path = folder / "run.safetensors";
  const FitOptions options{.epochs = 3, .clip_norm = 0.05, .patience = 10, .metrics = {mae(), r2()}, .best_by = "r2"};
  SineState whole = sine_state();
  fit(whole, sine_stream(), sine_sequences(), mean_squared_error, options);

  FitOptions stopping = options;
  int batches = 0;
  SineState stopped = sine_state(), loaded = sine_state(7);
  const auto stop = [&](FitProgress& now) {
    CHECK(std::filesystem::exists(path) == (batches >= 4));  // written after the first epoch
    now.stop = ++batches == 6;
  };
  stopping.observers = {stop, Checkpoints(stopped, path)};
  REQUIRE(fit(stopped, sine_stream(), sine_sequences(), mean_squared_error, stopping).end == FitEnd::asked);

  load(loaded, path);
  CHECK(bits(loaded) == bits(stopped));
  fit(loaded, sine_stream(), sine_sequences(), mean_squared_error, options);
  CHECK(bits(loaded) == bits(whole));
  CHECK(loaded.history.metrics.at("mae").size() == 3);

  loaded.optimizer.options.groups = {{.names = "0.*", .frozen = true}};
  CHECK_THROWS_WITH(load(loaded, path), contains_text("groups"));
  save(loaded, path);
  CHECK_THAT(describe(path).text(), contains_text("groups 0.* rate 1 frozen"));
  SineState ungrouped = sine_state();
  CHECK_THROWS_WITH(load(ungrouped, path), contains_text("'s groups is 0.* rate 1 frozen, expected none"));
  CHECK(bits(ungrouped) == bits(sine_state()));
  load(loaded, path);
  loaded.history.metrics.at("mae").pop_back();
  save(loaded, path);
  CHECK_THROWS_WITH(load(loaded, path), contains_text("the state's history has 3 losses and 2 values of mae"));
}

TEST_CASE("a run of a model that is no layer goes through a file, which tells its layers", "[checkpoint]") {
  const Folder folder("autoencoder");
  const auto path = folder / "run.safetensors";
  TrainingState whole(autoencoder(), Adam(autoencoder()), Random(1)),
      loaded(autoencoder(7), Adam(autoencoder()), Random(7));
  const auto stop = [&](FitProgress& now) { now.stop = now.batch == 3; };
  REQUIRE(fit(whole, series(), Reconstruct(), {.epochs = 2, .observers = {stop}}).end == FitEnd::asked);
  save(whole, path);
  load(loaded, path);
  fit(whole, series(), Reconstruct(), {.epochs = 2});
  fit(loaded, series(), Reconstruct(), {.epochs = 2});
  CHECK(flat(loaded.model) == flat(whole.model));
  CHECK(flat(loaded.model) != flat(autoencoder()));
  CHECK(loaded.history.loss == whole.history.loss);
  const auto layers = describe(path).layers;
  REQUIRE(layers.size() == 2);
  CHECK(layers[0].text() == "Rnn 3 to 2, direction forward, gates a, input_gates a, readout all, recurrent_gates a");
  CHECK(layers[1].name == "model.decoder");
}

TEST_CASE("a layer of a user's own is trained, saved, loaded, streamed, predicted and run in parallel",
          "[checkpoint]") {
  Random random(1);
  const Sequential start{Rnn<double>(1, 4, random), RmsNorm<double>(4), Dense<double>(4, 1, random)};
  TrainingState state(start, Sgd(start, {.learning_rate = 0.05}), random), loaded = state;
  const double before = evaluate(start, sine_sequences(), mean_squared_error);
  fit(state, sine_sequences(), mean_squared_error, {.epochs = 5});
  CHECK(evaluate(state.model, sine_sequences(), mean_squared_error) < before);
  CHECK(std::get<1>(state.model.layers).gain != std::get<1>(start.layers).gain);

  const Folder folder("own_layer");
  save(state, folder / "m");
  CHECK_THAT(describe(folder / "m").text(), contains_text("layer model.1: RmsNorm 4 to 4"));
  load(loaded, folder / "m");
  CHECK(flat(loaded.model) == flat(state.model));

  const auto& model = loaded.model;
  const Matrix<double> x = sine(8);
  std::decay_t<decltype(model)>::Tape tape;
  const Matrix<double> y = model.forward(x, tape, {.size = 2});
  Predictor predict(model);
  CHECK(predict(x, {.size = 2}) == y);
  Parallel parallel(model, std::make_shared<ThreadPool>(1));
  parallel.shard_size = 1;
  decltype(parallel)::Tape shards;
  CHECK(parallel.forward(x, shards, {.size = 2}) == y);
  Stream stream(model);
  for (Index t = 0; t < 4; ++t) CHECK(stream.step(x(0, 2 * t))[0] == y(0, 2 * t));
}

TEST_CASE("a checkpoint is of one optimizer with its options", "[checkpoint]") {
  const Folder folder("optimizers");
  const SineState saved = sine_state();
  save(saved, folder / "adam");
  const TensorFile file = read_safetensors(folder / "adam");
  const auto refused_by = [&](auto optimizer) {
    return refusal(TrainingState(saved.model, optimizer, Random(1)), folder, file);
  };
  CHECK(refused_by(Adam(saved.model, {.learning_rate = 0.01})) == "accepted");
  CHECK_THAT(refused_by(AdamW(saved.model)), contains_text("the optimizer is Adam, expected AdamW"));
  CHECK_THAT(refused_by(RmsProp(saved.model)), contains_text("the optimizer is Adam, expected RmsProp"));
  const auto refused_with = [&](AdamOptions options, const std::string& why) {
    CHECK_THAT(refused_by(Adam(saved.model, options)), contains_text(why));
  };
  refused_with({.beta1 = 0.8}, "Adam's beta1 is 0.9, expected 0.8");
  refused_with({.beta2 = 0.99}, "Adam's beta2 is 0.999, expected 0.99");
  refused_with({.epsilon = 1e-7}, "Adam's epsilon is 1e-08, expected 1e-07");
  refused_with({.weight_decay = 1e-4}, "Adam's weight_decay is 0, expected 1e-04");
  refused_with({.decay_biases = false}, "Adam's decay_biases is 1, expected 0");

  SineState slower = sine_state();
  slower.optimizer.options.learning_rate = 1;
  load(slower, folder / "adam");
  CHECK(slower.optimizer.options.learning_rate == 0.01);

  SineState on_plateau = sine_state();
  on_plateau.plateau.emplace(0.01);
  save(on_plateau, folder / "plateau");
  on_plateau.plateau->options.patience = 3;
  CHECK_THAT(refusal(on_plateau, folder, read_safetensors(folder / "plateau")),
             contains_text("ReduceOnPlateau's patience is 10, expected 3"));
  CHECK_THAT(describe(folder / "plateau").text(),
             contains_text("optimizer: Adam, beta1 0.9, beta2 0.999, decay_biases 1, epsilon 1e-08, weight_decay 0\n"
                           "plateau: ReduceOnPlateau, cooldown 0, factor 0.1, least 0, patience 10, "));
  save(saved.optimizer, folder / "alone");
  RmsProp<SineModel> other(saved.model);
  CHECK_THROWS_WITH(load(other, folder / "alone"), contains_text("the optimizer is Adam, expected RmsProp"));
}

TEST_CASE("each optimizer keeps its options in its file", "[checkpoint]") {
  const Folder folder("each_optimizer");
  const SineModel model = sine_state().model;
  const auto refused = [&](auto saved, auto other) -> std::string {
    save(saved, folder / "optimizer");
    load(saved, folder / "optimizer");
    try {
      load(other, folder / "optimizer");
    } catch (const format_error& error) {
      return error.what();
    }
    return "accepted";
  };
  CHECK_THAT(refused(Adadelta(model), Adadelta(model, {.rho = 0.8})),
             contains_text("Adadelta's rho is 0.9, expected 0.8"));
  CHECK_THAT(refused(Adagrad(model), Adagrad(model, {.learning_rate_decay = 0.1})),
             contains_text("Adagrad's learning_rate_decay is 0, expected 0.1"));
  CHECK_THAT(refused(Lion(model), Lion(model, {.beta2 = 0.9})), contains_text("Lion's beta2 is 0.99, expected 0.9"));
  CHECK_THAT(refused(NAdam(model), NAdam(model, {.momentum_decay = 0.1})),
             contains_text("NAdam's momentum_decay is 0.004, expected 0.1"));
  CHECK_THAT(refused(RAdam(model), RAdam(model, {.beta1 = 0.8})), contains_text("RAdam's beta1 is 0.9, expected 0.8"));

  SineState averaged = sine_state();
  averaged.average.emplace(averaged.model, 0.99);
  SineState faster = averaged;
  faster.average.emplace(averaged.model, 0.9);
  CHECK_THAT(refused(averaged, faster), contains_text("WeightAverage's decay is 0.99, expected 0.9"));
}

TEST_CASE("a value of a user's own says what its optimizer is", "[checkpoint]") {
  const Folder folder("own_run");
  const SineModel model = sine_state().model;
  const auto with = [&](RmsPropOptions options) { return Run{model, RmsProp(model, options)}; };
  save(with({.alpha = 0.9}), folder / "run");
  TensorFile file = read_safetensors(folder / "run");
  CHECK(refusal(with({.alpha = 0.9}), folder, file) == "accepted");
  CHECK_THAT(refusal(with({.alpha = 0.8}), folder, file), contains_text("RmsProp's alpha is 0.9, expected 0.8"));
  file.tensors.at("mover.steps") = detail::store(-1);
  CHECK_THAT(refusal(with({.alpha = 0.9}), folder, file), contains_text("RmsProp: steps is -1"));
}

TEST_CASE("every count of a checkpoint is checked before it is taken", "[checkpoint]") {
  const Folder folder("counts");
  SineState state = sine_state();
  state.plateau.emplace(0.01);
  state.average.emplace(state.model);
  fit(state, sine_stream(), mean_squared_error, {.epochs = 2});
  save(state, folder / "good");
  const TensorFile good = read_safetensors(folder / "good");
  CHECK(refusal(state, folder, good) == "accepted");
  const auto with = [&](const std::string& name, const StoredTensor& tensor) {
    TensorFile file = good;
    file.tensors.at(name) = tensor;
    return refusal(state, folder, file);
  };
  for (const std::string name : {"epoch", "batch", "clipped", "skipped", "epochs_since_best"})
    for (const auto& [count, said] : {std::pair(std::int64_t(-3), "-3"), std::pair(std::int64_t(1) << 62, "46116860")})
      CHECK_THAT(with(name, detail::store(count)),
                 contains_text("the state's " + name + " is " + said) && contains_text("expected from 0 to "));
  CHECK_THAT(with("optimizer.steps", detail::store(-1)), contains_text("Adam: steps is -1, expected at least 0"));
  CHECK_THAT(with("plateau.bad", detail::store(-1)), contains_text("ReduceOnPlateau: bad is -1 and cooling 0"));
  CHECK_THAT(with("plateau.cooling", detail::store(-2)), contains_text("bad is 0 and cooling -2"));
  CHECK_THAT(with("average.steps", detail::store(-1)),
             contains_text("WeightAverage: steps is -1, expected at least 0"));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {-1.0, nan}) {
    CHECK_THAT(with("optimizer.learning_rate", detail::store(bad)), contains_text("Adam: learning_rate is "));
    CHECK_THAT(with("plateau.rate", detail::store(bad)), contains_text("ReduceOnPlateau: rate is "));
  }
  for (const std::string name : {"loss_sum", "loss_count", "best_loss"})
    CHECK_THAT(with(name, detail::store(nan)), contains_text(name) && contains_text("is no number"));
  CHECK_THAT(with("plateau.best", detail::store(nan)), contains_text("best is no number"));
  for (const std::string name : {"loss", "validation_loss", "learning_rate", "clipped", "skipped"})
    CHECK_THAT(with("history." + name, detail::store(std::vector<double>(3))),
               contains_text("the state's history has "));
}

TEST_CASE("a checkpoint that 0.1.0 wrote goes on to the same bits", "[checkpoint]") {
  Random random(5);
  const Sequential before{Lstm<float>(2, 3, random), Dense<float>(3, 1, random)};  // drew from the same generator
  const Sequential model{Gru<float>(1, 3, random), Dense<float>(3, 1, random)};
  TrainingState state(model, Adam(model, {.beta2 = 0.99}), Random(1));
  state.plateau.emplace(1);
  std::vector<Matrix<float>> x, y;
  for (int k = 0; k < 6; ++k) {
    x.emplace_back(1, 5);
    set_uniform(x.back(), 1, random);
    y.push_back(x.back() * 0.5f);
  }
  load(state, UNROLL_TEST_DATA "/before/adam.safetensors");
  const TensorFile file = read_safetensors(UNROLL_TEST_DATA "/before/adam.safetensors");
  std::size_t tensors = 0;
  for_each_tensor(
      [&](const std::string& name, const auto& part) {
        if constexpr (requires { detail::store(part); }) {
          CHECK((detail::store(part).bytes == file.tensors.at(name).bytes));
          ++tensors;
        }
      },
      state);
  CHECK(tensors == file.tensors.size());
  fit(state, Sequences<float>(x, y, 2), mean_squared_error, {.epochs = 3});
  CHECK(state.history.loss[1] == 0.025679583135848151);
  CHECK(std::abs(state.history.loss[2] - 0.018046839259473348) < 1e-8);  // instruction sets differ in the last bits
}
