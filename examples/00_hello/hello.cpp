// A network that answers with what it heard three steps ago. Takes a second. `./run demo`, then
// build/demo/examples/hello
#include <cstdio>
#include <unroll/unroll.hpp>
using namespace unroll;

int main() {
  Random random(1);
  Matrix<float> heard(1, 2000), answer = Matrix<float>::Zero(1, 2000);  // a row of numbers, a column a step
  for (Index t = 0; t < heard.cols(); ++t) heard(0, t) = static_cast<float>(random.uniform());
  answer.rightCols(1997) = heard.leftCols(1997);

  Sequential model{Gru<float>(1, 16, random), Dense<float>(16, 1, random)};
  const StreamWindows<float> data(heard, answer, 10, 25);  // 10 streams side by side, in windows of 25 steps
  TrainingState state(model, Adam(model, {.learning_rate = 0.02}), random);
  for (Index epochs = 25; epochs <= 100; epochs += 25) {
    fit(state, data, mean_squared_error, {.epochs = epochs, .clip_norm = 1});
    std::printf("epoch %3d: loss %.5f\n", static_cast<int>(epochs), state.history.loss.back());
  }

  Stream stream(state.model);  // one step at a time; the state is the memory
  for (const float x : {0.5f, 0.1f, 0.9f, 0.3f, 0.7f, 0.2f, 0.6f, 0.4f})
    std::printf("heard %.1f, says %.1f\n", static_cast<double>(x), static_cast<double>(stream.step(x)[0]));
}
