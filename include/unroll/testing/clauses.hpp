#pragma once

#include <exception>
#include <string>
#include <vector>

#include "unroll/core/parameters.hpp"

namespace unroll::inline UNROLL_TARGET::testing::detail {

/// The base of what tests a contract: it collects the clauses that do not hold.
class Clauses {
 protected:
  void expect(bool holds, const std::string& what) {
    if (!holds) broken_.push_back(what);
  }
  template <class Error, class F>
  void expect_throw(F call, const std::string& what) {
    try {
      call();
    } catch (const Error&) {
      return;
    }
    broken_.push_back(what);
  }
  /// Calls `check`. What it throws stands among the clauses.
  template <class F>
  void clause(const std::string& name, F check) {
    try {
      check();
    } catch (const std::exception& error) {
      broken_.push_back(name + ": it throws \"" + error.what() + "\"");
    }
  }

  /// Whether all tensors have the same shapes and numbers.
  template <class Model>
  static bool same(const Model& a, const Model& b) {
    bool equal = true;
    const auto compare = [&](const std::string&, const auto& x, const auto& y) {
      equal = equal && x.rows() == y.rows() && x.cols() == y.cols() && x == y;
    };
    for_each_tensor(compare, a, b);
    return equal;
  }

  std::vector<std::string> broken_;
};

}  // namespace unroll::inline UNROLL_TARGET::testing::detail
