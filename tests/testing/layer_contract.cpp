#include "unroll/testing/layer_contract.hpp"

#include "catch.hpp"
#include "layers/rms_norm.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;

namespace {

/// What a layer can do wrong.
enum class Fault {
  none,
  input,
  gain,
  parameter,
  overwrite,
  neighbours,
  consume,
  batch,
  shapes,
  rows,
  past_ends,
  used_tape,
  wide_input,
  stream,
  allocation
};

/// y = gain x, feature by feature, with one fault.
template <Fault fault>
struct Scale : Memoryless<Scale<fault>, double> {
  using Base = Memoryless<Scale<fault>, double>;
  using Tape = typename Base::Tape;
  Vector<double> gain = Vector<double>::LinSpaced(3, 1, fault == Fault::gain ? 1 : 2);

  Index input_size() const { return gain.size(); }
  Index output_size() const { return gain.size(); }
  static const char* name() { return "Scale"; }

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "gain", layers.gain...);
  }

  void apply(const Input<double>& x, WritableOutput<double> y) const {
    if (fault == Fault::allocation) delete new volatile int(0);
    y = (fault == Fault::stream && x.cols() == 1 ? 2.0 : 1.0) * (gain.asDiagonal() * x);
    if (fault == Fault::neighbours && x.cols() > 4) y.col(1) += x.col(0);
  }
  void apply_back(const Input<double>& x, const Input<double>&, const Input<double>& d_y, Scale& gradient,
                  WritableOutput<double> d_x) const {
    if (fault == Fault::overwrite) gradient.gain.setZero();
    gradient.gain += (fault == Fault::parameter ? 1.01 : 1.0) * x.cwiseProduct(d_y).rowwise().sum();
    d_x = (fault == Fault::input ? 1.01 : 1.0) * (gain.asDiagonal() * d_y);
    if (fault == Fault::gain) d_x = d_y;  // right for a gain of ones, which it starts with
    if (fault == Fault::neighbours && x.cols() > 4) d_x.col(0) += d_y.col(1);
  }

  Output<double> forward(const Input<double>& x, Tape& tape, const Batch& batch = {}, const NoState& = {},
                         const ForwardOptions& = {}) const {
    if (fault == Fault::batch && (batch.size == 0 || x.cols() % batch.size != 0)) return tape.output();
    Base::forward(x, tape, batch);
    if (fault == Fault::past_ends && !batch.lengths.empty()) tape.y.setOnes();
    return tape.output();
  }
  Output<double> backward(const Input<double>& x, const Input<double>& d_y, Tape& tape, Scale& gradient,
                          const BackwardOptions& = {}, const NoState& = {}) const {
    if (fault == Fault::shapes && tape.recorded && d_y.size() != tape.y.size())
      return gradient.gain.setOnes(), tape.d_input();
    if (fault == Fault::rows && tape.recorded && x.rows() != tape.inputs) return tape.d_input();
    const bool shrinks = tape.d_x.cols() > x.cols();
    const Output<double> d_x = Base::backward(x, d_y, tape, gradient);
    if (fault == Fault::used_tape && shrinks) gradient.gain *= 2;
    if (fault == Fault::wide_input) tape.d_x.conservativeResize(Eigen::NoChange, x.cols() + 1);
    tape.recorded = fault == Fault::consume;
    return fault == Fault::wide_input ? tape.d_input() : d_x;
  }
};

/// What a layer with a state can do wrong beside.
enum class Lapse {
  none,
  initial_state,
  without_forward,
  rows,
  lengths,
  ragged_gradient,
  ragged_state,
  resets,
  reset_gradient,
  padding,
  final_state,
  fits,
  restore,
  several_outputs,
  several_states,
  error
};

/// A recurrent layer with one of them.
template <Lapse lapse>
struct Recall : Rnn<double> {
  using Base = Rnn<double>;

