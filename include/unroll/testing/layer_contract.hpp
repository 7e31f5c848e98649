#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "unroll/layers/states.hpp"
#include "unroll/testing/allocations.hpp"
#include "unroll/testing/clauses.hpp"
#include "unroll/testing/gradient_check.hpp"

namespace unroll::inline UNROLL_TARGET::testing {

/// The options of broken_layer_clauses.
struct LayerContractOptions {
  double step = 1e-3;       ///< of the gradient check
  double tolerance = 1e-7;  ///< relative, of the gradient check
  Index batch = 3;          ///< samples that the columns of x are of
  bool input = true;        ///< whether dL/dx is compared: not for tokens
  bool stream = true;       ///< whether the layer has a stream: not where it needs the whole sequence
  std::uint64_t seed = 1;   ///< of the numbers that are drawn
};

namespace detail {

template <class L>
class LayerContract : Clauses {
 public:
  LayerContract(const L& layer, const Matrix<double>& x, const LayerContractOptions& options)
      : layer_(layer), x_(x), batch_{.size = options.batch}, options_(options) {
    // With a gain of ones d_x = d_y would pass for y = gain x.
    Random random(options.seed);
    const auto shift = [&](const std::string&, auto& tensor) {
      tensor += 0.1 * random_matrix(tensor.rows(), tensor.cols(), random);
    };
    for_each_tensor(shift, layer_);
  }

  /// The clauses that do not hold; empty where all do.
  std::vector<std::string> check() {
    clause("gradient", [&] { gradient(); });
    clause("backward", [&] { backward(); });
    clause("refusals", [&] { refusals(); });
    clause("ragged", [&] { ragged(); });
    clause("resets", [&] { resets(); });
    clause("columns", [&] { columns_are_independent(); });
    clause("used tape", [&] { used_tape_equals_new(); });
    if constexpr (StreamableLayer<L>)
      if (options_.stream) {
        clause("stream", [&] { stream_equals_sequence(); });
        clause("stream of several", [&] { stream_of_several_equals_batch(); });
        clause("carried state", [&] { carried_state_equals_whole(); });
      }
    return std::move(broken_);
  }

 private:
  using Tape = typename L::Tape;

  static Matrix<double> drawn(const Output<double>& y) {
    Random random(77);
    return random_matrix(y.rows(), y.cols(), random);
  }
  Index steps() const { return x_.cols() / batch_.size; }
  /// One sample's columns, the first `length` of them.
  Matrix<double> sample(const Matrix<double>& all, Index b, Index length) const {
    Matrix<double> one(all.rows(), length);
    for (Index t = 0; t < length; ++t) one.col(t) = all.col(t * batch_.size + b);
    return one;
  }

  void gradient() { agrees(batch_, "gradient: relative error "); }

  /// The gradient against central differences.
  void agrees(const Batch& batch, const char* what) {
    GradientCheckOptions options;
    options.step = options_.step;
    options.input = options_.input;
    options.seed = options_.seed;
    Tape tape;
    layer_.forward(x_, tape, batch);
    Random random(options_.seed);
    auto initial = tape.final_state;
    for_each_state([&](auto& value) { value = random_matrix(value.rows(), value.cols(), random); }, initial);
    const GradientReport report = check_gradient(layer_, x_, batch, options, initial);
    expect(report.worst <= options_.tolerance, unroll::detail::text(what, report.worst, " at ", report.where));
  }

  void backward() {
    Tape tape;
    L once = zeros_like(layer_), twice = once;
    expect_throw<std::logic_error>([&] { layer_.backward(x_, x_, tape, once); },
                                   "backward: it does not refuse a tape without a forward pass");
    const Matrix<double> d_y = drawn(layer_.forward(x_, tape, batch_));
    layer_.backward(x_, d_y, tape, once);
    expect_throw<std::logic_error>([&] { layer_.backward(x_, d_y, tape, twice); },
                                   "backward: it does not consume the tape");
    set_zero(twice);
    for (int k = 0; k < 2; ++k) {
      layer_.forward(x_, tape, batch_);
      layer_.backward(x_, d_y, tape, twice);
    }
    bool adds = true;
    const auto compare = [&](const std::string&, const auto& one, const auto& two) {
      adds = adds && (two - 2 * one).norm() <= 1e-12 * (1 + two.norm());
    };
    for_each_tensor(compare, once, twice);
    expect(adds, "backward: it does not add to the gradient");
  }

