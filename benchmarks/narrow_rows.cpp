// Inference with the weights of an LSTM in fewer bits: fwd_bfloat16 and fwd_int8.
#include "recurrent_rows.hpp"

namespace bench {

Job narrow_job_of(const Row& row, int threads) {
  if (row.cell != "lstm" || row.layers > 1) throw Unsupported("fewer bits are compiled for one layer of lstm");
  return job_on(threads, OneLayer<unroll::cells::Lstm>(), [&](const auto& make) {
    if (row.kind == "fwd_bfloat16") return inference_job<unroll::Bfloat16>(row, make);
    if (row.kind == "fwd_int8") return inference_job<unroll::Int8>(row, make);
    throw std::invalid_argument("unknown kind '" + row.kind + "'");
  });
}

}  // namespace bench
