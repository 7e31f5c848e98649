// An encoder and a decoder with attention. One LSTM reads a string, another says it backwards, letter by letter, and
// looks back at what the first one made of each letter. `fit` trains the two by an objective of its own
// (reverser.hpp); the attention with its way back stands in attention.hpp. Built by `./run demo`, then:
//
//   build/demo/examples/reversing
//   build/demo/examples/reversing --say "hello world" --beam 8
//   build/demo/examples/reversing --plot pictures
//
// Asked for are strings that the network has not met, whole: one wrong letter makes a string wrong. It says them alone,
// each letter after those it said itself: the likeliest one at each step, or by a beam search the likeliest string that
// a few candidates lead to. Takes about 15 s on one core.

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unroll/unroll.hpp>
#include <vector>

#include "reverser.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using unroll::Index, unroll::Matrix;
using Model = Reverser<float>;

constexpr Index alphabet = 27;  // a to z and a space

struct Options {
  std::uint64_t seed = 1;
  std::string say = "recurrent", plot;
  Index longest = 12, hidden = 64, epochs = 10, beam = 4;
  bool quick = false;
};

/// What the model says to a string, 1 x T, letter by letter: the likeliest answer that a beam search finds. A beam of
/// one is greedy: at each step the likeliest letter.
std::vector<Index> say(const Model& model, const Matrix<float>& letters, Index beam) {
  Model::Reader::Tape encoded;
  AttentionHead<float>::Tape looked;
  const auto keys = model.encoder.forward(letters, encoded, {}, {}, {.record = false});
  unroll::Stream decoder(model.decoder);
  if (!decoder.restore(encoded.final_state)) throw std::logic_error("encoder and decoder have states of other shapes");
  const auto next = [&](auto& stream, Index letter) -> unroll::Vector<float> {
    return model.head.forward(keys, stream.step(letter), looked, {});
  };
  return unroll::beam_search(decoder, alphabet, next, {.width = beam, .steps = letters.cols()})[0].tokens;
}

/// The share of strings that are right from the first letter to the last.
double exact(const Model& model, const RandomStrings<float>& data, Index beam) {
  const auto order = data.order({});
  Index right = 0;
  for (Index k = 0; k < data.batches(); ++k) {
    const auto s = data.example(k, order);
    const auto asked = s.forwards.reshaped(s.size, s.forwards.cols() / s.size);
    const auto wanted = s.backwards.reshaped(asked.rows(), asked.cols());
    for (Index b = 0; b < s.size; ++b)
      right += unroll::token_row(say(model, asked.row(b), beam), alphabet) == wanted.row(b);
  }
  return static_cast<double>(right) / static_cast<double>(data.batches() * data.size);
}

char letter_of(Index number) { return "abcdefghijklmnopqrstuvwxyz "[number]; }

/// Draws how much of each letter of the text was looked at when each letter of the answer was said.
void draw_attention(const Model& model, const std::string& text, const Matrix<float>& letters,
                    const std::vector<Index>& said, const std::string& folder) {
  Matrix<float> before = Matrix<float>::Constant(1, letters.cols(), alphabet);
  before.rightCols(letters.cols() - 1) = unroll::token_row(said, alphabet).leftCols(letters.cols() - 1);
  Model::Reader::Tape encoded, decoded;
  AttentionHead<float>::Tape looked;
  const auto keys = model.encoder.forward(letters, encoded, {});
  model.head.forward(keys, model.decoder.forward(before, decoded, {}, encoded.final_state), looked, {});
  {
    auto file = open_csv(folder, "reversing");
    file << "said";
    for (const char letter : text) file << ',' << letter;
    for (std::size_t t = 0; t < said.size(); ++t) {
      file << '\n' << letter_of(said[t]);
      for (const float share : looked.shares[0].col(static_cast<Index>(t))) file << ',' << share;
    }
    file << '\n';
  }
  draw(folder, "reversing", UNROLL_EXAMPLE_FOLDER "/reversing.gp", std::cout);
}

void run(const Options& o) {
  const RandomStrings<float> lessons{alphabet, o.longest, 32, 200}, others{alphabet, o.longest, 50, 10};
  unroll::Random random(o.seed);
  const Model model(alphabet, o.hidden, random);
  unroll::TrainingState state(model, unroll::Adam(model), random);
  std::printf("strings of 1 to %td letters, %td weights\n%35s\n%5s %14s %14s %13s %td\n", o.longest,
              unroll::parameter_count(model), "strings right", "epoch", "cross-entropy", "greedy", "beam of", o.beam);
  const auto tell = [&](unroll::FitProgress& now) {
    if (!now.epoch_done) return;
    std::printf("%5td %14.4f %13.1f%% %14.1f%%\n", now.epoch, now.loss, 100 * exact(state.model, others, 1),
                100 * exact(state.model, others, o.beam));
    std::fflush(stdout);
  };
  unroll::fit(
      state, lessons, TeacherForcing<float>(),
      {.epochs = o.epochs, .clip_norm = 1, .schedule = unroll::CosineRate{5e-3, o.epochs}, .observers = {tell}});

  std::vector<Index> numbers;
  for (const char letter : o.say) numbers.push_back(letter == ' ' ? alphabet - 1 : letter - 'a');
  const auto letters = unroll::token_row(numbers, alphabet);
  const auto said = say(state.model, letters, o.beam);
  std::string answer;
  for (const Index letter : said) answer += letter_of(letter);
  std::printf("\"%s\" backwards: \"%s\"\n", o.say.c_str(), answer.c_str());
  std::fflush(stdout);
  if (!o.plot.empty()) draw_attention(state.model, o.say, letters, said, o.plot);
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
  app.add_option("--beam", o.beam, "answers that are kept at every letter")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--plot", o.plot, "folder for the numbers and the picture of what is looked at");
  auto* epochs =
      app.add_option("--epochs", o.epochs, "of 6400 strings")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_flag("--quick", o.quick, "two epochs, which are too few")->excludes(epochs);
  return run_program(app, argc, argv, [&] {
    if (o.quick) o.epochs = 2;
    run(o);
  });
}
