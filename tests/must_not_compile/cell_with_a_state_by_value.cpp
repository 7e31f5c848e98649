// expect: a cell's forward takes std::array<V, N>& state
#include "unroll/unroll.hpp"

#ifdef UNROLL_MUST_COMPILE
template <class V>
using State = std::array<V, 1>&;
#else
template <class V>
using State = std::array<V, 1>;
#endif

struct Plain {
  static constexpr const char* name = "Plain";
  static constexpr std::array gate_names{"a"};
  static constexpr std::array state_names{"h"};

  template <class V>
  static void forward(std::array<V, 1>& gates, State<V> state) {
    state[0] = tanh(gates[0]);
  }
};

unroll::Recurrent<Plain> layer = unroll::Recurrent<Plain>::zeros(3, 4);
