#pragma once

#include <algorithm>
#include <chrono>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>

#include "row.hpp"

/// The conversation with compare.py, one line each way (peers/protocol.py is the same for Python):
///
///   (start)                           hello NAME AND VERSION
///   prepare lstm,train,64,128,100,32  ready | no REASON           builds, warms up, counts repetitions
///   run                               seconds 0.00123             one measurement, seconds a call
///   check FILE                        ready                       results of one call as raw floats
///
/// and what else a contestant knows by name; `error REASON` where something fails. It ends with its input.
namespace bench {

/// One prepared row.
struct Job {
  std::function<void()> call;
  std::function<std::vector<float>()> check;  ///< results in PyTorch's layout: y, or y and gradients, or moves
  double steps_per_call = 1;
};

/// Says why a contestant leaves a row out.
struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Takes a result, so that the compiler makes it.
inline void keep(float result) { asm volatile("" : : "g"(result) : "memory"); }

inline double seconds_of(const std::function<void()>& call, long repetitions) {
  const auto start = std::chrono::steady_clock::now();
  for (long i = 0; i < repetitions; ++i) call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class Server {
 public:
  std::function<Job(const Row&)> prepare;
  std::function<std::string(const std::string& command, const std::string& argument)> other;

  int serve(const std::string& name) {
    std::cout << "hello " << name << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
      const std::size_t space = line.find(' ');
      const std::string argument = space == std::string::npos ? "" : line.substr(space + 1);
      try {
        std::cout << answer(line.substr(0, space), argument) << std::endl;
      } catch (const Unsupported& reason) {
        std::cout << "no " << reason.what() << std::endl;
      } catch (const std::exception& error) {
        std::cout << "error " << error.what() << std::endl;
      }
    }
    return 0;
  }

 private:
  /// Enough calls to last this long, so that a measurement is no shorter than the machine's own noise.
  static constexpr double measurement = 0.08;

  std::string answer(const std::string& command, const std::string& argument) {
    if (command == "prepare") {
      job_ = {};  // the old row's memory is given back first
      job_ = prepare(parse_row(argument));
      warm_up();
      return "ready";
    }
    if (command == "run" || command == "check") {
      if (!job_.call) throw std::logic_error("nothing is prepared");
      if (command == "run") return "seconds " + run();
      write(argument, job_.check());
      return "ready";
    }
    return other ? other(command, argument) : throw std::invalid_argument("unknown command '" + command + "'");
  }

  void warm_up() {
    job_.call();
    repetitions_ = 1;
    for (;;) {
      const double seconds = seconds_of(job_.call, repetitions_);
      if (seconds >= measurement) break;
      const double factor = seconds > 0 ? 1.2 * measurement / seconds : 10;
      repetitions_ = static_cast<long>(static_cast<double>(repetitions_) * std::min(factor, 10.0)) + 1;
    }
  }

  std::string run() {
    for (double waking = 0; waking < measurement / 8;) waking += seconds_of(job_.call, 1);  // caches, clock frequency
    std::ostringstream text;
    text.precision(9);
    text << seconds_of(job_.call, repetitions_) / (static_cast<double>(repetitions_) * job_.steps_per_call);
    return text.str();
  }

  static void write(const std::string& path, const std::vector<float>& values) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(float)));
    if (!file) throw std::runtime_error("cannot write " + path);
  }

  Job job_;
  long repetitions_ = 1;
};

}  // namespace bench
