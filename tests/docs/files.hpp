// What docs/files.md takes as given.
#include <iostream>
#include <unroll/io/export_header.hpp>
#include <unroll/io/pytorch.hpp>
#include <unroll/io/save.hpp>
#include <unroll/unroll.hpp>

namespace page {

using namespace unroll;

inline Random random(1);
using Model = Sequential<Lstm<float>, Dense<float>>;
inline Model model{Lstm<float>(3, 16, random), Dense<float>(16, 1, random)};

}  // namespace page
