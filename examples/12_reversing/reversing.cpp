// An encoder and a decoder with attention. One LSTM reads a string, another says it backwards, letter by letter, and
// looks back at what the first one made of each letter. `fit` trains the two by an objective of its own
// (reverser.hpp); the attention with its way back stands in attention.hpp. Built by `./run demo`, then:
//
//   build/demo/examples/reversing
//   build/demo/examples/reversing --say "hello world"
//
// Asked for are strings that the network has not met, whole: one wrong letter makes a string wrong. It says them alone,
// each letter after those it said itself. Takes about 10 s on one core.

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <unroll/unroll.hpp>

#include "reverser.hpp"
#include "support/program.hpp"

using unroll::Index, unroll::Matrix;
using Model = Reverser<float>;

constexpr Index alphabet = 27;  // a to z and a space

struct Options {
  std::uint64_t seed = 1;
  std::string say = "recurrent";
  Index longest = 12, hidden = 64, epochs = 10;
  bool quick = false;
};

/// What the model says to strings side by side, letter by letter: at each step the one it finds likeliest.
Matrix<float> reversed(const Model& model, const Matrix<float>& forwards, Index size) {
  const unroll::Batch batch{.size = size, .record = false};
  Model::Reader::Tape encoded, decoded;
  AttentionHead<float>::Tape looked;
  const auto keys = model.encoder.forward(forwards, encoded, batch);
  auto state = encoded.final_state;
  Matrix<float> said = Matrix<float>::Constant(1, size, alphabet), all(1, forwards.cols());
  for (Index t = 0; t < forwards.cols() / size; ++t) {
    const auto queries = model.decoder.forward(said, decoded, batch, state);
    state = decoded.final_state;
    const auto y = model.head.forward(keys, queries, looked, batch);
    for (Index b = 0, letter; b < size; ++b) {
      y.col(b).maxCoeff(&letter);
      said(0, b) = static_cast<float>(letter);
    }
    all.middleCols(t * size, size) = said;
  }
  return all;
}

/// The share of strings that are right from the first letter to the last.
double exact(const Model& model, const RandomStrings<float>& data) {
  const auto order = data.order({});
  double right = 0;
  for (Index k = 0; k < data.batches(); ++k) {
    const auto s = data.example(k, order);
    const Matrix<float> off = (reversed(model, s.forwards, s.size) - s.backwards).cwiseAbs();
    right += static_cast<double>((off.reshaped(s.size, off.cols() / s.size).rowwise().sum().array() == 0).count());
  }
  return right / static_cast<double>(data.batches() * data.size);
}

std::string say(const Model& model, const std::string& text) {
  Matrix<float> x(1, static_cast<Index>(text.size()));
  for (std::size_t t = 0; t < text.size(); ++t)
    x(0, static_cast<Index>(t)) = static_cast<float>(text[t] == ' ' ? alphabet - 1 : text[t] - 'a');
  std::string answer;
  const Matrix<float> said = reversed(model, x, 1);
  for (const float letter : said.reshaped())
    answer += static_cast<Index>(letter) == alphabet - 1 ? ' ' : static_cast<char>('a' + static_cast<int>(letter));
  return answer;
}

void run(const Options& o) {
  const RandomStrings<float> lessons{alphabet, o.longest, 32, 200}, others{alphabet, o.longest, 50, 10};
  unroll::Random random(o.seed);
  const Model model(alphabet, o.hidden, random);
  unroll::TrainingState state(model, unroll::Adam(model), random);
  std::printf("strings of 1 to %td letters, %td weights\n%5s %14s %14s\n", o.longest, unroll::parameter_count(model),
              "epoch", "cross-entropy", "strings right");
  const auto tell = [&](unroll::FitProgress& now) {
    if (!now.epoch_done) return;
    std::printf("%5td %14.4f %13.1f%%\n", now.epoch, now.loss, 100 * exact(state.model, others));
    std::fflush(stdout);
  };
  const auto report = unroll::fit(
      state, lessons, TeacherForcing<float>(),
      {.epochs = o.epochs, .clip_norm = 1, .schedule = unroll::CosineRate{5e-3, o.epochs}, .observers = {tell}});
  if (report.end == unroll::FitEnd::not_finite) throw std::runtime_error(report.problem);
  std::printf("\"%s\" backwards: \"%s\"\n", o.say.c_str(), say(state.model, o.say).c_str());
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("An encoder and a decoder with attention say strings backwards.", "reversing");
  const CLI::Validator in_letters(
      [](std::string& text) {
        const bool fits = !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz ") == text.npos;
        return fits ? std::string() : "expected letters from a to z and spaces, got '" + text + "'";
      },
      "TEXT");
  app.add_option("--seed", o.seed, "of weights and strings")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--say", o.say, "what to say backwards at the end")->check(in_letters)->capture_default_str();
  app.add_option("--longest", o.longest, "string to learn from")->check(CLI::Range(1, 100))->capture_default_str();
  app.add_option("--hidden", o.hidden, "units of encoder and decoder")
      ->check(CLI::Range(1, 512))
      ->capture_default_str();
  auto* epochs =
      app.add_option("--epochs", o.epochs, "of 6400 strings")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_flag("--quick", o.quick, "two epochs, which are too few")->excludes(epochs);
  return run_program(app, argc, argv, [&] {
    if (o.quick) o.epochs = 2;
    run(o);
  });
}
