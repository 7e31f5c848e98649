// Bytes as shapes, lengths, resets, read-outs, truncation, noise and wrong shapes for the engine. Whatever comes: only
// documented exceptions; a refusal changes nothing; a sample alone has the bits of the batch, a stream those of the
// sequence; gradients are finite where the numbers are.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <cstring>
#include <memory>

#include "fuzz/check.hpp"
#include "unroll/unroll.hpp"

using namespace unroll;

namespace {

std::shared_ptr<ThreadPool> the_pool() {
  static const auto pool = std::make_shared<ThreadPool>(2);
  return pool;
}

/// The same bits, or NaN in both.
template <class A, class B>
bool same(const A& a, const B& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return false;
  for (Index j = 0; j < a.cols(); ++j)
    for (Index i = 0; i < a.rows(); ++i) {
      const typename A::Scalar p = a(i, j), q = b(i, j);
      if (std::memcmp(&p, &q, sizeof(p)) != 0 && !(std::isnan(p) && std::isnan(q))) return false;
    }
  return true;
}

/// What is known of a model beside its type.
struct Traits {
  bool tokens = false;   ///< its inputs are numbers of rows below 5
  bool streams = false;  ///< step by step it gives the last output, `all` of them
  bool all = false;
  bool own_noise = true;    ///< its first sample draws the noise that it draws alone
  bool normalised = false;  ///< a step may make a tiny state 1 / sqrt(epsilon) times as large, and its gradient too
};

template <class Model>
class Trial {
  using Scalar = typename Model::Scalar;

 public:
  Trial(FuzzedDataProvider& in, Model model, Index inputs, Traits traits)
      : in_(in),
        model_(std::move(model)),
        traits_(traits),
        inputs_(inputs),
        random_(in.ConsumeIntegral<std::uint32_t>()) {}

  void run() {
    const std::string before = bytes_of(model_);
    make_batch();
    make_x();
    if (forward()) {
      if (!options_.dropout_seed || traits_.own_noise) compare_alone();
      compare_stream();
      backward();
    }
    check(bytes_of(model_) == before, "the model is const");
  }

 private:
  bool one_in(int n) { return in_.ConsumeIntegralInRange<int>(1, n) == n; }

  void make_batch() {
    steps_ = in_.ConsumeIntegralInRange<int>(0, 9);
    batch_.size = in_.ConsumeIntegralInRange<int>(1, one_in(2) ? 4 : 37);
    columns_ = steps_ * batch_.size + (one_in(16) ? 1 : 0);
    if (one_in(2))
      for (Index b = 0; b < batch_.size; ++b)
        batch_.lengths.push_back(
            in_.ConsumeIntegralInRange<int>(one_in(16) ? -1 : 0, static_cast<int>(steps_) + one_in(16)));
    if (one_in(2))
      for (Index j = one_in(16); j < columns_; ++j) batch_.resets.push_back(one_in(4));
    if (one_in(2)) options_.dropout_seed = in_.ConsumeIntegral<std::uint64_t>();
    options_.record = !one_in(4);
    batch_.continues = one_in(4);
    if (one_in(4)) options_.pool = the_pool().get();
    if (one_in(16)) batch_.size = in_.ConsumeIntegralInRange<int>(-2, 5);
  }

  void make_x() {
    const double scale = in_.PickValueInArray({1.0, 1.0, 1.0, 1e30, 1e-39});
    finite_ = scale == 1 || (scale < 1 && !traits_.normalised);
    x_.resize(inputs_ + (one_in(16) ? 1 : 0), columns_);
    for (Index i = 0; i < x_.size(); ++i)
      x_.data()[i] = static_cast<Scalar>(traits_.tokens ? std::floor(5 * random_.uniform()) : random_.uniform(scale));
    if (traits_.tokens && x_.size() > 0 && one_in(4))
      x_.data()[x_.size() / 2] = static_cast<Scalar>(in_.PickValueInArray({-1.0, 5.0, 0.5, 1e30, double(NAN)}));
    const bool fits = static_cast<Index>(batch_.lengths.size()) == batch_.size && batch_.size > 0;
    for (Index j = 0; fits && j < x_.cols(); ++j)  // what stands past an end may be anything
      if (j / batch_.size >= batch_.lengths[static_cast<std::size_t>(j % batch_.size)])
        x_.col(j).setConstant(static_cast<Scalar>(NAN));
  }

