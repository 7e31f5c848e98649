// A character model: an LSTM reads a text letter by letter and learns how likely each letter is to come next; then it
// writes letters itself. Built by `./run demo`, then (ten seconds, most of them training):
//
//   build/demo/examples/characters
//   build/demo/examples/characters --text FILE --hidden 256 --temperature 0.5       any text in UTF-8, Chinese as well
//   build/demo/examples/characters --save run.safetensors                           Ctrl-C stops it any time, and then
//   build/demo/examples/characters --load run.safetensors --save run.safetensors    goes on from there
//
// The first 80% of the text are learned, the next 10% tell when to stop, the last 10% are the test. The text is cut
// into parallel streams that are read in short windows, and each window starts from the state that the one before left:
// the gradient goes back through one window only, but the memory goes on (unroll::StreamWindows).

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unroll/io/save.hpp>
#include <unroll/unroll.hpp>

#include "support/plot.hpp"
#include "support/program.hpp"
#include "text.hpp"

using unroll::Embedding, unroll::Lstm, unroll::Dropout, unroll::Dense;
using unroll::Index, unroll::Matrix;
using Model = unroll::Sequential<Embedding<float>, Lstm<float>, Dropout<float>, Dense<float>>;
using Training = unroll::TrainingState<Model, unroll::Adam<Model>>;

struct Options {
  std::string text = UNROLL_EXAMPLE_FOLDER "/sonnets.txt";
  Index hidden = 128, epochs = 60, patience = 6, length = 400;
  double temperature = 0.7;
  std::uint64_t seed = 1;
  bool quick = false;
  std::string load, save, plot;
};

constexpr Index embedded = 24;

Training fresh(const Text& text, const Options& o) {
  unroll::Random random(o.seed);
  const auto letters = static_cast<Index>(text.alphabet.size());
  const Model model{Embedding<float>(letters, embedded, random), Lstm<float>(embedded, o.hidden, random),
                    Dropout<float>(0.5), Dense<float>(o.hidden, letters, random)};
  return Training(model, unroll::Adam(model, {.learning_rate = 4e-3}), random);
}

/// Goes on with a run that was saved. Throws where it learned another alphabet.
void load(Training& state, const Text& text, const std::string& path) {
  const auto metadata = unroll::describe(path).metadata;
  const auto alphabet = metadata.find("alphabet");
  if (alphabet == metadata.end() || alphabet->second != text.alphabet_as_utf8())
    throw std::runtime_error(path + ": was trained on a text with other characters");
  unroll::load(state, path);
}

/// A text as what is read and what is to be told: the same, one character later.
unroll::StreamWindows<float> windows(const Matrix<float>& part, Index streams, Index window) {
  const Index n = part.cols() - 1;
  return {part.leftCols(n), part.rightCols(n), streams, window};
}

void train(Training& state, const unroll::Split<float>& split, const Options& o) {
  const Index streams = std::clamp<Index>(split.training.cols() / 500, 1, 16);
  unroll::Progress progress(stdout);
  unroll::StopOnInterrupt interrupt;
  const auto report = unroll::fit(state, windows(split.training, streams, 32), windows(split.validation, 1, 4096),
                                  unroll::softmax_cross_entropy,
                                  {.epochs = o.epochs,
                                   .clip_norm = 1,
                                   .patience = o.patience,
                                   .keep_best = true,
                                   .observers = {std::ref(progress), std::ref(interrupt)}});
  const char* why = report.end == unroll::FitEnd::asked       ? "as you asked"
                    : report.end == unroll::FitEnd::no_better ? "as it got no better"
                                                              : "as there were to be no more";
  std::printf("Stopped after %td epochs, %s.\n", state.epoch, why);
}

constexpr double bits = 1.4426950408889634;  // in a nat