  struct Stream : Base::Stream {
    std::array<double, 64> wrong{};
    Stream(const Base::Stream& stream) : Base::Stream(stream) {}
    const double* step(const double* x) noexcept {
      const double* y = Base::Stream::step(x);
      return lapse == Lapse::several_outputs ? wrong.data() : y;
    }
    void save(State& to) const {
      Base::Stream::save(to);
      if (lapse == Lapse::several_states) to.values[0].array() += 1;
    }
    bool fits(const State& state) const noexcept { return lapse != Lapse::fits && Base::Stream::fits(state); }
    void restore(const State& state) noexcept {
      if (lapse != Lapse::restore) Base::Stream::restore(state);
    }
  };
  Stream stream() const { return Base::stream(); }
  Stream stream(const StreamShape<Index>& shape) const
    requires(lapse == Lapse::several_outputs || lapse == Lapse::several_states)
  {
    return Base::stream(shape);
  }

  explicit Recall(Random random = Random(1)) : Base(3, 4, random) {}

  Output<double> forward(const Input<double>& x, Tape& tape, const Batch& batch = {}, const State& initial = {},
                         const ForwardOptions& options = {}) const {
    if (lapse == Lapse::error && !batch.lengths.empty()) throw std::runtime_error("no lengths");
    if (lapse == Lapse::rows && x.rows() > 3) return tape.output();
    Batch taken = batch;
    if (lapse == Lapse::resets) taken.resets.clear();
    Base::forward(x, tape, taken, initial, options);
    if (lapse == Lapse::lengths && !batch.lengths.empty()) tape.states[0] *= 2;
    if (lapse == Lapse::final_state) tape.final_state.values[0].array() += 1;
    return tape.output();
  }
  Output<double> backward(const Input<double>& x, const Input<double>& d_y, Tape& tape, Recall& gradient,
                          const BackwardOptions& options = {}, const State& d_final = {}) const {
    if (lapse == Lapse::without_forward && tape.steps == 0) return tape.output();
    const Output<double> d_x = Base::backward(x, d_y, tape, gradient, options, d_final);
    if (lapse == Lapse::padding && !tape.batch.lengths.empty()) gradient.bias[0] = NAN;
    if (lapse == Lapse::ragged_gradient && !tape.batch.lengths.empty()) gradient.bias[0] *= 1.01;
    if (lapse == Lapse::reset_gradient && !tape.batch.resets.empty()) gradient.bias[0] *= 1.01;
    if (lapse == Lapse::ragged_state && !tape.batch.lengths.empty()) tape.d_initial.values[0] *= 1.01;
    if (lapse == Lapse::initial_state) tape.d_initial.values[0] *= 1.01;
    return d_x;
  }
};

template <class L>
std::string broken_clauses() {
  std::string result;
  for (const std::string& clause : testing::broken_layer_clauses(L())) result += clause + "; ";
  return result;
}
template <Fault fault>
std::string broken() {
  return broken_clauses<Scale<fault>>();
}
template <Lapse lapse>
std::string broken() {
  return broken_clauses<Recall<lapse>>();
}

}  // namespace

