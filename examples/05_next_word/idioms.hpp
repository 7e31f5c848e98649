#pragma once

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unroll/data/sequences.hpp>
#include <vector>

using Words = std::vector<unroll::Index>;  // a sentence: the numbers of its words

/// Idioms as numbers, and the words behind the numbers. The end of an idiom is a number too.
struct Idioms {
  static constexpr unroll::Index end = 0;
  std::vector<std::string> vocabulary{"."};
  std::map<std::string, unroll::Index> number;
  std::vector<Words> sentences;

  const std::string& word(unroll::Index n) const { return vocabulary[static_cast<std::size_t>(n)]; }

  std::string text(const Words& words) const {
    std::string result;
    for (const auto n : words) result += (result.empty() ? "" : " ") + word(n);
    return result;
  }

  /// Throws std::runtime_error for a word that is in none of the idioms.
  Words numbers(const std::string& text) const {
    Words words;
    std::istringstream in(text);
    for (std::string one; in >> one;) {
      const auto found = number.find(one);
      if (found == number.end()) throw std::runtime_error("'" + one + "' is in none of the idioms");
      words.push_back(found->second);
    }
    if (words.empty()) throw std::runtime_error("there is no word to start from");
    return words;
  }
};

/// Reads one idiom a line. Throws std::runtime_error, with the line, where there are fewer than three words.
inline Idioms read_idioms(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  Idioms idioms;
  int line = 0;
  for (std::string text; std::getline(file, text);) {
    ++line;
    Words words;
    std::istringstream in(text);
    for (std::string word; in >> word; words.push_back(idioms.number.at(word)))
      if (idioms.number.emplace(word, static_cast<unroll::Index>(idioms.vocabulary.size())).second)
        idioms.vocabulary.push_back(word);
    if (words.size() < 3)
      throw std::runtime_error(path + ":" + std::to_string(line) + ": " + std::to_string(words.size()) +
                               " words, expected at least 3");
    idioms.sentences.push_back(words);
  }
  if (idioms.sentences.empty()) throw std::runtime_error(path + " holds no idiom");
  return idioms;
}

/// The same words, those before the last in another order; as they were where all of those are one word.
inline Words shuffled(const Words& words, unroll::Random& random) {
  Words result = words;
  if (std::all_of(words.begin(), words.end() - 1, [&](auto word) { return word == words[0]; })) return result;
  while (result == words) {
    const auto order = unroll::shuffled(static_cast<unroll::Index>(words.size()) - 1, random.bits());
    for (std::size_t i = 0; i < order.size(); ++i) result[i] = words[static_cast<std::size_t>(order[i])];
  }
  return result;
}

/// What the network learns from: at every word, the word after it, and at the last one the end.
inline unroll::Sequences<float> lessons(const std::vector<Words>& sentences, unroll::Index batch_size) {
  std::vector<unroll::Matrix<float>> x, next;
  for (const Words& words : sentences) {
    const auto count = static_cast<unroll::Index>(words.size());
    const auto numbers = Eigen::Map<const Eigen::Matrix<unroll::Index, 1, Eigen::Dynamic>>(words.data(), count);
    x.push_back(numbers.cast<float>());
    next.push_back(unroll::Matrix<float>::Zero(1, count));
    next.back().leftCols(count - 1) = x.back().rightCols(count - 1);
  }
  return {x, next, batch_size};
}