  /// Whether it was taken. A refusal leaves the tape of the pass before, or none that a backward pass would take.
  bool forward() {
    const Matrix<Scalar> earlier = Matrix<Scalar>::Ones(inputs_, 3);
    const bool used = one_in(2);
    if (used) model_.forward(earlier, tape_);
    try {
      y_ = model_.forward(x_, tape_, batch_, {}, options_);
      return true;
    } catch (const std::invalid_argument&) {
    }
    Model gradient = zeros_like(model_), expected = gradient;
    const Matrix<Scalar> d_y = Matrix<Scalar>::Ones(model_.output_size(), used ? tape_.output().cols() : 1);
    try {
      const Matrix<Scalar> d_x = model_.backward(earlier, d_y, tape_, gradient);
      check(used, "without a forward pass there is no backward pass");
      typename Model::Tape fresh;
      model_.forward(earlier, fresh);
      check(same(model_.backward(earlier, d_y, fresh, expected), d_x), "a refusal leaves the tape as it was");
    } catch (const std::logic_error&) {
    }
    check(bytes_of(gradient) == bytes_of(expected), "a refusal leaves the gradient as it was");
    return false;
  }

  void compare_alone() {
    const Index size = batch_.size, steps = x_.cols() / size;
    const Index b = options_.dropout_seed ? 0 : in_.ConsumeIntegralInRange<int>(0, static_cast<int>(size) - 1);
    const auto at = static_cast<std::size_t>(b);
    Batch batch = batch_;
    batch.size = 1;
    if (!batch.lengths.empty()) batch.lengths = {batch_.lengths[at]};
    batch.resets.clear();
    Matrix<Scalar> x(x_.rows(), steps);
    for (Index t = 0; t < steps; ++t) {
      x.col(t) = x_.col(t * size + b);
      if (!batch_.resets.empty()) batch.resets.push_back(batch_.reset(t, b));
    }
    typename Model::Tape tape;
    const auto y = model_.forward(x, tape, batch, {}, options_);
    for (Index t = 0; t < y.cols(); ++t)
      check(same(y.col(t), y_.col(t * size + b)), "a sample alone has the bits of the batch");
  }

  void compare_stream() {
    if constexpr (StreamableLayer<Model>) {
      if (!traits_.streams || options_.dropout_seed || !batch_.resets.empty() || !batch_.lengths.empty()) return;
      Stream<Model> stream(model_);
      const Index steps = x_.cols() / batch_.size;
      for (Index t = 0; t < steps; ++t) {
        const Vector<Scalar> x = x_.col(t * batch_.size);
        const auto y = stream.step(x);
        if (traits_.all || t + 1 == steps)
          check(same(y, y_.col(traits_.all ? t * batch_.size : 0)), "a stream has the bits of the sequence");
      }
    }
  }

  void backward() {
    BackwardOptions options;
    if (one_in(2))
      options.truncation = {in_.ConsumeIntegralInRange<int>(-1, 12), in_.ConsumeIntegralInRange<int>(0, 6)};
    if (one_in(4)) options.clip = in_.PickValueInArray({0.01, 1.0, -1.0, double(NAN), double(INFINITY), 1e-45});
    options.record_norms = one_in(4);
    Matrix<Scalar> d_y(y_.rows() + (one_in(16) ? 1 : 0), y_.cols() + (one_in(16) ? 1 : 0));
    for (Index i = 0; i < d_y.size(); ++i) d_y.data()[i] = static_cast<Scalar>(random_.uniform(1));
    typename Model::State d_final;
    if (one_in(2)) {
      d_final = tape_.final_state;
      const bool wrong = one_in(8);
      for_each_state([&](auto& value) { value.setOnes(value.rows(), value.cols() + (wrong ? 1 : 0)); }, d_final);
    }
    Model gradient = zeros_like(model_);
    const std::string zeros = bytes_of(gradient);
    try {
      const Matrix<Scalar> d_x = model_.backward(x_, d_y, tape_, gradient, options, d_final);
      check(d_x.rows() == x_.rows() && d_x.cols() == x_.cols(), "d_x has the shape of x");
      for (Index j = 0; j < d_x.cols(); ++j)
        check(batch_.active(j / batch_.size, j % batch_.size, d_x.cols() / batch_.size) || d_x.col(j).isZero(0),
              "d_x is zero past an end");
      if (finite_)
        for_each_tensor([](const std::string&, const auto& t) { check(t.allFinite(), "gradients are finite"); },
                        gradient);
    } catch (const std::logic_error&) {
      check(bytes_of(gradient) == zeros, "a refusal leaves the gradient as it was");
      if (options_.record) check(same(tape_.output(), y_), "a refusal leaves the tape as it was");
    }
  }

