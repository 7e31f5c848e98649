// expect: a Memoryless layer needs `void apply_back(const Input<S>& x, const Input<S>& y, const Input<S>& d_y
// within: 20 lines
#include "unroll/unroll.hpp"

using namespace unroll;

struct Twice : Memoryless<Twice, float> {
  static const char* name() { return "Twice"; }
  void apply(const Input<float>& x, WritableOutput<float> y) const { y = 2 * x; }
#ifdef UNROLL_MUST_COMPILE
  void apply_back(const Input<float>&, const Input<float>&, const Input<float>& d_y, Twice&,
#else
  void apply_back(const Input<float>&, const Input<float>& d_y, Twice&,
#endif
                  WritableOutput<float> d_x) const {
    d_x = 2 * d_y;
  }
};

int main() {
  Random random(1);
  Sequential model{Twice(), Dense<float>(3, 1, random)};
  TrainingState state(model, Adam(model), random);
  const std::vector<Matrix<float>> x(4, Matrix<float>::Ones(3, 5)), y(4, Matrix<float>::Ones(1, 5));
  fit(state, Sequences<float>(x, y, 2), mean_squared_error);
}
