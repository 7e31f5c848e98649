// Bytes as a file, for one reader: --reader=load, checkpoint, describe, load_pytorch, read_safetensors or read_csv.
// --seeds=FOLDER writes valid files to begin with. A reader may refuse by its documented exception, and then has
// changed nothing.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "fuzz/check.hpp"
#include "unroll/data/csv.hpp"
#include "unroll/io/pytorch.hpp"
#include "unroll/io/save.hpp"
#include "unroll/layers/chain.hpp"
#include "unroll/optimizers/adam.hpp"
#include "unroll/training/training_state.hpp"

using namespace unroll;

namespace {

using Model = Sequential<Lstm<float>, Dense<float>>;
using State = TrainingState<Model, Adam<Model>>;

const TorchNames torch_names{{"0", "lstm"}, {"1", "head"}};

Model fresh_model() {
  Random random(1);
  return Model{Lstm<float>(2, 3, random), Dense<float>(3, 1, random)};
}

State fresh_state() { return {fresh_model(), Adam(fresh_model()), Random(2)}; }

/// The input as a regular file that has a path.
class File {
 public:
  const std::string& hold(const std::string& content) const {
    check(ftruncate(descriptor_, 0) == 0, "the file is emptied");
    check(pwrite(descriptor_, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()),
          "the file is written");
    return path_;
  }

 private:
  int descriptor_ = memfd_create("fuzz", 0);
  std::string path_ = "/proc/self/fd/" + std::to_string(descriptor_);
};

/// read(value) takes all of the file, or throws format_error and leaves the value as it was.
template <class Value, class Read>
void all_or_nothing(const Value& clean, Read read) {
  Value value = clean;
  try {
    read(value);
  } catch (const format_error&) {
    check(bytes_of(value) == bytes_of(clean), "a refusal changes nothing");
  }
}

void fuzz_load(const std::string& content) {
  static const File file;
  static const Model clean = fresh_model();
  all_or_nothing(clean, [&](Model& model) { load(model, file.hold(content)); });
}

void fuzz_checkpoint(const std::string& content) {
  static const File file;
  static const State clean = fresh_state();
  all_or_nothing(clean, [&](State& state) { load(state, file.hold(content), {.round = true}); });
}

void fuzz_load_pytorch(const std::string& content) {
  static const File file;
  static const Model clean = fresh_model();
  all_or_nothing(clean, [&](Model& model) { load_pytorch(model, file.hold(content), torch_names); });
}

void fuzz_describe(const std::string& content) {
  static const File file;
  try {
    check(!describe(file.hold(content)).text().empty(), "a description says something");
  } catch (const format_error&) {
  }
}

void fuzz_read_safetensors(const std::string& content) {
  std::istringstream in(content);
  try {
    const TensorFile file = read_safetensors(in, "fuzz");
    std::size_t total = 0;
    for (const auto& [name, tensor] : file.tensors) total += tensor.bytes.size();
    check(total <= content.size(), "tensors are no more than the file");
  } catch (const format_error&) {
  }
}

void fuzz_read_csv(const std::string& content) {
  CsvOptions options;
  const int how = content.empty() ? 0 : content[0];
  options.header = (how & 1) == 0;
  options.separator = (how & 2) == 0 ? ',' : ';';
  std::istringstream in(content.substr(content.empty() ? 0 : 1));
  try {
    const Csv csv = read_csv(in, "fuzz", options);
    check(!*options.header || static_cast<Index>(csv.names.size()) == csv.values.rows(), "every row has a name");
  } catch (const std::runtime_error&) {
  }
}

using Reader = void (*)(const std::string&);
const std::map<std::string, Reader> readers{{"load", fuzz_load},
                                            {"checkpoint", fuzz_checkpoint},
                                            {"describe", fuzz_describe},
                                            {"load_pytorch", fuzz_load_pytorch},
                                            {"read_safetensors", fuzz_read_safetensors},
                                            {"read_csv", fuzz_read_csv}};
Reader reader = nullptr;

void write_seeds(const std::string& folder) {
  save(fresh_model(), folder + "/model");
  save(fresh_state(), folder + "/state");
  save_pytorch(fresh_model(), folder + "/pytorch", torch_names);
  std::ofstream(folder + "/csv") << "0a,b\n1,2\n-3e-1,\"4\"\n";
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  for (int i = 1; i < *count; ++i) {
    const std::string argument = (*arguments)[i];
    if (argument.starts_with("--reader=")) reader = readers.at(argument.substr(std::strlen("--reader=")));
    if (argument.starts_with("--seeds=")) {
      write_seeds(argument.substr(std::strlen("--seeds=")));
      std::exit(0);
    }
  }
  check(reader != nullptr, "--reader names a reader");
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  reader(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
