#include "unroll/testing/optimizer_contract.hpp"

#include <memory>

#include "catch.hpp"
#include "core/flat.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;

namespace {

/// What an optimizer can do wrong.
enum class Fault {
  none,
  uphill,
  biases,
  chance,
  restart,
  shared,
  no_rate,
  first_rate,
  zeros,
  empty,
  shapes,
  late_refusal,
  half_a_step,
  error,
  prefix,
  late_moments,
  moments,
  rate,
  valid,
  first_zeros,
  lenient,
  lenient_steps
};

using Model = Dense<double>;

/// Descent with a momentum, with one fault.
struct Momentum {
  struct Options {
    double learning_rate = 0.05;
  };

  Fault fault;
  Options options = {};
  std::shared_ptr<Model> m;
  double first_rate = 0;
  std::int64_t steps = 0;

  Momentum(const Model& model, Fault what) : fault(what), m(std::make_shared<Model>(zeros_like(model))) {
    if (fault == Fault::late_moments) m->bias.resize(0);
  }
  Momentum(const Momentum& other) = default;
  Momentum(Momentum&&) = default;
  Momentum& operator=(const Momentum&) = default;
  Momentum copy() const {
    Momentum result = *this;
    if (fault != Fault::shared) result.m = std::make_shared<Model>(fault == Fault::restart ? zeros_like(*m) : *m);
    return result;
  }

  double rate() {
    if (first_rate == 0) first_rate = options.learning_rate;
    static int calls = 0;
    if (fault == Fault::chance) return options.learning_rate / ++calls;
    if (fault == Fault::no_rate) return 0.05;
    return fault == Fault::first_rate ? first_rate : options.learning_rate;
  }

  void step(Model& model, const Model& gradient) {
    const bool fits = model.weight.rows() == gradient.weight.rows();
    if (fault == Fault::shapes && !fits) return;
    if (fault == Fault::late_refusal && !fits) model.bias *= 2;
    detail::require_same_shape("Momentum::step", model, gradient);
    if (fault == Fault::error && model.weight.size() == 0) throw std::logic_error("no weights");
    if (m->bias.size() == 0) m->bias.setZero(model.bias.size());
    const double by = fault == Fault::uphill ? -rate() : rate();
    double scale = 1;
    if (fault == Fault::zeros || (fault == Fault::first_zeros && steps == 0)) scale = 1 / global_norm(gradient);
    if (fault == Fault::empty && model.weight.size() == 0) scale = 0;
    const auto move = [&](const std::string& of, auto& w, const auto& g, auto& moment) {
      if (fault == Fault::biases && of == "bias") return;
      if (fault == Fault::half_a_step && of == "bias") delete new volatile int(0);
      moment = 0.5 * moment + scale * g;
      w -= by * moment;
    };
    for_each_tensor(move, model, gradient, *m);
    ++steps;
  }
};

/// It is copied as its fault says, and has what files ask for.
struct Descent : Momentum {
  using Momentum::Momentum;
  Descent(const Descent& other) : Momentum(other.copy()) {}
  Descent(Descent&&) = default;
  Descent& operator=(const Descent& other) {
    static_cast<Momentum&>(*this) = other.copy();
    return *this;
  }

  static const char* name() { return "Descent"; }
  void require_valid() const {
    detail::require(fault != Fault::valid || m->bias.isZero(0), "the bias has moved");
    detail::require(fault == Fault::lenient || options.learning_rate >= 0, "the rate is below 0");
    detail::require(fault == Fault::lenient_steps || steps >= 0, "steps are below 0");
  }

  template <class F, class First, class... Others>
  static void visit(F&& f, const std::string& prefix, First& first, Others&... others) {
    const Fault fault = first.fault;
    if (fault != Fault::moments) Model::visit(f, (fault == Fault::prefix ? "" : prefix) + "m.", *first.m, *others.m...);
    if (fault != Fault::rate) f(prefix + "learning_rate", first.options.learning_rate, others.options.learning_rate...);
    f(prefix + "steps", first.steps, others.steps...);
  }
};

/// There is nothing for files.
struct Nameless : Descent {
  using Descent::Descent;
  static void name() = delete;
  static void visit() = delete;
};

/// What an optimizer can do wrong with groups.
enum class Lapse { none, frozen, others, moments, gather, rate, rates, decay, decays, no_decay, tie, sum, apart };

/// Descent with groups, with one of them.
template <bool has_gather = true>
struct Groups : Sgd<Model> {
  Lapse lapse;

  Groups(const Model& model, Lapse what) : Sgd<Model>(model), lapse(what) {}

