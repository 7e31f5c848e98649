#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "unroll/core/team.hpp"
#include "unroll/layers/chain.hpp"

namespace unroll::inline UNROLL_TARGET {

namespace detail {

template <class L>
inline constexpr bool is_chain = false;
template <class Layers>
inline constexpr bool is_chain<Chain<Layers>> = true;

/// Calls f(layer, part...) for each layer of a chain and of the chains in it, with its parts of what is given.
template <class F, class L, class... Parts>
void each_link(F& f, const L& layer, Parts&... parts) {
  if constexpr (is_chain<L>) {
    (resize_parts(parts.layers, part_count(layer.layers)), ...);
    walk([&](std::size_t, const auto& link, auto&... part) { each_link(f, link, part...); }, layer.layers,
         parts.layers...);
  } else {
    f(layer, parts...);
  }
}

}  // namespace detail

/// Inference of a Sequential or a Stack on whole sequences by a pool of threads, each of which works on another layer:
/// while layer k works on some steps, layer k - 1 works on the steps after them (Appleyard et al. 2016, "Optimizing
/// performance of recurrent neural networks on GPUs"). It is for one sample, and for layers too small to share their
/// units.
///
///   Wavefront predict(model, std::make_shared<ThreadPool>(2));
///   Output<float> y = predict(x);
///
/// A Sequential or a Stack inside counts as all its layers. Each thread that predicts needs its own Wavefront; copies
/// share weights and pool.
template <ForwardLayer Model, class Storage = Full>
class Wavefront {
  using Packed = detail::PackedOf<Model, Storage>;
  static_assert(detail::is_chain<Packed>, "a Wavefront runs the layers of a Sequential or of a Stack");
  static_assert(StreamableLayer<Packed>, "a Wavefront runs layers that can go step by step: see StreamableLayer");

 public:
  using Scalar = typename Model::Scalar;
  using State = typename Model::State;

  /// Packs a copy of the weights as they are now. Throws std::invalid_argument without a pool, or where a storage of
  /// fewer bits cannot keep a weight.
  Wavefront(const Model& model, std::shared_ptr<ThreadPool> pool, Storage storage = {})
      : packed_(pack(model, storage)), pool_(std::move(pool)) {
    detail::require(pool_ != nullptr, "Wavefront: there is no thread pool");
  }

  /// The outputs, O x (T*B), valid until the next call; they are a Predictor's to the bit. x has `samples` samples side
  /// by side, each with T steps. Throws std::invalid_argument for shapes that do not fit, and where a layer needs the
  /// whole sequence: a reverse layer, a read-out of the last step or the mean. It changes nothing then.
  Output<Scalar> operator()(const Input<Scalar>& x, Index samples = 1, const State& initial = {}) & {
    const Batch batch{.size = samples, .continues = true};
    packed_.require_forward(x.rows(), x.cols(), batch, initial);
    State state = initial;
    std::vector<Stage> stages;
    const auto add = [&](const auto& layer, auto& even, auto& odd, const auto& start) {
      const Index rows = stages.empty() || layer.input_size() != 0 ? layer.input_size() : stages.back().outputs;
      const Index outputs = layer.output_size() != 0 ? layer.output_size() : rows;
      detail::require(layer.require_forward(rows != 0 ? rows : x.rows(), x.cols(), batch, start) == x.cols(),
                      "Wavefront: layer ", stages.size(), " reads out one column of the whole sequence");
      odd.final_state = start;
      stages.push_back({outputs, [&](const Input<Scalar>& chunk_x, Index chunk) {
                          auto &now = chunk % 2 == 0 ? even : odd, &before = chunk % 2 == 0 ? odd : even;
                          return layer.run(chunk_x, now, batch, before.final_state, {.record = false});
                        }});
    };
    detail::each_link(add, packed_, even_, odd_, state);
    if constexpr (requires { packed_.require_values(x, batch); })
      packed_.require_values(x, batch);  // here, because a stage counts the columns of its chunk
    const auto x_copy = detail::overlap(x, output()) ? Matrix<Scalar>(x) : Matrix<Scalar>();
    const Input<Scalar> apart = x_copy.size() == 0 ? x : Input<Scalar>(x_copy);
    if (const auto error = detail::exception_of([&] { run(stages, apart, samples); })) {
      packed_.run(apart, even_, batch, initial, {.record = false});  // whose messages name columns of the sequence
      std::rethrow_exception(error);
    }
    return output();
  }

  /// The same for a wavefront that does not outlive the call: the result is a matrix of its own.
  Matrix<Scalar> operator()(const Input<Scalar>& x, Index samples = 1, const State& initial = {}) && {
    Wavefront& self = *this;
    return self(x, samples, initial);
  }

  /// The state after the last call's steps. It may be the next call's `initial`.
  const State& final_state() const { return final_state_; }

 private:
  /// A layer, and its pass over the steps of a chunk, from the state that it left behind the chunk before.
  struct Stage {
    Index outputs;
    std::function<Output<Scalar>(const Input<Scalar>& x, Index chunk)> run;
    std::array<std::optional<Output<Scalar>>, 2> y = {};  // of even and odd chunks
  };

  Output<Scalar> output() const { return {y_.data(), y_.rows(), y_.cols()}; }

  void run(std::vector<Stage>& stages, const Input<Scalar>& x, Index samples) {
    const Index layers = static_cast<Index>(stages.size()), members = (std::min)(layers, Index(pool_->size()));
    const Index columns = samples * steps_of_a_chunk(x.cols() / samples, members);
    const Index chunks = (std::max)(Index(1), (x.cols() + columns - 1) / columns);
    detail::resize(y_, stages.back().outputs != 0 ? stages.back().outputs : x.rows(), x.cols());
    detail::run_team(pool_.get(), members, [&](const detail::Member& member) {
      const detail::Range mine = member.part(layers);
      for (Index wave = 0; wave < chunks + member.members() - 1; ++wave) {
        const Index chunk = wave - member.index(), begin = chunk * columns;
        for (Index k = mine.first; chunk >= 0 && chunk < chunks && k < mine.end(); ++k) {
          const auto layer = static_cast<std::size_t>(k), parity = static_cast<std::size_t>(chunk % 2);
          const Input<Scalar> chunk_x = k == 0 ? x.middleCols(begin, (std::min)(columns, x.cols() - begin))
                                               : Input<Scalar>(*stages[layer - 1].y[parity]);
          const auto& y = stages[layer].y[parity].emplace(stages[layer].run(chunk_x, chunk));
          if (k == layers - 1) y_.middleCols(begin, y.cols()) = y;
        }
        member.wait();
      }
    });
    const auto end = [](const auto&, const auto& tape, auto& state) { state = tape.final_state; };
    detail::each_link(end, packed_, chunks % 2 == 1 ? even_ : odd_, final_state_);
  }

  /// Few, so that all members soon work side by side; enough for them to work longer than they wait for one another.
  static Index steps_of_a_chunk(Index steps, Index members) {
    return std::clamp<Index>(steps / (16 * members), 16, 1024);
  }

  Packed packed_;
  std::shared_ptr<ThreadPool> pool_;
  typename Packed::Tape even_, odd_;  // of even and odd chunks: a layer writes one while the next layer reads the other
  State final_state_;
  Matrix<Scalar> y_;  // O x (T*B)
};

}  // namespace unroll::inline UNROLL_TARGET
