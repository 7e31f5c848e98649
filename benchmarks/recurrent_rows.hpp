#pragma once

#include <latch>
#include <memory>
#include <unroll/layers/chain.hpp>
#include <unroll/layers/parallel.hpp>
#include <unroll/layers/predictor.hpp>
#include <unroll/layers/recurrent_layers.hpp>
#include <unroll/optimizers/adam.hpp>
#include <unroll/training/clipping.hpp>

#include "pin.hpp"
#include "protocol.hpp"

/// fwd, train and step of recurrent layers.
namespace bench {

/// Where PyTorch's gates are among ours, as blocks of H rows: weight_ih, weight_hh, and both biases.
template <class Cell>
struct GateOrder;
template <>
struct GateOrder<unroll::cells::Rnn> {
  static constexpr std::array ih{0}, hh{0}, bias_ih{0}, bias_hh{0};
};
template <>
struct GateOrder<unroll::cells::Lstm> {
  static constexpr std::array ih{0, 1, 2, 3}, hh{0, 1, 2, 3}, bias_ih{0, 1, 2, 3}, bias_hh{0, 1, 2, 3};
};
template <>
struct GateOrder<unroll::cells::Gru> {  // r z n; ours: n r z, r z hn, n r z hn
  static constexpr std::array ih{1, 2, 0}, hh{0, 1, 2}, bias_ih{1, 2, 0}, bias_hh{1, 2, 3};
};

/// Calls f(our block of rows, PyTorch's block) for each gate of a weight or bias whose rows are gates x H.
template <class Order, class Tensor, class F>
void for_each_gate(const Order& order, Tensor& tensor, unroll::Index hidden, F f) {
  unroll::Index theirs = 0;
  for (const int ours : order) f(tensor.middleRows(ours * hidden, hidden), hidden * theirs++);
}

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstRowMajor = Eigen::Map<const RowMajor>;

/// A layer with the parameters that every contestant has.
template <class Cell, int I = unroll::Dynamic, int Hidden = unroll::Dynamic>
auto layer_of(const Row& row, const Weights& weights) {
  using Order = GateOrder<Cell>;
  const unroll::Index H = row.hidden, rows = static_cast<unroll::Index>(weights.bias_ih.size());
  const unroll::Index inputs = static_cast<unroll::Index>(weights.weight_ih.size()) / rows;
  auto layer = unroll::Recurrent<Cell, float, I, Hidden>::zeros(inputs, H);
  const auto add = [&](const auto& order, auto& tensor, const std::vector<float>& from) {
    const ConstRowMajor theirs(from.data(), rows, tensor.cols());
    for_each_gate(order, tensor, H, [&](auto block, unroll::Index at) { block += theirs.middleRows(at, H); });
  };
  add(Order::ih, layer.weight_ih, weights.weight_ih);
  add(Order::hh, layer.weight_hh, weights.weight_hh);
  add(Order::bias_ih, layer.bias, weights.bias_ih);
  add(Order::bias_hh, layer.bias, weights.bias_hh);
  return layer;
}

/// The weights of a layer or of a gradient in PyTorch's layout, behind what `to` holds.
template <class Cell>
void append_weights(const unroll::Recurrent<Cell>& layer, std::vector<float>& to) {
  using Order = GateOrder<Cell>;
  const auto append = [&](const auto& order, const auto& tensor) {
    for_each_gate(order, tensor, layer.hidden_size(), [&](const auto& block, unroll::Index) {
      const RowMajor rows = block;
      to.insert(to.end(), rows.data(), rows.data() + rows.size());
    });
  };
  append(Order::ih, layer.weight_ih);
  append(Order::hh, layer.weight_hh);
  append(Order::bias_ih, layer.bias);
  append(Order::bias_hh, layer.bias);
}

template <class Layer>
void append_weights(const unroll::Stack<Layer>& stack, std::vector<float>& to) {
  for (const Layer& layer : stack.layers) append_weights(layer, to);
}

template <class Layer>
void append_weights(const unroll::Parallel<Layer>& layer, std::vector<float>& to) {
  append_weights(layer.model, to);
}

/// One layer and all that a training step of it needs.
template <class Layer>
struct Training {
  Layer layer;
  typename Layer::Tape tape;
  Layer gradient;
  unroll::Adam<Layer> adam;
  unroll::Batch batch;

  Training(Layer model, unroll::Index batch_size)
      : layer(std::move(model)),
        gradient(zeros_like(layer)),
        adam(layer, {.learning_rate = timed_learning_rate}),
        batch{.size = batch_size} {}

  auto forward_and_backward(const unroll::Input<float>& x, const unroll::Input<float>& d_y) {
    layer.forward(x, tape, batch);
    set_zero(gradient);
    return layer.backward(x, d_y, tape, gradient);
  }