  void step(Model& model, const Model& gradient) {
    if (lapse == Lapse::no_decay) options.weight_decay = 0;
    if (options.groups.empty()) return Sgd<Model>::step(model, gradient);
    const bool tied = !options.groups[0].tied_to.empty(), rated = options.groups[0].rate != 1;
    const bool decayed = options.groups[0].weight_decay.has_value();
    if (lapse == Lapse::decays && decayed) options.weight_decay = 0.5;
    if (lapse == Lapse::others && options.groups[0].frozen) return;
    if (lapse == Lapse::rates && rated) {
      const auto rate = std::exchange(options.learning_rate, options.learning_rate * 0.5);
      step_without_groups(model, gradient);
      options.learning_rate = rate;
      return;
    }
    if ((lapse == Lapse::rate && rated) || (lapse == Lapse::decay && decayed) || (lapse == Lapse::apart && tied))
      return step_without_groups(model, gradient);
    if (tied || rated || decayed) return Sgd<Model>::step(model, gradient);
    if (lapse != Lapse::frozen && lapse != Lapse::moments) return Sgd<Model>::step(model, gradient);
    const Matrix<double> weight = model.weight;
    step_without_groups(model, gradient);
    if (lapse == Lapse::moments) model.weight = weight;
  }
  void step_without_groups(Model& model, const Model& gradient) {
    const auto groups = std::exchange(options.groups, {});
    Sgd<Model>::step(model, gradient);
    options.groups = groups;
  }
  void tie(Model& model) const {
    if (lapse != Lapse::tie) Sgd<Model>::tie(model);
  }
  void gather(Model& gradient) const
    requires has_gather
  {
    if (lapse == Lapse::gather && options.groups[0].frozen) return;
    if (lapse == Lapse::sum && !options.groups[0].tied_to.empty()) return gradient.weight.setZero(), void();
    Sgd<Model>::gather(gradient);
  }
  void gather(Model&) const
    requires(!has_gather)
  = delete;
};

std::string text(const std::vector<std::string>& clauses) {
  std::string result;
  for (const std::string& clause : clauses) result += clause + "; ";
  return result;
}
template <class Mine = Descent>
std::string broken(Fault fault) {
  return text(testing::broken_optimizer_clauses([&](const Model& model) { return Mine(model, fault); }));
}
template <class Mine = Groups<>>
std::string broken(Lapse lapse) {
  return text(testing::broken_optimizer_clauses([&](const Model& model) { return Mine(model, lapse); }));
}

}  // namespace

TEST_CASE("the contract names what is broken in an optimizer, and nothing else", "[optimizer_contract]") {
  CHECK(broken(Fault::none) == "");
  CHECK(
      broken(Fault::uphill) ==
      "descent: weight comes no nearer to the least of a quadratic loss; descent: bias comes no nearer to the least of "
      "a quadratic loss; ");
  CHECK(broken(Fault::biases) ==
        "descent: bias comes no nearer to the least of a quadratic loss; empty tensor: the others do not move as they "
        "should; ");
  CHECK_THAT(broken(Fault::chance), contains_text("bits: two that are made alike move a model in two ways; "));
  CHECK(broken(Fault::restart) == "copy: it does not go on to the same bits; ");
  CHECK(broken(Fault::shared) == "copy: its steps change the optimizer that it was copied from; ");
  CHECK(broken(Fault::no_rate) ==
        "learning rate: the first step moves a parameter though the rate is 0; learning rate: after some steps another "
        "one changes nothing; ");
  CHECK(
      broken(Fault::first_rate) ==
      "learning rate: after some steps another one changes nothing; files: from what visit shows it does not go on to "
      "the same bits; ");
  CHECK(broken(Fault::zeros) == "zeros: a gradient of zeros gives what is not finite; ");
  CHECK(broken(Fault::first_zeros) == "zeros: a gradient of zeros gives what is not finite; ");
  CHECK(broken(Fault::empty) == "empty tensor: the others do not move as they should; ");
  CHECK(broken(Fault::error) == "empty tensor: it throws \"no weights\"; ");
  CHECK(broken(Fault::shapes) == "refusals: a step takes a gradient of another shape; ");
  CHECK(broken(Fault::late_refusal) == "refusals: a refused step changes the model or the optimizer; ");
  if (testing::counts_allocations)
    CHECK(broken(Fault::half_a_step) == "memory: a step that runs out of memory changes the model or the optimizer; ");
}

