#pragma once

#include <memory>

#include "unroll/core/range.hpp"
#include "unroll/core/thread_pool.hpp"
#include "unroll/layers/packed.hpp"
#include "unroll/layers/states.hpp"

namespace unroll::inline UNROLL_TARGET {

/// A model that a pool of threads runs. It is a layer itself, with the parameters of the model.
///
///   Parallel model(Sequential{...}, std::make_shared<ThreadPool>(4));
///
/// A batch is cut into shards of neighbouring samples. Each shard has its own tape and gradient, and one thread works
/// on it. Where one shard is the whole batch, the threads share the units of every step (`ForwardOptions::pool`). The
/// shards depend on the model and the batch alone, and their gradients are added two by two; so the bits are the same
/// on any number of threads. Outputs, dL/dx and states have the bits of the model itself. Copies share the pool.
template <ForwardLayer Model>
class Parallel : public LayerOfLayers<Parallel<Model>> {
 public:
  using Scalar = typename Model::Scalar;
  using State = typename Model::State;
  static constexpr int InputSize = Model::InputSize;
  static constexpr int OutputSize = Model::OutputSize;
  static constexpr bool trained = Layer<Model>;

  Model model;                       ///< whose parameters are the layer's
  std::shared_ptr<ThreadPool> pool;  ///< shared with copies
  /// The most samples in a shard. 0: 16, or the whole batch where the model has more than 2^16 parameters. Then a step
  /// is long enough to be shared, and the weights are so many that they should be read only once.
  Index shard_size = 0;

  /// Throws std::invalid_argument without a pool.
  Parallel(Model the_model, std::shared_ptr<ThreadPool> the_pool)
      : model(std::move(the_model)), pool(std::move(the_pool)) {
    require_pool();
  }

  /// One shard's part of all that a pass takes and gives.
  struct Shard {
    Index first = 0;                ///< of its samples
    Batch batch;                    ///< its samples' part
    ForwardOptions options;         ///< with its samples' noise
    Matrix<Scalar> x;               ///< its columns
    Matrix<Scalar> d_y;             ///< its columns
    State initial;                  ///< its samples' columns
    State d_final;                  ///< its samples' columns
    typename Model::Tape tape;      ///< of the model
    std::optional<Model> gradient;  ///< of the last backward pass
  };

  struct Tape : LayerTape<Scalar, State> {
    std::vector<Shard> shards;         ///< in the order of their samples
    Batch batch;                       ///< of the last forward pass
    Index columns = 0;                 ///< of x
    std::shared_ptr<ThreadPool> pool;  ///< of the last forward pass: its threads serve the way back

    /// Calls f(tape) for each shard.
    template <class F>
    void each_tape(F f) const {
      for (const Shard& shard : shards) f(shard.tape);
    }
    /// Whether one shard is the whole batch.
    bool whole() const { return shards.size() == 1; }

    Output<Scalar> output() const { return whole() ? shards[0].tape.output() : LayerTape<Scalar, State>::output(); }
    Output<Scalar> d_input() const { return whole() ? shards[0].tape.d_input() : LayerTape<Scalar, State>::d_input(); }
  };

  Index input_size() const { return model.input_size(); }
  Index output_size() const { return model.output_size(); }
  State empty_state() const { return state_for(model); }

