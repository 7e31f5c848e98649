// The next word of an idiom: a network that has read a few hundred of them completes "feeling under the ...", and
// does it by the order of the words. Built by `./run demo`, then:
//
//   build/demo/examples/next_word --start "feeling under the"
//
// Two networks learn the same idioms: one as they are, one with the words before the last shuffled, four other orders
// of each. Both are then asked for every idiom's last word, after the words before it in order and shuffled anew (three
// words have five other orders, so the second network will have met some of them).
//
// All idioms are learnt and all are asked: this is memory of what was read. Nothing is held out, and nothing could be:
// nobody tells the end of an idiom who never heard it. Takes about 10 s on one core.

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <optional>
#include <unroll/unroll.hpp>

#include "idioms.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using unroll::Index;
using Model = unroll::Sequential<unroll::Embedding<float>, unroll::Lstm<float>, unroll::Dense<float>>;

struct Options {
  std::string data = UNROLL_EXAMPLE_FOLDER "/idioms.txt";
  std::optional<std::string> start;
  std::string plot;
  std::uint64_t seed = 1;
  Index epochs = 60, hidden = 64;
  bool quick = false;
};

Model train(const std::vector<Words>& sentences, Index vocabulary, Index epochs, const Options& o) {
  unroll::Random random(o.seed);
  const Model model{unroll::Embedding<float>(vocabulary, 32, random), unroll::Lstm<float>(32, o.hidden, random),
                    unroll::Dense<float>(o.hidden, vocabulary, random)};
  unroll::TrainingState state(model, unroll::Adam(model, {.learning_rate = 1e-2}), random);
  fit(state, lessons(sentences, 16), unroll::softmax_cross_entropy,
      {.epochs = epochs, .clip_norm = 1, .schedule = unroll::CosineRate{1e-2, epochs}});
  std::printf("%td sentences, %td epochs: cross-entropy %.3f\n", static_cast<Index>(sentences.size()), epochs,
              state.history.loss.back());
  std::fflush(stdout);
  return state.model;
}

/// Of all sentences, the share whose last word is the network's first choice, and of all words after a first one.
struct Accuracy {
  double last = 0, all = 0;
};

Accuracy ask(const Model& model, const std::vector<Words>& sentences) {
  unroll::Stream stream(model);
  double last = 0, all = 0, words = 0;
  for (const Words& sentence : sentences) {
    stream.reset();
    for (std::size_t i = 0; i + 1 < sentence.size(); ++i) {
      Index guess;
      stream.step(sentence[i]).maxCoeff(&guess);
      const bool right = guess == sentence[i + 1];
      all += right;
      last += right && i + 2 == sentence.size();
      ++words;
    }
  }
  return {last / static_cast<double>(sentences.size()), all / words};
}

/// Prints the words, what the network says next until the end, and how sure it is of the first word it adds.
void complete(const Model& model, const Idioms& idioms, const Words& start) {
  unroll::Stream stream(model);
  for (std::size_t i = 0; i + 1 < start.size(); ++i) stream.step(start[i]);
  Words said;
  double sure = 0;
  for (Index word = start.back(); said.size() < 12; said.push_back(word)) {
    const auto scores = stream.step(word);
    const float highest = scores.maxCoeff(&word);
    if (said.empty()) sure = 1 / static_cast<double>((scores.array() - highest).exp().sum());
    if (word == Idioms::end) break;
  }
  std::printf("  %s ... %s (%.0f%%)\n", idioms.text(start).c_str(), idioms.text(said).c_str(), 100 * sure);
}

void run(const Options& o) {
  const Idioms idioms = read_idioms(o.data);
  const Words start = o.start ? idioms.numbers(*o.start) : Words();
  const auto vocabulary = static_cast<Index>(idioms.vocabulary.size());
  std::printf("%td idioms of %td words\n", static_cast<Index>(idioms.sentences.size()), vocabulary - 1);

  constexpr Index orders = 4;
  auto random = unroll::Random::substream(o.seed, 1);
  std::vector<Words> learnt_shuffled, asked_shuffled;
  for (const Words& sentence : idioms.sentences) {
    for (Index i = 0; i < orders; ++i) learnt_shuffled.push_back(shuffled(sentence, random));
    asked_shuffled.push_back(shuffled(sentence, random));
  }
  std::printf("\nLearning them in order:\n  ");
  const Model model = train(idioms.sentences, vocabulary, o.epochs, o);
  std::printf("Learning them shuffled:\n  ");
  const Model other = train(learnt_shuffled, vocabulary, (o.epochs + orders - 1) / orders, o);

  std::printf("\nCompletions, and the probability of the first word added:\n");
  if (start.empty())
    for (int i = 0; i < 8; ++i) {
      const auto at = static_cast<std::size_t>(random.uniform() * static_cast<double>(idioms.sentences.size()));
      const Words& sentence = idioms.sentences[at];
      complete(model, idioms, {sentence.begin(), sentence.begin() + static_cast<Index>(sentence.size() + 1) / 2});
    }
  else
    complete(model, idioms, start);

  std::printf("\nRight guesses            of the last word      of every word after the first\n");
  std::printf("asked:                   in order  shuffled    in order  shuffled\n");
  const auto show = [&](const char* how, const Model& asked) {
    const Accuracy in_order = ask(asked, idioms.sentences), mixed = ask(asked, asked_shuffled);
    std::printf("%s  %7.1f%%  %7.1f%%    %7.1f%%  %7.1f%%\n", how, 100 * in_order.last, 100 * mixed.last,
                100 * in_order.all, 100 * mixed.all);
    return std::pair(in_order.last, mixed.last);
  };
  const auto by_order = show("learnt in order:       ", model);
  const auto by_words = show("learnt shuffled:       ", other);
  std::printf("Order %s: shuffled, the same words %s the network that learnt the idioms in order.\n",
              by_order.first > by_order.second ? "matters" : "does not matter",
              by_order.first > by_order.second ? "tell less to" : "tell as much to");
  if (o.plot.empty()) return;
  open_csv(o.plot, "next_word") << "learnt,asked in order,asked shuffled\n"
                                << "in order," << by_order.first << ',' << by_order.second << "\nshuffled,"
                                << by_words.first << ',' << by_words.second << '\n';
  draw(o.plot, "next_word", UNROLL_EXAMPLE_FOLDER "/next_word.gp", std::cout);
}

int main(int argc, char** argv) {
  Options o;
  CLI::App app("An LSTM learns idioms by heart and tells their next words.", "next_word");
  app.add_option("--start", o.start, "first words of an idiom, to be completed");
  app.add_option("--data", o.data, "file of idioms, one a line")->capture_default_str();
  app.add_option("--seed", o.seed, "of weights and orders")->check(CLI::NonNegativeNumber)->capture_default_str();
  app.add_option("--epochs", o.epochs, "times it reads all idioms")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--hidden", o.hidden, "units of the LSTM")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--plot", o.plot, "folder for next_word.csv and next_word.svg");
  app.add_flag("--quick", o.quick, "12 epochs, which leave gaps")->excludes("--epochs");
  return run_program(app, argc, argv, [&] {
    if (o.quick) o.epochs = 12;
    run(o);
  });
}
