// Writes the model that the programs beside this one run, as a header.
#include "unroll/inference.hpp"
#include "unroll/io/export_header.hpp"

using namespace unroll;

int main(int, char** argv) {
  Random random(1);
  const Sequential model{Lstm<float>(1, 16, random), Dense<float>(16, 1, random)};
  export_header(model, "pedal", std::filesystem::path(argv[1]));
}
