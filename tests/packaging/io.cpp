#include <iostream>
#include <unroll/io/save.hpp>

int main() {
  unroll::Random random(1);
  const unroll::Lstm<float> saved(2, 3, random);
  auto loaded = unroll::Lstm<float>::zeros(2, 3);
  unroll::save(saved, "model.safetensors");
  unroll::load(loaded, "model.safetensors");
  std::cout << unroll::describe("model.safetensors").text();
  return loaded.weight_hh == saved.weight_hh ? 0 : 1;
}
