// Several layers of LSTM, one fed by the other.
#include "recurrent_rows.hpp"

namespace bench {

Job stack_job_of(const Row& row, int threads) {
  using unroll::cells::Lstm;
  if (row.cell != "lstm") throw Unsupported("stacks are compiled for lstm");
  return recurrent_job(row, threads, [](const Row& of) {
    std::vector<unroll::Recurrent<Lstm>> layers;
    for (std::int64_t k = 0; k < of.layers; ++k) layers.push_back(layer_of<Lstm>(of, Weights(of, k)));
    return unroll::Stack(std::move(layers));
  });
}

}  // namespace bench
