#pragma once

#include <latch>
#include <memory>
#include <unroll/layers/parallel.hpp>
#include <unroll/layers/predictor.hpp>
#include <unroll/layers/recurrent_layers.hpp>
#include <unroll/optimizers/adam.hpp>
#include <unroll/training/clipping.hpp>

#include "pin.hpp"
#include "protocol.hpp"

/// fwd, train and step of one recurrent layer.
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
auto layer_of(const Row& row, const Data& data) {
  using Order = GateOrder<Cell>;
  const unroll::Index H = row.hidden, rows = static_cast<unroll::Index>(data.bias_ih.size());
  auto layer = unroll::Recurrent<Cell, float, I, Hidden>::zeros(row.input, H);
  const auto add = [&](const auto& order, auto& tensor, const std::vector<float>& from) {
    const ConstRowMajor theirs(from.data(), rows, tensor.cols());
    for_each_gate(order, tensor, H, [&](auto block, unroll::Index at) { block += theirs.middleRows(at, H); });
  };
  add(Order::ih, layer.weight_ih, data.weight_ih);
  add(Order::hh, layer.weight_hh, data.weight_hh);
  add(Order::bias_ih, layer.bias, data.bias_ih);
  add(Order::bias_hh, layer.bias, data.bias_hh);
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

/// What makes the layer of a row: itself on one thread, run by a pool on several.
template <class Cell>
struct OneThread {
  auto operator()(const Row& row, const Data& data) const { return layer_of<Cell>(row, data); }
};
template <class Cell>
struct ManyThreads {
  std::shared_ptr<unroll::ThreadPool> pool;

  auto operator()(const Row& row, const Data& data) const { return unroll::Parallel(layer_of<Cell>(row, data), pool); }
};

template <class Make>
Job recurrent_job(const Row& row, const Make& make) {
  using Layer = decltype(make(row, Data(row)));
  struct Bench {
    unroll::Matrix<float> x, d_y;
    Training<Layer> training;
    unroll::Predictor<Layer> predict;

    auto infer() { return predict(x, training.batch); }

    Bench(const Row& r, const Data& data, const Make& make_layer)
        : x(Eigen::Map<const unroll::Matrix<float>>(data.x.data(), r.input, r.steps * r.batch)),
          d_y(Eigen::Map<const unroll::Matrix<float>>(data.d_y.data(), r.hidden, r.steps * r.batch)),
          training(make_layer(r, data), r.batch),
          predict(training.layer) {}
  };
  const auto bench = std::make_shared<Bench>(row, Data(row), make);
  const auto append = [](const auto& matrix, std::vector<float>& to) {
    to.insert(to.end(), matrix.data(), matrix.data() + matrix.size());
  };
  if (row.kind == "fwd") {
    return {[bench] { bench->infer(); },
            [bench, append] {
              std::vector<float> results;
              append(bench->infer(), results);
              return results;
            }};
  }
  if (row.kind == "train") {
    return {[bench] { bench->training.forward_and_backward(bench->x, bench->d_y); },
            [bench, append] {
              std::vector<float> results;
              append(bench->infer(), results);
              append(bench->training.forward_and_backward(bench->x, bench->d_y), results);
              append_weights(bench->training.gradient, results);
              return results;
            }};
  }
  if (row.kind == "step") {
    return {[bench] { bench->training.step(bench->x, bench->d_y); },
            [bench, row, make] {  // how far a first step moves the weights
              Training<Layer> fresh(make(row, Data(row)), row.batch);
              fresh.adam.options.learning_rate = checked_learning_rate;
              std::vector<float> before, moves;
              append_weights(fresh.layer, before);
              fresh.step(bench->x, bench->d_y);
              append_weights(fresh.layer, moves);
              for (std::size_t i = 0; i < moves.size(); ++i) moves[i] -= before[i];
              return moves;
            }};
  }
  throw std::invalid_argument("kind '" + row.kind + "', expected fwd, train, step, stream or stream_fixed");
}

template <class Cell>
Job recurrent_job_on(const Row& row, int threads) {
  if (threads == 1) return recurrent_job(row, OneThread<Cell>());
  return recurrent_job(row, ManyThreads<Cell>{pinned_pool(threads)});
}

inline Job recurrent_job_of(const Row& row, int threads) {
  if (row.cell == "rnn") return recurrent_job_on<unroll::cells::Rnn>(row, threads);
  if (row.cell == "lstm") return recurrent_job_on<unroll::cells::Lstm>(row, threads);
  return recurrent_job_on<unroll::cells::Gru>(row, threads);
}

}  // namespace bench
