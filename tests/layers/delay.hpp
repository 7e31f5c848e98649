#pragma once

#include "unroll/layers/layer.hpp"

/// A layer of a user's own with a state of its own: y_t = gain x_{t-1}, number by number. All sequences have all steps.
struct Delay : unroll::LayerBase<Delay> {
  using Scalar = double;
  using Matrix = unroll::Matrix<double>;
  static constexpr int InputSize = unroll::Dynamic, OutputSize = unroll::Dynamic;

  struct State {
    Matrix last;

    template <class F, class... States>
    static void visit(F&& f, const std::string& prefix, States&... states) {
      f(prefix + "last", states.last...);
    }
  };

  struct Tape : unroll::LayerTape<double, State> {
    Matrix before;  // x_{t-1}
  };

  class Stream {
   public:
    using State = Delay::State;
    explicit Stream(const Delay& delay) : gain_(delay.gain), y_(delay.gain), last_{0 * delay.gain} {}

    const double* step(const double* x) noexcept {
      y_ = gain_.cwiseProduct(last_.last);
      last_.last = Matrix::Map(x, y_.rows(), 1);
      return y_.data();
    }
    void reset() noexcept { last_.last.setZero(); }
    void save(State& to) const { to = last_; }
    bool fits(const State& saved) const noexcept { return saved.last.size() == 0 || saved.last.size() == y_.size(); }
    void restore(const State& saved) noexcept {
      reset();
      if (saved.last.size() != 0) last_.last = saved.last;
    }

   private:
    Matrix gain_, y_;
    State last_;
  };

  Matrix gain;  // one column

  explicit Delay(Matrix the_gain) : gain(std::move(the_gain)) {}
  unroll::Index input_size() const { return gain.rows(); }
  unroll::Index output_size() const { return gain.rows(); }
  void initialize(unroll::Random&, unroll::Initial = {}) { gain.setOnes(); }

  unroll::Output<double> run(const unroll::Input<double>& x, Tape& tape, const unroll::Batch& batch,
                             const State& initial, const unroll::ForwardOptions&) const {
    tape.before.setZero(x.rows(), x.cols());
    if (initial.last.size() != 0) tape.before.leftCols(batch.size) = initial.last;
    tape.before.rightCols(x.cols() - batch.size) = x.leftCols(x.cols() - batch.size);
    tape.final_state.last = x.rightCols(batch.size);
    tape.y = gain.asDiagonal() * tape.before;
    return tape.output();
  }
  unroll::Output<double> run_back(const unroll::Input<double>&, const unroll::Input<double>& d_y, Tape& tape,
                                  Delay& gradient, const unroll::BackwardOptions&, const State& d_final) const {
    const unroll::Index size = tape.final_state.last.cols(), others = d_y.cols() - size;
    gradient.gain += d_y.cwiseProduct(tape.before).rowwise().sum();
    const Matrix d_before = gain.asDiagonal() * d_y;
    tape.d_initial.last = d_before.leftCols(size);
    tape.d_x.setZero(d_y.rows(), d_y.cols());
    tape.d_x.leftCols(others) = d_before.rightCols(others);
    if (d_final.last.size() != 0) tape.d_x.rightCols(size) += d_final.last;
    return tape.d_input();
  }
  unroll::Index require_forward(unroll::Index, unroll::Index columns, const unroll::Batch&, const State&) const {
    return columns;
  }
  void require_backward(unroll::Index, unroll::Index, const Tape&, const Delay&, const unroll::BackwardOptions&,
                        const State&) const {}
  std::optional<unroll::NonFinite> find_non_finite(const Tape&) const { return {}; }
  Stream stream() const { return Stream(*this); }
  static const char* name() { return "Delay"; }

  template <class F, class... Layers>
  static void visit(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix + "gain", layers.gain...);
  }
};
