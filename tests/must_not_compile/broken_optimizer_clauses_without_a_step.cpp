// expect: an optimizer needs `void step(Model& model, const Model& gradient)`
#include "unroll/testing/optimizer_contract.hpp"

using Model = unroll::Dense<double>;

struct Still {
  struct Options {
    double learning_rate = 0;
  };
  Options options;

#ifdef UNROLL_MUST_COMPILE
  void step(Model& model, const Model& gradient) { model.bias -= options.learning_rate * gradient.bias; }
#else
  void step(Model& model) { model.bias *= 1 - options.learning_rate; }
#endif
};

int main() {
  return unroll::testing::broken_optimizer_clauses([](const Model&) { return Still(); }).empty();
}
