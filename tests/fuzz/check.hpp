#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "unroll/core/parameters.hpp"

/// What the fuzzers assert with, and compare by.

inline void check(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

/// Every byte of what a `visit` shows.
struct Bytes {
  std::string all;

  template <class Part>
  void operator()(const std::string&, const Part& part) {
    if constexpr (requires { part.data(); })
      add(part.data(), static_cast<std::size_t>(part.size()) * sizeof(*part.data()));
    else
      add(&part, sizeof(part));
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
