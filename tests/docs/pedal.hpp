// In place of the header that `export_header` writes.
#include <unroll/unroll.hpp>

namespace pedal {

using Model = unroll::Sequential<unroll::Lstm<float, 1, 16>, unroll::Dense<float, 16, 1>>;

inline Model model() { return Model{unroll::Lstm<float, 1, 16>::zeros(), unroll::Dense<float, 16, 1>::zeros(16, 1)}; }

}  // namespace pedal
