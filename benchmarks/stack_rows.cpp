// Several layers of LSTM, one fed by the other.
#include <unroll/layers/wavefront.hpp>

#include "recurrent_rows.hpp"

namespace bench {

Job stack_job_of(const Row& row, int threads) {
  using unroll::cells::Lstm;
  if (row.cell != "lstm") throw Unsupported("stacks are compiled for lstm");
  using Model = unroll::Stack<unroll::Recurrent<Lstm>>;
  const auto make = [](const Row& of) {
    std::vector<unroll::Recurrent<Lstm>> layers;
    for (std::int64_t k = 0; k < of.layers; ++k) layers.push_back(layer_of<Lstm>(of, Weights(of, k)));
    return Model(std::move(layers));
  };
  if (row.kind == "fwd" && row.batch == 1 && row.hidden < 128 && threads > 1) {
    const auto predict = std::make_shared<unroll::Wavefront<Model>>(make(row), pinned_pool(threads));
    return job_that_infers(row, [predict](const unroll::Matrix<float>& x) { return (*predict)(x); });
  }
  return recurrent_job(row, threads, make);
}

}  // namespace bench