TEST_CASE("the contract names what files would miss of an optimizer", "[optimizer_contract]") {
  CHECK(broken<Nameless>(Fault::none) ==
        "files: there is no `name()`; files: there is no `static void visit(f, prefix, optimizers&...)`; ");
  CHECK(broken(Fault::prefix) ==
        "files: the name m.weight does not begin with the prefix; files: the name m.bias does not begin with the "
        "prefix; ");
  CHECK(broken(Fault::late_moments) == "files: prefix.m.bias has another shape in a new optimizer; ");
  CHECK(broken(Fault::moments) == "files: from what visit shows it does not go on to the same bits; ");
  CHECK(broken(Fault::rate) == "files: visit does not show options.learning_rate; ");
  CHECK(broken(Fault::valid) == "files: it throws \"the bias has moved\"; ");
  CHECK(broken(Fault::lenient) == "files: require_valid takes a number of -1 for learning_rate; ");
  CHECK(broken(Fault::lenient_steps) == "files: require_valid takes a number of -1 for steps; ");
}

TEST_CASE("the contract names what is broken in an optimizer's groups", "[optimizer_contract]") {
  CHECK(broken(Lapse::none) == "");
  const std::string spoilt = "groups: the gradient of a frozen tensor moves others, or its moments; ";
  CHECK(broken(Lapse::frozen) == "groups: a frozen tensor moves; " + spoilt);
  CHECK(broken(Lapse::others) == "groups: beside a frozen tensor bias does not move; ");
  CHECK(broken(Lapse::moments) == spoilt);
  CHECK(broken(Lapse::gather) == "groups: gather leaves the gradient of a frozen tensor; ");
  CHECK(broken(Lapse::rate) == "groups: a group's rate does not do what the option does; ");
  CHECK(broken(Lapse::rates) == "groups: beside a group's rate bias moves otherwise; ");
  CHECK(broken(Lapse::decay) == "groups: a group's weight_decay does not do what the option does; ");
  CHECK(broken(Lapse::decays) == "groups: beside a group's weight_decay bias moves otherwise; ");
  CHECK_THAT(broken(Lapse::no_decay), contains_text("weight decay: without a gradient weight becomes no smaller; "));
  CHECK(broken(Lapse::tie) == "groups: tie does not make tied tensors equal; ");
  CHECK(
      broken(Lapse::sum) ==
      "groups: gather does not leave the sum of the gradients of tied tensors; groups: tied tensors do not move by the "
      "sum of their gradients; ");
  CHECK(broken(Lapse::apart) == "groups: a step leaves tied tensors apart; ");
  CHECK(broken<Groups<false>>(Lapse::none) == "groups: there are no `gather(gradient)` and `tie(model)`; ");
}

TEST_CASE("the library's optimizers keep to the contract", "[optimizer_contract]") {
  const auto check = [](auto make) { CHECK(text(testing::broken_optimizer_clauses(make)) == ""); };
  check([](const auto& model) { return Sgd(model); });
  check([](const auto& model) { return Sgd(model, {.momentum = 0.9, .nesterov = true, .weight_decay = 0.01}); });
  check([](const auto& model) { return RmsProp(model); });
  check([](const auto& model) { return RmsProp(model, {.learning_rate = 1e-3, .momentum = 0.9}); });
  check([](const auto& model) { return Adagrad(model); });
  check([](const auto& model) { return Adadelta(model); });
  check([](const auto& model) { return Adam(model, {.epsilon = 0}); });
  check([](const auto& model) { return AdamW(model); });
  check([](const auto& model) { return NAdam(model); });
  check([](const auto& model) { return RAdam(model); });
  check([](const auto& model) { return Lion(model, {.weight_decay = 0.01, .decay_biases = false}); });
}

TEST_CASE("the contract takes a model of a user's own, of fixed sizes too", "[optimizer_contract]") {
  Random random(1);
  const auto make = [](const auto& model) { return AdamW(model, {.learning_rate = 1e-2}); };
  CHECK(text(testing::broken_optimizer_clauses(
            make, Sequential{MinGru<float>(3, 4, random), Dense<float>(4, 2, random)}, {.steps = 20, .seed = 5})) ==
        "");
  Model with_an_empty_tensor = Model::zeros(1, 3);
  with_an_empty_tensor.weight.resize(3, 0);
  CHECK(text(testing::broken_optimizer_clauses(make, with_an_empty_tensor)) == "");
  CHECK(text(testing::broken_optimizer_clauses(make, Embedding<float>(5, 3, random))) == "");  // of one tensor
  CHECK(text(testing::broken_optimizer_clauses(make, Dense<float, 3, 2>::zeros(3, 2))) == "");
}

TEST_CASE("fit takes an optimizer that has a step and a rate, and nothing else", "[optimizer_contract]") {
  Random random(1);
  const Model model(2, 1, random);
  TrainingState state(model, Momentum(model, Fault::none), random);
  const Matrix<double> x = testing::random_matrix(2, 40, random);
  const auto report = fit(state, StreamWindows<double>(x, x.topRows(1), 2, 5), mean_squared_error, {.epochs = 5});
  CHECK(report.end == FitEnd::epochs);
  CHECK(state.history.loss.back() < 0.5 * state.history.loss.front());
}
