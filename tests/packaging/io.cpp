#include <iostream>
#include <unroll/io/save.hpp>
#include <unroll/unroll.hpp>

// In second.cpp: another file of the same program that includes the library.
double train(const unroll::Matrix<double>& x, const unroll::Matrix<double>& target);

int main() {
  unroll::Random random(1);
  const unroll::Lstm<float> saved(2, 3, random);
  auto loaded = unroll::Lstm<float>::zeros(2, 3);
  unroll::save(saved, "model.safetensors");
  unroll::load(loaded, "model.safetensors");
  std::cout << unroll::describe("model.safetensors").text() << "loss "
            << train(unroll::Matrix<double>::Ones(3, 4), unroll::Matrix<double>::Zero(5, 4)) << "\n";
  return loaded.weight_hh == saved.weight_hh ? 0 : 1;
}