  void step(const unroll::Input<float>& x, const unroll::Input<float>& d_y) {
    forward_and_backward(x, d_y);
    clip_by_global_norm(gradient, clip_norm);
    adam.step(layer, gradient);
  }
};

/// A pool whose threads have a processor each.
inline std::shared_ptr<unroll::ThreadPool> pinned_pool(int threads) {
  auto pool = std::make_shared<unroll::ThreadPool>(threads);
  std::latch all(threads);
  pool->run(threads, [&](unroll::Index i) {
    pin_thread(i);
    all.arrive_and_wait();  // a task each
  });
  return pool;
}

inline void append(const unroll::Input<float>& matrix, std::vector<float>& to) {
  to.insert(to.end(), matrix.data(), matrix.data() + matrix.size());
}

/// Numbers as a matrix with a column a sample and step.
inline unroll::Matrix<float> columns_of(const std::vector<float>& values, unroll::Index rows) {
  return Eigen::Map<const unroll::Matrix<float>>(values.data(), rows, static_cast<unroll::Index>(values.size()) / rows);
}

/// infer(x) of a row's x.
template <class Infer>
Job job_that_infers(const Row& row, const Infer& infer) {
  const auto x = std::make_shared<const unroll::Matrix<float>>(columns_of(Data(row).x, row.input));
  return {[x, infer] { infer(*x); },
          [x, infer] {
            std::vector<float> results;
            append(infer(*x), results);
            return results;
          }};
}

/// fwd: a Predictor with the weights in a storage. `make(row)` gives the model.
template <class Storage, class Make>
Job inference_job(const Row& row, const Make& make) {
  using Model = decltype(make(row));
  const auto predict = std::make_shared<unroll::Predictor<Model, Storage>>(make(row), Storage());
  return job_that_infers(row, [predict, batch = unroll::Batch{.size = row.batch}](const unroll::Matrix<float>& x) {
    return (*predict)(x, batch);
  });
}

/// train and step.
template <class Make>
Job training_job(const Row& row, const Make& make) {
  using Model = decltype(make(row));
  struct Bench {
    unroll::Matrix<float> x, d_y;
    Training<Model> training;
  };
  const Data data(row);
  const auto bench = std::make_shared<Bench>(
      Bench{columns_of(data.x, row.input), columns_of(data.d_y, row.hidden), {make(row), row.batch}});
  if (row.kind == "train") {
    return {[bench] { bench->training.forward_and_backward(bench->x, bench->d_y); },
            [bench] {
              Training<Model>& training = bench->training;
              std::vector<float> results;
              append(training.layer.forward(bench->x, training.tape, training.batch), results);
              append(training.forward_and_backward(bench->x, bench->d_y), results);
              append_weights(training.gradient, results);
              return results;
            }};
  }
  return {[bench] { bench->training.step(bench->x, bench->d_y); },
          [bench, row, make] {  // how far a first step moves the weights
            Training<Model> fresh(make(row), row.batch);
            fresh.adam.options.learning_rate = checked_learning_rate;
            std::vector<float> before, moves;
            append_weights(fresh.layer, before);
            fresh.step(bench->x, bench->d_y);
            append_weights(fresh.layer, moves);
            for (std::size_t i = 0; i < moves.size(); ++i) moves[i] -= before[i];
            return moves;
          }};
}

/// f(what makes the model of a row): itself on one thread, run by a pool on several.
template <class Make, class F>
Job job_on(int threads, const Make& make, const F& f) {
  if (threads == 1) return f(make);
  return f([make, pool = pinned_pool(threads)](const Row& row) { return unroll::Parallel(make(row), pool); });
}

template <class Make>
Job recurrent_job(const Row& row, int threads, const Make& make) {
  return job_on(threads, make, [&](const auto& on_threads) {
    if (row.kind == "fwd") return inference_job<unroll::Full>(row, on_threads);
    if (row.kind == "train" || row.kind == "step") return training_job(row, on_threads);
    throw std::invalid_argument("unknown kind '" + row.kind + "'");
  });
}

/// What makes a row's one layer.
template <class Cell>
struct OneLayer {
  auto operator()(const Row& row) const { return layer_of<Cell>(row, Weights(row)); }
};

inline Job recurrent_job_of(const Row& row, int threads) {
  if (row.cell == "rnn") return recurrent_job(row, threads, OneLayer<unroll::cells::Rnn>());
  if (row.cell == "lstm") return recurrent_job(row, threads, OneLayer<unroll::cells::Lstm>());
  return recurrent_job(row, threads, OneLayer<unroll::cells::Gru>());
}

/// Inference with weights in fewer bits (narrow_rows.cpp).
Job narrow_job_of(const Row& row, int threads);

/// Several layers (stack_rows.cpp).
Job stack_job_of(const Row& row, int threads);

}  // namespace bench