  void refusals() {
    Tape tape;
    const auto refuse_batch = [&](const Batch& batch, const char* what) {
      expect_throw<std::invalid_argument>([&] { layer_.forward(x_, tape, batch); }, what);
    };
    refuse_batch({.size = 0}, "refusals: forward takes a batch of size 0");
    refuse_batch({.size = x_.cols() + 1}, "refusals: forward takes columns that are no whole steps");
    if (layer_.input_size() != 0)
      expect_throw<std::invalid_argument>(
          [&] { layer_.forward(Matrix<double>::Zero(x_.rows() + 1, x_.cols()), tape, batch_); },
          "refusals: forward takes an x of another size");
    const Matrix<double> d_y = drawn(layer_.forward(x_, tape, batch_));
    L gradient = zeros_like(layer_);
    const L blank = gradient;
    const Matrix<double> wide = Matrix<double>::Zero(d_y.rows(), d_y.cols() + 1),
                         high = Matrix<double>::Zero(d_y.rows() + 1, d_y.cols());
    for (const Matrix<double>& wrong : {wide, high})
      expect_throw<std::invalid_argument>([&] { layer_.backward(x_, wrong, tape, gradient); },
                                          "refusals: backward takes a d_y of another size");
    expect_throw<std::invalid_argument>(
        [&] { layer_.backward(Matrix<double>::Zero(x_.rows() + 1, x_.cols()), d_y, tape, gradient); },
        "refusals: backward takes an x of another size");
    expect(same(gradient, blank), "refusals: a refused pass changes the gradient");
  }

  /// A ragged batch gives what each of its sequences gives alone, whatever stands past their ends.
  void ragged() {
    Batch batch = batch_;
    for (Index b = 0; b < batch.size; ++b) batch.lengths.push_back(steps() - b % (steps() + 1));
    Matrix<double> spoiled = x_;
    for (Index j = 0; j < x_.cols(); ++j)
      if (!batch.active(j, x_.cols())) spoiled.col(j).setConstant(std::numeric_limits<double>::quiet_NaN());
    Tape tape, alone;
    const Matrix<double> y = layer_.forward(spoiled, tape, batch);
    const char* what = "ragged: the gradient's relative error ";
    if (y.cols() != x_.cols()) return agrees(batch, what);  // read out
    bool equal = true, zero = true;
    for (Index b = 0; b < batch.size; ++b) {
      const Index length = batch.lengths[static_cast<std::size_t>(b)];
      equal = equal && layer_.forward(sample(x_, b, length), alone).isApprox(sample(y, b, length));
      for (Index t = length; t < steps(); ++t) zero = zero && y.col(t * batch.size + b).isZero(0);
    }
    expect(equal, "ragged: outputs are not those of the sequences alone");
    expect(zero, "ragged: outputs past a sequence's end are not zero");
    L gradient = zeros_like(layer_);
    const Matrix<double> d_x = layer_.backward(spoiled, drawn(tape.output()), tape, gradient);
    bool finite = d_x.allFinite();
    for_each_tensor([&](const std::string&, const auto& tensor) { finite = finite && tensor.allFinite(); }, gradient);
    expect(finite, "ragged: what stands past a sequence's end enters a gradient");
    if (equal && zero && finite) agrees(batch, what);
  }

  /// An episode that starts within a sequence gives what it gives alone. A layer may refuse resets.
  void resets() {
    const Index at = steps() / 2, b = batch_.size - 1;
    if (at == 0) return;
    Batch batch = batch_;
    batch.resets.assign(static_cast<std::size_t>(x_.cols()), false);
    batch.resets[static_cast<std::size_t>(at * batch.size + b)] = true;
    Tape tape, alone;
    try {
      layer_.forward(x_, tape, batch);
    } catch (const std::invalid_argument&) {
      return;
    }
    if (tape.output().cols() != x_.cols()) return;  // read out
    const Matrix<double> x = sample(x_, b, steps()), y = sample(tape.output(), b, steps());
    bool equal = layer_.forward(x.leftCols(at), alone).isApprox(y.leftCols(at));
    equal = equal && layer_.forward(x.rightCols(steps() - at), alone).isApprox(y.rightCols(steps() - at));
    expect(equal, "resets: an episode's outputs are not those that it has alone");
    if (equal) agrees(batch, "resets: the gradient's relative error ");
  }

  void columns_are_independent() {
    Tape together, alone;
    const Matrix<double> y = layer_.forward(x_, together, batch_);
    const Index rest = y.cols() / batch_.size;
    bool equal = true;
    for (Index b = 0; b < batch_.size; ++b)
      equal = equal && layer_.forward(sample(x_, b, steps()), alone) == sample(y, b, rest);
    expect(equal, "columns: a sample's outputs depend on its neighbours");
  }

  /// A buffer that was made for more columns may still hold some.
  void used_tape_equals_new() {
    Tape used, fresh;
    L of_used = zeros_like(layer_), of_fresh = of_used;
    const Matrix<double> d_more = drawn(layer_.forward(x_, used, batch_));
    layer_.backward(x_, d_more, used, of_used);
    set_zero(of_used);
    const Matrix<double> x = sample(x_, 0, (steps() + 1) / 2), d_y = drawn(layer_.forward(x, fresh));
    bool equal = layer_.forward(x, used) == fresh.output();
    equal = equal && layer_.backward(x, d_y, used, of_used) == layer_.backward(x, d_y, fresh, of_fresh);
    expect(equal && same(of_used, of_fresh), "used tape: a pass of fewer columns differs from that with a new tape");
  }