/// Letters that a stream writes, each drawn from its probabilities to the power of 1 / temperature, and fed back.
std::string write(const Model& model, const Text& text, const Options& o) {
  unroll::Stream stream(model);
  unroll::Random random(o.seed);
  const auto line_end = text.alphabet.find(U'\n');
  auto letter = line_end == text.alphabet.npos ? 0 : line_end;
  std::string written;
  for (Index n = 0; n < o.length; ++n) {
    const Eigen::ArrayXd y = stream.step(letter).cast<double>();
    const Eigen::ArrayXd p = ((y - y.maxCoeff()) / o.temperature).exp();
    double rest = random.uniform() * p.sum();
    letter = 0;
    while (letter + 1 < text.alphabet.size() && (rest -= p[static_cast<Index>(letter)]) >= 0) ++letter;
    written += encode(text.alphabet[letter]);
  }
  return written;
}

/// Bits per character of every epoch, beside the counting models on the same, the validation part.
void plot(const Training& state, const unroll::Split<float>& split, std::size_t letters, const std::string& folder) {
  auto csv = open_csv(folder, "characters");
  csv << "epoch,training,validation,frequencies,two before\n";
  const double order_0 = counting_bits(split.training, split.validation, 0, letters);
  const double order_2 = counting_bits(split.training, split.validation, 2, letters);
  for (std::size_t k = 0; k < state.history.loss.size(); ++k)
    csv << k + 1 << ',' << bits * state.history.loss[k] << ',' << bits * state.history.validation_loss[k] << ','
        << order_0 << ',' << order_2 << '\n';
  csv.close();
  draw(folder, "characters", UNROLL_EXAMPLE_FOLDER "/characters.gp", std::cout);
}

void run(const Options& o) {
  if (std::isnan(o.temperature)) throw std::runtime_error("--temperature: found nan, expected a number");
  const Text text = read_text(o.text);
  const std::size_t letters = text.alphabet.size();
  const auto split = unroll::split_by_time(text.tokens, 0.1, 0.1);
  Training state = fresh(text, o);
  if (!o.load.empty()) load(state, text, o.load);
  std::printf("%td characters, %zu different ones; %td weights\n", text.tokens.cols(), letters,
              unroll::parameter_count(state.model));
  train(state, split, o);
  if (!o.save.empty()) unroll::save(state, o.save, {{"alphabet", text.alphabet_as_utf8()}});

  std::printf("\nBits per character on the last %td characters, which were not used before:\n", split.test.cols());
  const auto show = [](const char* name, double value) { std::printf("  %-52s %5.2f\n", name, value); };
  show("LSTM", bits * unroll::evaluate(state.model, windows(split.test, 1, 4096), unroll::softmax_cross_entropy));
  show("how often each character comes", counting_bits(split.training, split.test, 0, letters));
  show("how often it comes after the two before (add one)", counting_bits(split.training, split.test, 2, letters));
  std::printf("\nWritten by the LSTM at temperature %g:\n\n%s\n", o.temperature, write(state.model, text, o).c_str());
  if (!o.plot.empty()) plot(state, split, letters, o.plot);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("A character model of any text: an LSTM reads, and writes.", "characters");
  app.add_option("--text", o.text, "file in UTF-8")->capture_default_str();
  app.add_option("--hidden", o.hidden, "LSTM units")->check(CLI::Range(1, 4096))->capture_default_str();
  auto* epochs = app.add_option("--epochs", o.epochs, "passes over the text, at most, those of --load included")
                     ->check(CLI::Range(1, 1'000'000))
                     ->capture_default_str();
  app.add_option("--patience", o.patience, "epochs without a better validation before it stops")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--length", o.length, "characters to write")->check(CLI::Range(0, 1'000'000))->capture_default_str();
  app.add_option("--temperature", o.temperature, "low: likely characters alone; 1: as often as learned; high: chaos")
      ->check(CLI::Range(0.01, 100.0))
      ->capture_default_str();
  app.add_option("--seed", o.seed, "of weights, training and writing")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_flag("--quick", o.quick, "two epochs")->excludes(epochs);
  app.add_option("--load", o.load, "run to go on with");
  app.add_option("--save", o.save, "file for the run");
  app.add_option("--plot", o.plot, "folder for characters.csv and characters.svg");
  return run_program(app, argc, argv, [&] {
    if (o.quick) o.epochs = 2;
    run(o);
  });
}