  FuzzedDataProvider& in_;
  Model model_;
  Traits traits_;
  Index inputs_;
  Random random_;
  Index steps_ = 0, columns_ = 0;
  Batch batch_;
  ForwardOptions options_;
  bool finite_ = true;
  Matrix<Scalar> x_, y_;
  typename Model::Tape tape_;
};

template <class Cell>
Unrolling unrolling(FuzzedDataProvider& in) {
  Unrolling how;
  if (in.ConsumeBool()) how.direction = Direction::reverse;
  how.readout = in.PickValueInArray({Readout::all, Readout::last, Readout::mean});
  if (recurrent_gates<Cell>().count > 0) how.recurrent_dropout = in.PickValueInArray({0.0, 0.3});
  how.zoneout = in.PickValueInArray({0.0, 0.2});
  if (Cell::state_names.size() > 1) how.zoneout_cell_state = in.PickValueInArray({0.0, 0.4});
  return how;
}

Traits traits_of(const Unrolling& how) {
  return {.streams = how.direction == Direction::forward && how.readout != Readout::mean,
          .all = how.readout == Readout::all};
}

template <class L>
void run_recurrent(FuzzedDataProvider& in, Index inputs, Index units, Random& random) {
  const Unrolling how = unrolling<typename L::Cell>(in);
  Traits traits = traits_of(how);
  traits.normalised = std::is_same_v<L, LayerNormLstm<float>>;
  Trial(in, L(inputs, units, random, how), inputs, traits).run();
}

void run(FuzzedDataProvider& in) {
  const int which = in.ConsumeIntegralInRange<int>(0, 12);
  const Index I = in.ConsumeIntegralInRange<int>(1, 9),
              H = in.ConsumeIntegralInRange<int>(1, in.ConsumeBool() ? 9 : 40);
  Random random(7);
  switch (which) {
    case 0:
      return run_recurrent<Lstm<float>>(in, I, H, random);
    case 1:
      return run_recurrent<Gru<float>>(in, I, H, random);
    case 2:
      return run_recurrent<OriginalGru<double>>(in, I, H, random);
    case 3:
      return run_recurrent<Lstm<float, 3, 7>>(in, 3, 7, random);
    case 4:
      return run_recurrent<LayerNormLstm<float>>(in, I, H, random);
    case 5: {
      const auto merge = in.PickValueInArray({Merge::sum, Merge::concatenate});
      const auto readout = in.PickValueInArray({Readout::all, Readout::last, Readout::mean});
      const Sequential model{Dropout<float>(0.2), Bidirectional<Gru<float>>(I, H, random, merge, readout)};
      return Trial(in, model, I, {}).run();
    }
    case 6: {
      const Sequential model{Embedding<float>(5, I, random), Lstm<float>(I, H, random), Dense<float>(H, 2, random)};
      return Trial(in, model, 1, {.tokens = true, .streams = true, .all = true}).run();
    }
    case 7: {
      const Convolution how{in.ConsumeIntegralInRange<int>(1, 4), in.ConsumeBool() ? I : 1};
      const Conv1d<float> layer(I, how.groups == 1 ? H : 2 * I, in.ConsumeIntegralInRange<int>(1, 4), random, how);
      return Trial(in, layer, I, {.streams = true, .all = true}).run();
    }
    case 8:
      return run_recurrent<PeepholeLstm<float>>(in, I, H, random);
    case 9:
      return run_recurrent<MinLstm<double>>(in, I, H, random);
    case 10: {
      const Unrolling how = unrolling<cells::Lstm>(in);
      const Index outputs = in.ConsumeIntegralInRange<int>(1, 9);
      return Trial(in, ProjectedLstm<float>(I, H, outputs, random, how), I, traits_of(how)).run();
    }
    case 11: {
      const Index outputs = in.ConsumeIntegralInRange<int>(1, static_cast<int>(I));
      const Sequential model{Residual(FastGru<float>(I, outputs, random)),
                             Branches{Dense<float>(outputs, 2, random), MinGru<float>(outputs, H, random)},
                             Softmax<float>()};
      return Trial(in, model, I, {.streams = true, .all = true}).run();
    }
    default: {
      Parallel model(Sequential{Rnn<float>(I, H, random, unrolling<cells::Rnn>(in)), Dense<float>(H, 2, random)},
                     the_pool());
      model.shard_size = in.ConsumeIntegralInRange<int>(0, 5);
      return Trial(in, model, I, {.own_noise = false}).run();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  run(in);
  return 0;
}