  Output<Scalar> run(const Input<Scalar>& x, Tape& tape, const Batch& batch, const State& initial,
                     const ForwardOptions& options) const {
    if constexpr (requires { model.require_values(x, batch); })
      model.require_values(x, batch);  // here, because a shard counts its own columns
    tape.recorded = false;
    tape.batch = batch;
    tape.columns = x.cols();
    tape.pool = pool;
    cut(tape, options);
    if (tape.whole()) {
      Shard& whole = tape.shards[0];
      whole.options.pool = pool.get();
      const Output<Scalar> y = model.run(x, whole.tape, whole.batch, initial, whole.options);
      tape.final_state = whole.tape.final_state;
      tape.recorded = true;
      return y;
    }
    detail::Mutex sizing;  // the first shard that knows y's columns sizes y
    const auto run_shard = [&](Index i) {
      Shard& shard = tape.shards[static_cast<std::size_t>(i)];
      take_samples(x, tape.batch.size, shard, shard.x);
      shard.initial = part_of(initial, shard);
      const Output<Scalar> y = model.run(shard.x, shard.tape, shard.batch, shard.initial, shard.options);
      const Index columns = y.cols() / shard.batch.size * tape.batch.size;
      if (const detail::Lock lock(sizing); tape.y.rows() != y.rows() || tape.y.cols() != columns)
        detail::resize(tape.y, y.rows(), columns);
      put_samples(y, tape.batch.size, shard, tape.y);
    };
    if (const auto error =
            detail::exception_of([&] { pool->run(static_cast<Index>(tape.shards.size()), run_shard); })) {
      typename Model::Tape whole;
      model.run(x, whole, batch, initial, options);  // whose messages name columns of the batch
      std::rethrow_exception(error);
    }
    tape.final_state = joined(tape, [](const Shard& shard) -> const State& { return shard.tape.final_state; });
    tape.recorded = true;
    return tape.output();
  }

  Output<Scalar> run_back(const Input<Scalar>& x, const Input<Scalar>& d_y, Tape& tape, Parallel& gradient,
                          const BackwardOptions& options, const State& d_final) const {
    if (tape.whole()) {
      typename Model::Tape& whole = tape.shards[0].tape;
      const Output<Scalar> d_x = model.run_back(x, d_y, whole, gradient.model, options, d_final);
      tape.d_initial = whole.d_initial;
      return d_x;
    }
    detail::resize(tape.d_x, x.rows(), x.cols());
    pool->run(static_cast<Index>(tape.shards.size()), [&](Index i) {
      Shard& shard = tape.shards[static_cast<std::size_t>(i)];
      take_samples(d_y, tape.batch.size, shard, shard.d_y);
      shard.d_final = part_of(d_final, shard);
      shard.gradient.emplace(zeros_like(model));
      const Output<Scalar> d_x =
          model.run_back(shard.x, shard.d_y, shard.tape, *shard.gradient, options, shard.d_final);
      put_samples(d_x, tape.batch.size, shard, tape.d_x);
    });
    add_gradients(tape, gradient.model);
    tape.d_initial = joined(tape, [](const Shard& shard) -> const State& { return shard.tape.d_initial; });
    return tape.d_input();
  }

  Index require_forward(Index rows, Index columns, const Batch& batch, const State& initial) const {
    require_pool();
    detail::require(shard_size >= 0, "Parallel: shard_size is ", shard_size, ", expected at least 0");
    return model.require_forward(rows, columns, batch, initial);
  }

  void require_backward(Index rows, Index columns, const Tape& tape, const Parallel& gradient,
                        const BackwardOptions& options, const State& d_final) const {
    require_pool();
    detail::require_recorded("Parallel", tape.recorded && !tape.shards.empty());  // none: moved from
    for_each_state(
        [&](const auto& value) {
          detail::require(value.size() == 0 || value.cols() == tape.batch.size,
                          "Parallel::backward: a final gradient's ", "state is ", value.rows(), " x ", value.cols(),
                          ", expected ", tape.batch.size, " columns");
        },
        d_final);
    if (!tape.whole()) detail::require_shape("Parallel", "x", rows, columns, tape.shards[0].x.rows(), tape.columns);
    for (const Shard& shard : tape.shards)
      model.require_backward(rows, tape.whole() ? columns : shard.x.cols(), shard.tape, gradient.model, options,
                             part_of(d_final, shard));
  }

  std::optional<NonFinite> find_non_finite(const Tape& tape) const {
    for (const Shard& shard : tape.shards)
      if (auto found = model.find_non_finite(shard.tape)) {
        found->sample += shard.first;
        return found;
      }
    return std::nullopt;
  }

  /// The model, under its own names.
  template <class F, class... Layers>
  static void children(F&& f, const std::string& prefix, Layers&... layers) {
    f(prefix, layers.model...);
  }

  /// The model packed in a storage; all shards share its weights.
  template <class Storage = Full>
  auto pack(Storage storage = {}) const {
    unroll::Parallel packed(detail::packed(model, storage), pool);
    packed.shard_size = samples_at_most();
    return packed;
  }

 private:
  void require_pool() const { detail::require(pool != nullptr, "Parallel: there is no thread pool"); }

