#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <vector>

#include "unroll/core/parameters.hpp"

/// What the fuzzers assert with, and compare by.

inline void check(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

/// Every byte of what a `visit` shows. Numbers, and what holds them: no pointer, no padding.
struct Bytes {
  std::string all;

  template <class Part>
  void operator()(const std::string& name, const Part& part) {
    if constexpr (requires { part.tensor; }) {
      (*this)(name, part.tensor);
    } else if constexpr (requires { part.data(); }) {
      add(part.data(), static_cast<std::size_t>(part.size()) * sizeof(*part.data()));
    } else if constexpr (requires { typename Part::mapped_type; }) {
      for (const auto& [key, column] : part) {
        add(key.data(), key.size());
        (*this)(name, column);
      }
    } else {
      static_assert(std::has_unique_object_representations_v<Part> || std::is_same_v<Part, double>);
      add(&part, sizeof(part));
    }
  }
  void add(const void* from, std::size_t size) {
    if (size > 0) all.append(static_cast<const char*>(from), size);
  }
};

template <class Value>
std::string bytes_of(const Value& value) {
  Bytes bytes;
  unroll::for_each_tensor(bytes, value);
  return bytes.all;
}
