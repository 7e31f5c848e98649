// Streams of compile-time sizes: those of the benchmark's rows, LSTM and GRU.
#include "stream_rows.hpp"

namespace bench {

namespace {

template <class Cell, int... Hidden>
Job pick(const Row& row) {
  Job job;
  ((row.hidden == Hidden ? void(job = stream_job<Cell, 1, Hidden>(row)) : void()), ...);
  if (!job.call) throw Unsupported("compiled for I = 1 and H = 8, 16, 24, 32, 40, 64, 128");
  return job;
}

}  // namespace

Job fixed_stream_job_of(const Row& row) {
  require_one_sample(row);
  if (row.cell == "rnn" || row.input != 1) throw Unsupported("compiled for lstm and gru with I = 1");
  if (row.cell == "lstm") return pick<unroll::cells::Lstm, 8, 16, 24, 32, 40, 64, 128>(row);
  return pick<unroll::cells::Gru, 8, 16, 24, 32, 40, 64, 128>(row);
}

}  // namespace bench
