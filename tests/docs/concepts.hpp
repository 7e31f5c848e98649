// What docs/concepts.md takes as given.
#include <unroll/unroll.hpp>

namespace page {

using namespace unroll;

inline constexpr Index B = 5, batch = B;
inline Random random(1);
inline const Matrix<float> x(3, 2 * B), target(1, 2 * B), d_y(16, 2 * B);

inline const Lstm<float> lstm(3, 16, random);
inline Lstm<float> gradient = zeros_like(lstm);

using Model = Sequential<Lstm<float>, Dense<float>>;
inline Model model{lstm, Dense<float>(16, 1, random)};

inline const StreamWindows<float> data(x, target, 2, 1);
inline TrainingState state(model, Adam(model), random);

}  // namespace page
