#pragma once

#include <memory>
#include <unroll/layers/chain.hpp>
#include <unroll/layers/dense.hpp>
#include <unroll/layers/stream.hpp>

#include "recurrent_rows.hpp"

/// stream: a recurrent layer and a dense head of one output, one step a call, as in an audio thread.
namespace bench {

/// Steps in a call of the job; the time is of one.
inline constexpr std::int64_t streamed_steps = 1024;

template <class Cell, int I = unroll::Dynamic, int H = unroll::Dynamic>
Job stream_job(Row row) {
  row.steps = std::max(streamed_steps, row.steps);
  const Data data(row);
  auto layer = layer_of<Cell, I, H>(row, data);
  auto head = unroll::Dense < float, H, H == unroll::Dynamic ? unroll::Dynamic : 1 > ::zeros(row.hidden, 1);
  const float bound = Data::weight_bound(row);
  const auto weight = numbers(Tensor::dense_weight, static_cast<std::size_t>(row.hidden), bound);
  head.weight = Eigen::Map<const unroll::Matrix<float>>(weight.data(), 1, row.hidden);
  head.bias.setConstant(numbers(Tensor::dense_bias, 1, bound)[0]);

  const unroll::Sequential model{std::move(layer), std::move(head)};
  const auto stream = std::make_shared<unroll::Stream<std::remove_const_t<decltype(model)>>>(model);
  const unroll::Matrix<float> x = Eigen::Map<const unroll::Matrix<float>>(data.x.data(), row.input, row.steps);
  const auto step = [stream, x](unroll::Index t) {
    return (x.rows() == 1 ? stream->step(x(0, t)) : stream->step(x.col(t)))[0];
  };
  return {[step] {
            for (unroll::Index t = 0; t < streamed_steps; ++t) keep(step(t));
          },
          [step, stream] {
            stream->reset();
            std::vector<float> results;
            for (unroll::Index t = 0; t < 16; ++t) results.push_back(step(t));
            return results;
          },
          static_cast<double>(streamed_steps)};
}

inline void require_one_sample(const Row& row) {
  if (row.batch != 1) throw Unsupported("a stream takes one sample a step: B is " + std::to_string(row.batch));
}

inline Job stream_job_of(const Row& row) {
  require_one_sample(row);
  if (row.cell == "rnn") return stream_job<unroll::cells::Rnn>(row);
  if (row.cell == "lstm") return stream_job<unroll::cells::Lstm>(row);
  return stream_job<unroll::cells::Gru>(row);
}

/// The same with sizes that the compiler knows (stream_fixed.cpp).
Job fixed_stream_job_of(const Row& row);

}  // namespace bench
