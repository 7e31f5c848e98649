// Our contestant: compare.py starts it, talks to it as protocol.hpp says, and runs it beside the peers. By hand:
//
//   printf 'prepare lstm,train,64,128,100,32\nrun\npeak\n' | unroll_bench --threads 1
#include <cstring>

#include "memory.hpp"
#include "peak.hpp"
#include "stream_rows.hpp"

namespace {

bench::Job prepare(const bench::Row& row, int threads) {
  if (row.kind == "stream") return bench::stream_job_of(row);
  if (row.kind == "stream_fixed") return bench::fixed_stream_job_of(row);
  if (row.kind.starts_with("fwd_")) return bench::narrow_job_of(row, threads);
  if (row.layers > 1) return bench::stack_job_of(row, threads);
  return bench::recurrent_job_of(row, threads);
}

std::string other(const std::string& command, const std::string& argument, int threads) {
  if (command == "peak") return "gflops " + std::to_string(bench::peak_gflops(threads));
  if (command == "memory") return "bytes " + bench::memory_of_row(bench::parse_row(argument));
  throw std::invalid_argument("unknown command '" + command + "', expected prepare, run, check, peak or memory");
}

}  // namespace

int main(int argc, char** argv) {
  int threads = 1;
  if (argc == 3 && std::strcmp(argv[1], "--threads") == 0) threads = std::atoi(argv[2]);
  if ((argc != 1 && argc != 3) || threads < 1) {
    std::cerr << "usage: unroll_bench [--threads N] < commands\n";
    return 2;
  }
  bench::Server server;
  server.prepare = [threads](const bench::Row& row) { return prepare(row, threads); };
  server.other = [threads](const std::string& command, const std::string& argument) {
    return other(command, argument, threads);
  };
  return server.serve("unroll, built with " UNROLL_BENCH_FLAGS);
}