  void stream_equals_sequence() {
    const Matrix<double> x = sample(x_, 0, steps());
    Tape tape;
    const Matrix<double> y = layer_.forward(x, tape);
    auto stream = unroll::detail::stream_of(layer_, StreamShape<>{{}, x.rows()});
    bool equal = true, again = true;
    typename L::State state;
    for (Index t = 0; t < x.cols(); ++t) {
      equal = equal && Vector<double>::Map(stream.step(x.col(t).data()), y.rows()) == y.col(t);
      if (t == 0) stream.save(state);
    }
    expect(equal, "stream: outputs differ from the sequence's");
    again = stream.fits(state);
    if (again) stream.restore(state);
    for (Index t = 1; t < x.cols() && again; ++t)
      again = Vector<double>::Map(stream.step(x.col(t).data()), y.rows()) == y.col(t);
    expect(again, "stream: it does not go on from a state that it saved");
    const long before = allocations();
    for (Index t = 0; t < x.cols(); ++t) stream.step(x.col(t).data());
    const long after = allocations();  // before the clause's text allocates
    expect(after == before, "stream: a step allocates");
  }

  /// Where the layer's stream takes a shape.
  void stream_of_several_equals_batch() {
    if constexpr (requires { layer_.stream(StreamShape<Index>{}); }) {
      Tape tape;
      const Matrix<double> y = layer_.forward(x_, tape, batch_);
      auto stream = layer_.stream(StreamShape<Index>{batch_.size, x_.rows()});
      bool equal = true;
      for (Index t = 0; t < steps(); ++t) {
        const double* given = stream.step(x_.col(t * batch_.size).data());
        equal =
            equal && Matrix<double>::Map(given, y.rows(), batch_.size) == y.middleCols(t * batch_.size, batch_.size);
      }
      expect(equal, "stream of several: outputs differ from the batch's");
      typename L::State state;
      stream.save(state);
      equal = stream.fits(tape.final_state);
      for_each_state([&](const auto& a, const auto& b) { equal = equal && a == b; }, state, tape.final_state);
      expect(equal, "stream of several: the state differs from the batch's final one");
    }
  }

  void carried_state_equals_whole() {
    const Index head_columns = steps() / 2 * batch_.size;
    Tape whole, head, tail;
    const Matrix<double> y = layer_.forward(x_, whole, batch_);
    if (y.cols() != x_.cols()) return;  // read out
    const Matrix<double> first = layer_.forward(x_.leftCols(head_columns), head, batch_);
    const auto rest = layer_.forward(x_.rightCols(x_.cols() - head_columns), tail, batch_, head.final_state);
    expect(first == y.leftCols(first.cols()) && rest == y.rightCols(rest.cols()),
           "carried state: a sequence in two parts differs from the whole");
  }

  L layer_;  // a copy with other parameters
  Matrix<double> x_;
  Batch batch_;
  LayerContractOptions options_;
};

}  // namespace detail

/// Tests a copy of a layer, whose parameters are moved by up to 0.1 each, in one line: its gradient against central
/// differences, from states of any value; that a backward pass adds, needs a forward pass and consumes it; that
/// refusals change nothing; ragged batches and resets, their gradients too; independent samples; a tape that is used
/// again; stream = sequence; a stream that goes on from what it saved, without allocation (counted where
/// `counts_allocations`); a stream of several samples = batch; and carried state = whole. x is I x (T*B), with B as the
/// options say. Returns the clauses that do not hold.
///
///   CHECK(unroll::testing::broken_layer_clauses(MyLayer(5)) == std::vector<std::string>{});
template <Layer L>
std::vector<std::string> broken_layer_clauses(const L& layer, const Matrix<double>& x,
                                              const LayerContractOptions& options = {}) {
  static_assert(std::is_same_v<typename L::Scalar, double>, "a layer is checked in double");
  return detail::LayerContract<L>(layer, x, options).check();
}
/// The same with an x of four steps, drawn at random; it has four rows where the layer is of any size.
template <Layer L>
std::vector<std::string> broken_layer_clauses(const L& layer, const LayerContractOptions& options = {}) {
  Random random(options.seed + 1);  // not the loss's own numbers
  const Index rows = layer.input_size() != 0 ? layer.input_size() : 4;
  return broken_layer_clauses(layer, random_matrix(rows, 4 * options.batch, random), options);
}

}  // namespace unroll::inline UNROLL_TARGET::testing
