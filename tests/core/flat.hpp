#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "unroll/core/parameters.hpp"

/// A model's parameters in a form that Catch2 compares and prints.

template <class Model>
std::vector<std::string> tensor_names(const Model& model) {
  std::vector<std::string> names;
  unroll::for_each_tensor([&](const std::string& name, const auto&) { names.push_back(name); }, model);
  return names;
}

/// Numbers that are printed by how many and how they begin.
struct Flat : std::vector<double> {
  using std::vector<double>::vector;

  friend std::ostream& operator<<(std::ostream& out, const Flat& numbers) {
    out << numbers.size() << " numbers:";
    for (std::size_t i = 0; i < numbers.size() && i < 12; ++i) out << " " << numbers[i];
    return out;
  }
};

/// All values, tensor after tensor, each column by column.
template <class Model>
Flat flat(const Model& model) {
  Flat values;
  const auto append = [&](const std::string&, const auto& tensor) {
    for (unroll::Index i = 0; i < tensor.size(); ++i) values.push_back(static_cast<double>(tensor.data()[i]));
  };
  unroll::for_each_tensor(append, model);
  return values;
}

/// The model with the values first, first + step, first + 2 step, ... in that order.
template <class Model>
Model counted(Model model, double first = 1, double step = 1) {
  const auto count = [&](const std::string&, auto& tensor) {
    using Scalar = typename std::remove_cvref_t<decltype(tensor)>::Scalar;
    for (unroll::Index i = 0; i < tensor.size(); ++i, first += step) tensor.data()[i] = static_cast<Scalar>(first);
  };
  unroll::for_each_tensor(count, model);
  return model;
}