  /// The most samples in a shard.
  Index samples_at_most() const {
    if constexpr (Layer<Model>)  // for a packed model `pack` has set it
      if (shard_size == 0) return parameter_count(model) > (1 << 16) ? (std::numeric_limits<Index>::max)() : 16;
    return shard_size;
  }

  /// Sets the shards' samples, lengths, resets and seeds.
  void cut(Tape& tape, const ForwardOptions& options) const {
    const Batch& batch = tape.batch;
    const Index most = (std::min)(samples_at_most(), batch.size);
    tape.shards.resize(static_cast<std::size_t>((batch.size + most - 1) / most));
    std::size_t i = 0;
    detail::for_each_part(batch.size, most, [&](detail::Range part) {
      const Index first = part.first, size = part.count;
      Shard& shard = tape.shards[i++];
      shard.first = first;
      shard.batch = batch;
      shard.options = options;
      shard.options.pool = nullptr;  // one thread works on a shard
      shard.batch.size = size;
      if (!batch.lengths.empty())
        shard.batch.lengths.assign(batch.lengths.begin() + first, batch.lengths.begin() + first + size);
      shard.batch.resets.clear();
      for (Index j = 0; j < static_cast<Index>(batch.resets.size()); ++j)
        if (j % batch.size >= first && j % batch.size < first + size)
          shard.batch.resets.push_back(batch.resets[static_cast<std::size_t>(j)]);
      if (first > 0) shard.options = options_of_layer(shard.options, static_cast<std::size_t>(first));
    });
  }

  /// Copies the shard's columns of every step.
  static void take_samples(const Input<Scalar>& from, Index batch, const Shard& shard, Matrix<Scalar>& to) {
    const Index size = shard.batch.size;
    detail::resize(to, from.rows(), from.cols() / batch * size);
    for (Index t = 0; t < from.cols() / batch; ++t)
      to.middleCols(t * size, size) = from.middleCols(t * batch + shard.first, size);
  }
  static void put_samples(const Output<Scalar>& from, Index batch, const Shard& shard, Matrix<Scalar>& to) {
    const Index size = shard.batch.size;
    for (Index t = 0; t < to.cols() / batch; ++t)
      to.middleCols(t * batch + shard.first, size) = from.middleCols(t * size, size);
  }

  /// The shard's samples of a state of the whole batch; empty matrices stay so.
  static State part_of(State state, const Shard& shard) {
    for_each_state(
        [&](auto& value) {
          if (value.size() != 0) value = value.middleCols(shard.first, shard.batch.size).eval();
        },
        state);
    return state;
  }
  /// Adds the shards' gradients two by two, then those sums two by two, and so on; large ones slice by slice on all
  /// threads.
  void add_gradients(Tape& tape, Model& gradient) const {
    const Index slices = parameter_count(gradient) < 100'000 ? 1 : pool->size();
    pool->run(slices, [&](Index slice) {
      const auto add = [&](const std::string&, auto& sum, const auto& part) {
        const Index begin = sum.size() * slice / slices, size = sum.size() * (slice + 1) / slices - begin;
        Eigen::Map<Vector<Scalar>>(sum.data() + begin, size) +=
            Eigen::Map<const Vector<Scalar>>(part.data() + begin, size);
      };
      std::vector<Shard>& shards = tape.shards;
      for (std::size_t apart = 1; apart < shards.size(); apart *= 2)
        for (std::size_t i = 0; i + apart < shards.size(); i += 2 * apart)
          for_each_tensor(add, *shards[i].gradient, *shards[i + apart].gradient);
      for_each_tensor(add, gradient, *shards[0].gradient);
    });
  }

  /// The shards' states side by side.
  template <class Part>
  static State joined(const Tape& tape, Part part) {
    State state = part(tape.shards[0]);
    for_each_state([&](auto& value) { detail::resize(value, value.rows(), tape.batch.size); }, state);
    for (const Shard& shard : tape.shards)
      for_each_state([&](auto& whole, const auto& own) { whole.middleCols(shard.first, shard.batch.size) = own; },
                     state, part(shard));
    return state;
  }
};

}  // namespace unroll::inline UNROLL_TARGET