TEST_CASE("the contract names what is broken in a layer, and nothing else", "[layer_contract]") {
  CHECK(broken<Fault::none>() == "");
  CHECK_THAT(broken<Fault::input>(), contains_text("gradient: relative error 0.0") && contains_text(" at x["));
  CHECK_THAT(broken<Fault::gain>(), contains_text("gradient: relative error 0.0") && contains_text(" at x["));
  CHECK_THAT(broken<Fault::parameter>(), contains_text("gradient: relative error 0.0") && contains_text(" at gain["));
  CHECK(broken<Fault::overwrite>() == "backward: it does not add to the gradient; ");
  CHECK_THAT(broken<Fault::neighbours>(), contains_text("columns: a sample's outputs depend on its neighbours; "));
  CHECK(broken<Fault::consume>() == "backward: it does not consume the tape; ");
  CHECK(broken<Fault::batch>() ==
        "refusals: forward takes a batch of size 0; refusals: forward takes columns that are no whole steps; ");
  CHECK(broken<Fault::shapes>() ==
        "refusals: backward takes a d_y of another size; refusals: backward takes a d_y of another size; refusals: a "
        "refused pass changes the gradient; ");
  CHECK(broken<Fault::rows>() == "refusals: backward takes an x of another size; ");
  CHECK_THAT(broken<Fault::past_ends>(), contains_text("ragged: outputs past a sequence's end are not zero"));
  CHECK(broken<Fault::used_tape>() == "used tape: a pass of fewer columns differs from that with a new tape; ");
  CHECK_THAT(broken<Fault::wide_input>(),
             contains_text("gradient: it throws \"the gradient of x is 3 x 13, expected 3 x 12\"; "));
  CHECK_THAT(broken<Fault::stream>(), contains_text("stream: outputs differ from the sequence's"));
  if (testing::counts_allocations) CHECK(broken<Fault::allocation>() == "stream: a step allocates; ");
}

TEST_CASE("the contract names what is broken in a layer with a state, and nothing else", "[layer_contract]") {
  CHECK(broken<Lapse::none>() == "");
  CHECK_THAT(broken<Lapse::initial_state>(),
             contains_text("gradient: relative error 0.0") && contains_text(" at initial state["));
  CHECK(broken<Lapse::without_forward>() == "backward: it does not refuse a tape without a forward pass; ");
  CHECK(broken<Lapse::rows>() == "refusals: forward takes an x of another size; ");
  CHECK(broken<Lapse::lengths>() == "ragged: outputs are not those of the sequences alone; ");
  CHECK_THAT(broken<Lapse::ragged_gradient>(),
             contains_text("ragged: the gradient's relative error 0.0") && contains_text(" at bias["));
  CHECK_THAT(broken<Lapse::ragged_state>(),
             contains_text("ragged: the gradient's relative error 0.0") && contains_text(" at initial state["));
  CHECK(broken<Lapse::resets>() == "resets: an episode's outputs are not those that it has alone; ");
  CHECK_THAT(broken<Lapse::reset_gradient>(),
             contains_text("resets: the gradient's relative error 0.0") && contains_text(" at bias["));
  CHECK(broken<Lapse::padding>() == "ragged: what stands past a sequence's end enters a gradient; ");
  CHECK(broken<Lapse::final_state>() == "carried state: a sequence in two parts differs from the whole; ");
  CHECK(broken<Lapse::fits>() == "stream: it does not go on from a state that it saved; ");
  CHECK(broken<Lapse::restore>() == "stream: it does not go on from a state that it saved; ");
  CHECK_THAT(broken<Lapse::several_outputs>(), contains_text("stream of several: outputs differ from the batch's; "));
  CHECK_THAT(broken<Lapse::several_states>(),
             contains_text("stream of several: the state differs from the batch's final one; "));
  CHECK(broken<Lapse::error>() == "ragged: it throws \"no lengths\"; ");
}

TEST_CASE("the library's layers and one of a user's own keep to the contract", "[layer_contract]") {
  Random random(1);
  const std::vector<std::string> none;
  CHECK(testing::broken_layer_clauses(Lstm<double>(3, 4, random)) == none);
  CHECK(testing::broken_layer_clauses(Dense<double>(3, 4, random)) == none);
  CHECK(testing::broken_layer_clauses(Tanh<double>()) == none);
  CHECK(testing::broken_layer_clauses(RmsNorm<double>(5)) == none);
  CHECK(testing::broken_layer_clauses(Bidirectional<Gru<double>>(3, 4, random), {.stream = false}) == none);
  const Sequential model{Embedding<double>(5, 3, random), Stack<Gru<double>>(2, 3, 4, random)};
  Matrix<double> tokens(1, 8);
  tokens << 0, 4, 1, 3, 2, 2, 0, 1;
  CHECK(testing::broken_layer_clauses(model, tokens, {.batch = 2, .input = false}) == none);
}
